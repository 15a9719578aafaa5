"""The words of a space: each has a row, and is found by its spelling."""

import mmap
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_END: Final = ord("\n")
_PIECE: Final = 8
"""Bytes of words that are compared at once."""


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
        if not self._is_ascending():
            raise ValueError("the words are in another order, or one stands twice")

    def _is_ascending(self) -> bool:
        """Whether each word is less than the next one in the order.

        All are compared at once, some bytes at a time: one by one, 400,000 words take a second of every start.
        """
        words = _Words.of(self._text, self._ends)
        left, right = self._order[:-1], self._order[1:]
        read = 0
        pieces, sizes = words.pieces(self._order, read)
        smaller, of_smaller, larger, of_larger = pieces[:-1], sizes[:-1], pieces[1:], sizes[1:]
        while len(left):
            alike = smaller == larger
            # Where one of two ends, it is the smaller one only if the other goes on.
            go_on = alike & (of_smaller == _PIECE) & (of_larger == _PIECE)
            if ((smaller > larger) | (alike & ~go_on & (of_smaller >= of_larger))).any():
                return False
            left, right = left[go_on], right[go_on]
            read += _PIECE
            (smaller, of_smaller), (larger, of_larger) = (words.pieces(rows, read) for rows in (left, right))
        return True

    def _spelling(self, row: int) -> bytes:
        start = int(self._ends[row - 1]) + 1 if row else 0
        return self._text[start : int(self._ends[row])]

    def _sorted(self) -> NDArray[np.uint32]:
        return np.array(sorted(range(len(self)), key=self._spelling), dtype=np.uint32)


@dataclass(frozen=True)
class _Words:
    """Words that are read piece by piece, many at once.

    Attributes:
        numbers: The number that the bytes from each place on are, the first one the most significant.
        starts: Where each word begins.
        ends: Where it ends.
    """

    numbers: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, text: "bytes | mmap.mmap", ends: NDArray[np.uint32]) -> "_Words":
        """Take the words of a text that end before these places."""
        numbers = np.ndarray(len(text), ">u8", bytes(text) + bytes(_PIECE), strides=(1,))
        at = ends.astype(np.int64)
        return cls(numbers, np.concatenate([[0], at[:-1] + 1]), at)

    def pieces(self, rows: NDArray[np.uint32], read: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return what follows in some words after the bytes that have been read, as numbers, and how many bytes it is.

        The words have at least as many bytes as have been read.
        """
        starts = self.starts[rows] + read
        sizes = np.minimum(self.ends[rows] - starts, _PIECE)
        rest = ((_PIECE - np.maximum(sizes, 1)) * 8).astype(np.uint64)
        numbers = self.numbers[starts].astype(np.uint64) >> rest << rest
        return np.where(sizes > 0, numbers, np.uint64(0)), sizes
