"""What a student is trained on: windows of the reviews, single sentences and phrases, each with its target."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.sentiment.distillation.corpus import START_ID, Ids

LONGEST_SENTENCE: Final = 40
"""Tokens of a sentence that is shown alone, at most."""
SHORTEST_SENTENCE: Final = 2
"""And at least."""
_STEP: Final = 16
"""Windows longer than a sentence are cut to multiples of this, so that they fill batches of one length."""
_SHORT: Final = 25
"""Up to this length the batches are four times as large, up to 64 tokens twice."""

Targets = NDArray[np.float32]


@dataclass(frozen=True)
class Pieces:
    """Pieces of one long row of ids.

    Attributes:
        starts: Where each starts, shape (n,).
        lengths: How many ids each has, shape (n,).
        targets: The probability of positive to learn, shape (n,).
    """

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    targets: Targets

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def at(cls, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> "Pieces":
        """Return pieces whose targets are not known yet: they are NaN."""
        return cls(starts, lengths, np.full(len(starts), np.nan, np.float32))

    def with_targets(self, targets: NDArray[np.floating]) -> "Pieces":
        """Return the same pieces with targets, shape (n,)."""
        return Pieces(self.starts, self.lengths, targets.astype(np.float32))

    def take(self, indices: NDArray[np.intp]) -> "Pieces":
        """Return the pieces at the indices."""
        return Pieces(self.starts[indices], self.lengths[indices], self.targets[indices])

    @classmethod
    def joined(cls, parts: Sequence["Pieces"]) -> "Pieces":
        """Return the pieces of all parts."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__annotations__))


class Batch(NamedTuple):
    """Texts of one length, shape (n, length), each with the start id in front; and their targets, shape (n,)."""

    ids: Ids
    targets: Targets


@dataclass(frozen=True)
class Material:
    """Texts to learn from.

    Attributes:
        ids: The ids of all texts, one after the other.
        documents: Each whole text; a window of it is shown in each epoch.
        sentences: Single sentences; a share of them is shown in each epoch.
        phrases: Phrases; all are shown in each epoch, several times.
    """

    ids: Ids
    documents: Pieces
    sentences: Pieces
    phrases: Pieces

    def epoch(
        self, *, window: int, sentences: float, phrases: int, batch_size: int, random: np.random.Generator
    ) -> Iterator[Batch]:
        """Yield the batches of an epoch, each of one length, in random order.

        Args:
            window: Tokens of a window, at most.
            sentences: How many sentences are shown for each document.
            phrases: How many times each phrase is shown.
            batch_size: Texts in a batch of long ones.
            random: Decides windows, sentences and order.
        """
        shown = min(round(sentences * len(self.documents)), len(self.sentences))
        chosen = self.sentences.take(random.choice(len(self.sentences), shown, replace=False))
        pieces = Pieces.joined([_windows(self.documents, window, random), chosen, *[self.phrases] * phrases])
        yield from in_batches(self.ids, pieces, partial(_size, batch_size), random)


def in_batches(ids: Ids, pieces: Pieces, size: Callable[[int], int], random: np.random.Generator) -> Iterator[Batch]:
    """Yield pieces in batches of one length, in random order.

    Args:
        ids: The ids of all texts.
        pieces: What of them is shown.
        size: The length of a piece to the number of rows of a batch.
        random: Decides the order.
    """
    pieces = pieces.take(random.permutation(len(pieces)))
    pieces = pieces.take(np.argsort(pieces.lengths, kind="stable"))
    batches = list(_batches(pieces.lengths, size))
    for number in random.permutation(len(batches)):
        part = pieces.take(batches[number])
        rows = ids[part.starts[:, None] + np.arange(part.lengths[0])]
        yield Batch(np.pad(rows, ((0, 0), (1, 0)), constant_values=START_ID), part.targets)


def _windows(documents: Pieces, window: int, random: np.random.Generator) -> Pieces:
    """Choose a window of each document: a third of them at its end, where the verdict stands, else anywhere."""
    lengths = np.minimum(documents.lengths, window)
    lengths = np.where(lengths > LONGEST_SENTENCE, lengths // _STEP * _STEP, lengths)
    room = documents.lengths - lengths
    offsets = np.where(random.random(len(room)) < 1 / 3, room, random.integers(0, room + 1))
    pieces = Pieces(documents.starts + offsets, lengths, documents.targets)
    return pieces.take(np.flatnonzero(lengths > 0))


def _size(batch_size: int, length: int) -> int:
    return batch_size * (4 if length <= _SHORT else 2 if length <= 64 else 1)


def _batches(lengths: NDArray[np.int64], size: Callable[[int], int]) -> Iterator[NDArray[np.intp]]:
    """Cut sorted lengths into batches of one length."""
    edges = np.flatnonzero(np.diff(lengths, prepend=-1, append=-1))
    for start, stop in pairwise(edges.tolist()):
        rows = size(int(lengths[start]))
        for first in range(start, stop, rows):
            yield np.arange(first, min(first + rows, stop))
