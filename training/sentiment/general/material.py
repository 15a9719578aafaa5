"""Batches of texts of one length that a network of windows can be trained on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from training.sentiment.distillation.corpus import Ids
from training.sentiment.distillation.material import Batch, Pieces, in_batches
from training.sentiment.general.targets import Targets

_STEP: Final = 16
"""Long texts are cut to multiples of about this, so that they fill batches of one length."""
_LONG: Final = 96
_FEWEST, _MOST = 16, 512
"""Rows of a batch."""
_AT_THE_END: Final = 1 / 3
"""Share of the texts that are cut in front, so that their end is read, where the verdict often stands."""


@dataclass(frozen=True)
class GeneralMaterial:
    """Texts to learn from.

    Attributes:
        ids: The ids of all texts, one after the other.
        kinds: Where the texts of each kind are, with targets of shape (n, labels).
    """

    ids: Ids
    kinds: Mapping[str, Pieces]

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Ids]], targets: Mapping[str, Targets]) -> "GeneralMaterial":
        """Lay out the texts of each kind; empty ones are left out.

        Args:
            rows: The ids of each text, without the start id.
            targets: Of the same kinds, shape (n, labels).
        """
        every = [row for name in targets for row in rows[name]]
        lengths = np.array([len(row) for row in every], np.int64)
        starts = np.cumsum(lengths) - lengths
        places: dict[str, Pieces] = {}
        first = 0
        for name, wanted in targets.items():
            here = np.arange(first, first + len(wanted))
            pieces = Pieces(starts[here], lengths[here], wanted.astype(np.float32))
            places[name] = pieces.take(np.flatnonzero(pieces.lengths > 0))
            first += len(wanted)
        return cls(np.concatenate(every), places)

    def epoch(
        self, shares: Mapping[str, float], *, window: int, longest: int, batch: int, random: np.random.Generator
    ) -> Iterator[Batch]:
        """Yield the batches of an epoch, each of one length, in random order.

        Args:
            shares: How many times the texts of each kind are shown.
            window: Tokens of a window at most.
            longest: Tokens of a text that are read, at most.
            batch: Tokens of a batch, about.
            random: Decides what is shown of the texts, and the order.
        """
        shown = [_shown(pieces, shares[name], random) for name, pieces in self.kinds.items() if shares.get(name)]
        pieces = _cut(Pieces.joined(shown), window, longest, random)
        yield from in_batches(self.ids, pieces, partial(_size, batch), random)


def _shown(pieces: Pieces, share: float, random: np.random.Generator) -> Pieces:
    """Repeat the pieces as often as the share says, and a random part of them once more."""
    whole, rest = divmod(share, 1.0)
    everything = np.tile(np.arange(len(pieces)), int(whole))
    part = random.choice(len(pieces), round(rest * len(pieces)), replace=False)
    return pieces.take(np.concatenate([everything, part]))


def _cut(pieces: Pieces, window: int, longest: int, random: np.random.Generator) -> Pieces:
    """Cut texts so that their windows are of one length, as those of a text that is served are, give or take a word."""
    lengths = np.minimum(pieces.lengths, longest)
    lengths = np.where(lengths > _LONG, lengths // _STEP * _STEP, lengths)
    for _ in range(2):  # 33 words make 2 · 16, which fit into one window.
        windows = np.maximum(-(-lengths // window), 1)
        lengths = lengths // windows * windows
    room = pieces.lengths - lengths
    offsets = np.where(random.random(len(room)) < _AT_THE_END, room, random.integers(0, room + 1))
    return Pieces(pieces.starts + offsets, lengths, pieces.targets)


def _size(tokens: int, length: int) -> int:
    return min(max(tokens // (length + 1), _FEWEST), _MOST)
