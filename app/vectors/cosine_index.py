"""The nearest rows of a matrix by cosine, exactly, from a copy of it that is a quarter of its size."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.artifacts.sessions import open_graph

GRAPH: Final = Path(__file__).with_name("scan.onnx")
"""One ``MatMulInteger``: (1, d) uint8 times (d, n) int8, into int32. ``training.vectors.scan_graph`` writes it."""

_MATRIX_LEVELS: Final = 127
_QUERY_LEVELS: Final = 63
"""Of either sign. With 7 bits no pair of products overflows the 16 bits in which processors without VNNI add them."""
_BLOCK: Final = 1_000
"""Rows whose highest score is found at once, so that most rows need not be looked at again."""
_NONE: Final = np.iinfo(np.int32).min
"""The score of a row that is not to be found."""
_ROWS_AT_ONCE: Final = 16_384
_ROUNDING: Final = 1e-6
"""Beyond what float32 arithmetic on unit vectors of a thousand dimensions is off."""

Floats = NDArray[np.floating[Any]]
Rows = NDArray[np.intp]


class CosineIndex:
    """Finds the rows of a matrix that are nearest to a vector.

    A search reads an int8 copy of the unit vectors first. How far its cosines can be off is known, so it leaves a few
    rows that can be among the nearest; their true cosines come from the matrix itself. On the 400,000 × 50 of GloVe
    the copy is read in 0.8 ms, where a product of the float32 matrix takes 2 to 8 (``bench``).

    The copy is 1 byte a value, in the memory of this process; of the matrix, which may be a file, only the rows that
    are left are read.
    """

    def __init__(self, matrix: Floats) -> None:
        """Quantize a matrix.

        Args:
            matrix: Shape (n, d), of any float type; all finite. Rows of zeros are like nothing: their cosine is 0.
        """
        self._matrix = np.asarray(matrix)  # a memmap proper is slower to index
        rows, dimensions = matrix.shape
        norms, largest = _norms_and_largest(matrix)
        self._step = largest / _MATRIX_LEVELS
        self._copy: NDArray[np.int8] = np.zeros((dimensions, -(-rows // _BLOCK) * _BLOCK), dtype=np.int8)
        for start in range(0, rows, _ROWS_AT_ONCE):
            end = min(start + _ROWS_AT_ONCE, rows)
            levels = matrix[start:end].astype(np.float32) / (norms[start:end] * np.float32(self._step))[:, np.newaxis]
            self._copy[:, start:end] = np.rint(levels, out=levels).T
        self._offset = (_QUERY_LEVELS + 1) * self._copy.sum(axis=0, dtype=np.int32)
        # Each value is off by half a step at most.
        self._error = self._step / 2 * dimensions**0.5 + _ROUNDING
        self._scan = open_graph(GRAPH)

    def search(self, direction: Floats, count: int, limit: int | None = None) -> tuple[Rows, Floats]:
        """Find the nearest rows.

        Args:
            direction: A vector of length 1, shape (d,).
            count: How many rows, at least 1; there may be fewer.
            limit: Only the first so many rows are looked at.

        Returns:
            The rows, nearest first (of equals, the first row first), and their cosines; both of shape (k,).
        """
        end = min(len(self._matrix), limit or len(self._matrix))
        if count >= end:
            return self._nearest(np.arange(end), direction, count)
        scores, unit, error = self._scores(direction)
        scores[end:] = _NONE
        blocks = scores.reshape(-1, _BLOCK)
        highest = blocks.max(axis=1)
        _, cosines = self._nearest(_best(blocks, highest, count), direction, count)
        # These cosines are true, so what is among the nearest has at least the least of them.
        least = np.floor((cosines[-1] - error) / unit)
        return self._nearest(_at_least(blocks, highest, least), direction, count)

    def cosines(self, rows: Rows, direction: Floats) -> Floats:
        """Return the cosines of some rows and a vector of length 1, in float64."""
        vectors = self._matrix[rows].astype(np.float64)
        norms: Floats = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        norms[norms == 0] = 1
        cosines: Floats = vectors @ direction / norms
        return cosines

    def _scores(self, direction: Floats) -> tuple[NDArray[np.int32], float, float]:
        """Return what the copy says of each row, the cosine that one point of it is, and its largest error."""
        step = float(np.abs(direction).max()) / _QUERY_LEVELS
        levels = np.rint(direction / step)
        query = (levels + (_QUERY_LEVELS + 1)).astype(np.uint8)[np.newaxis]
        scores: NDArray[np.int32] = self._scan.run(None, {"query": query, "rows": self._copy})[0][0]
        scores -= self._offset
        rounded = float(np.linalg.norm(direction - levels * step))
        return scores, step * self._step, self._error + rounded * (1 + self._error)

    def _nearest(self, rows: Rows, direction: Floats, count: int) -> tuple[Rows, Floats]:
        cosines = self.cosines(rows, direction)
        order = np.lexsort((rows, -cosines))[:count]
        return rows[order], cosines[order]


def _best(blocks: NDArray[np.int32], highest: NDArray[np.int32], count: int) -> Rows:
    """Return ``count`` rows of high scores, all but always the highest; ``argpartition`` takes 50 times as long.

    Args:
        blocks: The scores, shape (blocks, rows of a block).
        highest: The highest score of each block.
        count: At most the number of scores.
    """
    if count <= len(highest):
        rows = _at_least(blocks, highest, np.partition(highest, -count)[-count])
    else:
        rows = np.arange(blocks.size)
    return rows[np.argpartition(blocks.ravel()[rows], -count)[-count:]]


def _at_least(blocks: NDArray[np.int32], highest: NDArray[np.int32], least: float) -> Rows:
    """Return the rows whose score is at least this."""
    found = np.flatnonzero(highest >= least)
    blocks_of_found, rows = np.divmod(np.flatnonzero(blocks[found] >= least), _BLOCK)
    return found[blocks_of_found] * _BLOCK + rows


def _norms_and_largest(matrix: Floats) -> tuple[NDArray[np.float32], float]:
    """Return the lengths of the rows, 1 for rows of zeros, and the largest absolute value of any unit vector.

    The latter is 1 if all rows are zeros.
    """
    norms = np.ones(len(matrix), dtype=np.float32)
    largest = 0.0
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        values = matrix[start : start + _ROWS_AT_ONCE].astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
        lengths[lengths == 0] = 1
        norms[start : start + len(lengths)] = lengths
        largest = max(largest, float((np.abs(values, out=values).max(axis=1) / lengths).max()))
    return norms, largest or 1.0
