"""The words of a space: each has a row, and is found by its spelling."""

import mmap
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

_END: Final = ord("\n")
_COMPARED: Final = 50_000
"""Neighbours in the order that are compared at most when it is loaded."""


class Vocabulary:
    """Words by row, looked up by bisection.

    All words lie in one block of bytes, which a file can lend. For the 400,000 words of GloVe a ``dict`` takes 60 MB
    of every process and 0.2 s of its start, to save 10 µs a look-up.
    """

    def __init__(self, text: "bytes | mmap.mmap", order: NDArray[np.uint32] | None = None) -> None:
        r"""Take the words.

        Args:
            text: The words as UTF-8, each followed by ``\n``; word 0 is the most frequent one.
            order: The rows in the order of their words' bytes, shape (n,); by default they are sorted here.

        Raises:
            ValueError: The text is not UTF-8 or does not end with a line's end, or ``order`` is not that of its words.
        """
        self._text = text
        self._ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == _END).astype(np.uint32)
        if not len(self) or int(self._ends[-1]) != len(text) - 1:
            raise ValueError("the words do not end with the end of a line")
        self._order = self._sorted() if order is None else order
        if self._order.shape != self._ends.shape:
            raise ValueError(f"{len(self):,} words have an order of {len(self._order):,}")
        if order is not None:
            self._check()

    @classmethod
    def of(cls, words: Iterable[str]) -> "Vocabulary":
        """Build the vocabulary of words that are in memory."""
        return cls(b"".join(word.encode() + b"\n" for word in words))

    @property
    def order(self) -> NDArray[np.uint32]:
        """The rows in the order of their words' bytes, shape (n,)."""
        return self._order

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, row: int) -> str:
        return self._spelling(row).decode()

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    def find(self, word: str) -> int | None:
        """Return the row of a word; of two that are spelt alike, the first."""
        spelling = word.encode("utf-8", "surrogatepass")
        place = bisect_left(self._order, spelling, key=self._spelling)
        if place == len(self):
            return None
        row = int(self._order[place])
        return row if self._spelling(row) == spelling else None

    def starting_with(self, prefix: str, count: int) -> list[str]:
        """Return the most frequent words that begin with a prefix."""
        spelling = prefix.encode("utf-8", "surrogatepass")
        size = len(spelling)
        first = bisect_left(self._order, spelling, key=self._spelling)
        last = bisect_left(self._order, True, lo=first, key=lambda row: self._spelling(row)[:size] > spelling)
        return [self[row] for row in np.sort(self._order[first:last])[:count]]

    def _check(self) -> None:
        """Check the words, and an order that others have found."""
        try:
            bytes(self._text).decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"byte {error.start} of the words is not valid UTF-8") from error
        if self._order.dtype.kind not in "iu" or not np.array_equal(np.sort(self._order), np.arange(len(self))):
            raise ValueError("the order has not each row once")
        # To look at each of 400,000 words takes a fifth of a second of every start.
        places = range(1, len(self), 1 + len(self) // _COMPARED)
        if not all(self._at(place - 1) < self._at(place) for place in places):
            raise ValueError("the words are in another order, or one stands twice")

    def _at(self, place: int) -> bytes:
        return self._spelling(int(self._order[place]))

    def _spelling(self, row: int) -> bytes:
        start = int(self._ends[row - 1]) + 1 if row else 0
        return self._text[start : int(self._ends[row])]

    def _sorted(self) -> NDArray[np.uint32]:
        return np.array(sorted(range(len(self)), key=self._spelling), dtype=np.uint32)
