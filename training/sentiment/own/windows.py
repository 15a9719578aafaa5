"""Texts in batches of windows: as the network reads them when it serves, whatever their lengths."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.sentiment.distillation.corpus import START_ID, Ids

_AT_THE_END: Final = 1 / 3
"""Share of the long texts that are cut in front, so that their end is read, where the verdict often stands."""


class WindowBatch(NamedTuple):
    """Some texts as windows.

    Attributes:
        ids: Shape (windows, steps): the start id, then words, then zeros.
        lengths: Steps of each window that are no padding, shape (windows,).
        owner: The text of each window, as its place in the batch; they ascend. Shape (windows,).
        targets: Probabilities to learn, shape (texts, labels).
    """

    ids: Ids
    lengths: Ids
    owner: Ids
    targets: NDArray[np.float32]


def batch_of(texts: Sequence[Ids], targets: NDArray[np.float32], window: int) -> WindowBatch:
    """Cut texts into windows as :class:`app.sentiment.windows.Windows` does.

    Args:
        texts: Ids of each, without the start id.
        targets: Shape (texts, labels).
        window: Words of a window at most.
    """
    words = np.array([len(text) for text in texts], np.int64)
    used = np.maximum(-(-words // window), 1)
    own = -(-words // used)
    owner = np.repeat(np.arange(len(texts)), used)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(used) - used, used)
    begin = place * own[owner]
    lengths = np.clip(words[owner] - begin, 0, own[owner])
    starts = np.repeat(np.cumsum(words) - words, used) + begin
    steps = np.arange(max(1, lengths.max(initial=0)))
    inside = steps < lengths[:, None]
    flat = np.concatenate([*texts, np.zeros(1, np.int32)])
    ids = np.where(inside, flat[np.where(inside, starts[:, None] + steps, 0)], 0)
    ids = np.pad(ids, ((0, 0), (1, 0)), constant_values=START_ID).astype(np.int32)
    return WindowBatch(ids, (lengths + 1).astype(np.int32), owner.astype(np.int32), targets)


def batches(
    texts: Sequence[Ids],
    targets: NDArray[np.float32],
    *,
    window: int,
    longest: int,
    rows: int,
    tokens: int,
    random: np.random.Generator,
) -> Iterator[WindowBatch]:
    """Yield all texts once, in random order.

    Args:
        texts: Ids of each, without the start id.
        targets: Shape (texts, labels).
        window: Words of a window at most.
        longest: Words of a text that are read at most: another part of it each time.
        rows: Texts of a batch at most.
        tokens: Words of a batch at most, unless one text has more.
        random: Decides the order and the parts.
    """
    some: list[Ids] = []
    places: list[int] = []
    read = 0
    for place in random.permutation(len(texts)):
        text = texts[place]
        if len(text) > longest:
            room = len(text) - longest
            begin = room if random.random() < _AT_THE_END else int(random.integers(0, room + 1))
            text = text[begin : begin + longest]
        if some and (len(some) == rows or read + len(text) > tokens):
            yield batch_of(some, targets[places], window)
            some, places, read = [], [], 0
        some.append(text)
        places.append(int(place))
        read += len(text)
    if some:
        yield batch_of(some, targets[places], window)
