"""Parting rows so that what belongs together, or says the same, is on one side."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.corpora.own import Row

Indices = NDArray[np.intp]
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
    """
    random = np.random.default_rng(seed)
    table = np.zeros((members.max() + 1, labels.max() + 1), np.int64)
    np.add.at(table, (members, labels), 1)
    totals = np.maximum(table.sum(axis=0), 1)
    filled = np.zeros((count, table.shape[1]))
    of_group = np.zeros(len(table), np.intp)
    order = random.permutation(len(table))
    # The large groups first: what is uneven then is made even by the small ones.
    for group in order[np.argsort(-table[order].sum(axis=1), kind="stable")]:
        share = table[group] / totals
        # The fold that has least of what this group brings; of equal ones, that with the fewest rows.
        want = filled @ share
        fold = int(np.lexsort((filled.sum(axis=1), want))[0])
        filled[fold] += share
        of_group[group] = fold
    return of_group[members]


def hold_out(labels: Indices, members: Indices, share: float, seed: int) -> NDArray[np.bool_]:
    """Choose about a share of the rows, from 0 to 1, to be held out; the arguments are those of :func:`folds`."""
    parts = max(2, round(1 / share))
    return np.asarray(folds(labels, members, parts, seed) == 0)
