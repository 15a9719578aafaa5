"""Parting rows so that what belongs together, or says the same, is on one side."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.corpora.own import Row
from training.errors import TrainingError

Indices = NDArray[np.intp]


class SplitError(TrainingError):
    """The rows cannot be parted."""


_UNITED: Final = "group "
_ALIKE: Final = "text "


def plainly(text: str) -> str:
    """Return a text without what does not make it another one: case and spaces."""
    return " ".join(text.lower().split())


def groups(rows: Sequence[Row]) -> Indices:
    """Number the groups of rows that must not be parted: those of one group, and those of the same text; shape (n,)."""
    parent = list(range(len(rows)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        keys = [_ALIKE + plainly(row.text)]
        if row.group is not None:
            keys.append(_UNITED + row.group)
        for key in keys:
            other = first.setdefault(key, index)
            parent[root(index)] = root(other)
    return np.unique([root(index) for index in range(len(rows))], return_inverse=True)[1].astype(np.intp)


def folds(labels: Indices, members: Indices, count: int, seed: int) -> Indices:
    """Part rows into folds of about equal size, each with about the same share of every label.

    Args:
        labels: Of each row, shape (n,).
        members: The group of each row, which lies in one fold; shape (n,).
        count: Number of folds.
        seed: Decides which.

    Returns:
        The fold of each row, shape (n,).

    Raises:
        SplitError: There are fewer groups than folds.
    """
    return _parts(labels, members, [1 / count] * count, seed)


def hold_out(labels: Indices, members: Indices, share: float, seed: int) -> NDArray[np.bool_]:
    """Choose about a share of the rows, from 0 to 1, to be held out; the rest is as in :func:`folds`.

    A group that is larger than the share is not held out.
    """
    return np.asarray(_parts(labels, members, [share, 1 - share], seed) == 0)


def _parts(labels: Indices, members: Indices, shares: Sequence[float], seed: int) -> Indices:
    random = np.random.default_rng(seed)
    table = np.zeros((members.max() + 1, labels.max() + 1), np.int64)
    np.add.at(table, (members, labels), 1)
    if len(table) < len(shares):
        raise SplitError(
            f"The rows are of {len(table)} groups or texts, which cannot be parted in {len(shares)}; give rows of more."
        )
    totals = np.maximum(table.sum(axis=0), 1)
    wanted = np.array(shares)
    filled = np.zeros((len(shares), table.shape[1]))
    of_group = np.zeros(len(table), np.intp)
    order = random.permutation(len(table))
    # The large groups first: what is uneven then is made even by the small ones.
    for group in order[np.argsort(-table[order].sum(axis=1), kind="stable")]:
        brought = table[group] / totals
        full = filled / wanted[:, np.newaxis]
        # The part that lacks most of what this group brings; of equal ones, the emptiest, and of those the largest.
        part = int(np.lexsort((-wanted, full.sum(axis=1), full @ brought))[0])
        filled[part] += brought
        of_group[group] = part
    return of_group[members]
