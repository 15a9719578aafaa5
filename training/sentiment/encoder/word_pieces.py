"""Texts to the ids of word pieces (Wu et al., *Google's Neural Machine Translation System*, 2016)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.sentiment.distillation.corpus import Ids


def encode(tokenizer: Path, texts: Sequence[str]) -> list[Ids]:
    """Return the ids of each text, without those that stand around it.

    Args:
        tokenizer: A file in the format of the library ``tokenizers``.
        texts: n texts.
    """
    from tokenizers import Tokenizer

    pieces = Tokenizer.from_file(str(tokenizer))
    pieces.no_truncation()
    pieces.no_padding()
    encodings = pieces.encode_batch_fast(list(texts), add_special_tokens=False)
    return [np.array(encoding.ids, np.int32) for encoding in encodings]
