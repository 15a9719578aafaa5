"""Sequences of any length to a rectangle: Keras' ``pad_sequences`` in NumPy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.sentiment.side import Side


def pad_sequences(
    sequences: Sequence[Sequence[int]],
    maxlen: int | None = None,
    *,
    padding: Side = "pre",
    truncating: Side = "pre",
    value: int = 0,
) -> NDArray[np.int32]:
    """Pad and truncate sequences to one length.

    Args:
        sequences: n sequences of token ids, of any length.
        maxlen: Length of each row; by default that of the longest sequence.
        padding: Fill before or after a sequence that is too short.
        truncating: Cut the start or the end of a sequence that is too long.
        value: The id to fill with.

    Returns:
        An array of shape (n, maxlen).
    """
    if maxlen is None:
        maxlen = max(map(len, sequences), default=0)
    padded = np.full((len(sequences), maxlen), value, dtype=np.int32)
    for row, sequence in zip(padded, sequences, strict=True):
        kept = truncate(sequence, maxlen, truncating)
        if len(kept):
            row[slice(-len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return padded


def truncate(sequence: Sequence[int], maxlen: int, truncating: Side = "pre") -> Sequence[int]:
    """Cut a sequence to at most ``maxlen`` ids (at least 1) at its start (``pre``) or its end."""
    if len(sequence) <= maxlen:
        return sequence
    return sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen]
