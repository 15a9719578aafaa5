"""The probabilities of many texts by the encoder, in batches of one length."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.sentiment.distillation.corpus import Ids
from training.sentiment.encoder.network import Encoder

_BATCH: Final = 4_096
"""Word pieces of a batch, about."""


def probabilities(encoder: Encoder, texts: Sequence[Ids], longest: int) -> NDArray[np.float32]:
    """Return the probability of each label, shape (n, labels).

    Args:
        encoder: The network.
        texts: The word pieces of each.
        longest: Of longer texts, as many pieces are read, from the beginning and the end.
    """
    found = np.empty((len(texts), encoder.outputs), np.float32)
    rows = [_both_ends(ids, longest) for ids in texts]
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    with tqdm(total=len(rows), desc="the encoder predicts") as bar:
        for length, group in groupby(order, key=lambda index: len(rows[index])):
            indices = list(group)
            size = max(1, _BATCH // (length + 2))
            for first in range(0, len(indices), size):
                some = indices[first : first + size]
                batch = np.zeros((len(some), length + 1), np.int32)
                batch[:, 1:] = [rows[index] for index in some]
                found[some] = encoder.probabilities(batch)
                bar.update(len(some))
    return found


def _both_ends(ids: Ids, longest: int) -> Ids:
    if len(ids) <= longest:
        return ids
    front = longest // 2
    return np.concatenate([ids[:front], ids[front - longest :]])
