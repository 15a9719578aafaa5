import numpy as np
import pytest

from tests.training.sentiment.own.conftest import ROWS
from training.corpora.own import Row
from training.sentiment.own import split

LABELS = np.array([row.label == "positive" for row in ROWS], np.intp)


def test_rows_of_a_group_or_of_one_text_are_not_parted() -> None:
    rows = [
        Row("1", "Same text", "a", "anna"),
        Row("2", "same  TEXT", "a", "ben"),
        Row("3", "another", "a", "ben"),
        Row("4", "a third", "b"),
        Row("5", "a fourth", "b"),
    ]
    members = split.groups(rows)
    assert members[0] == members[1] == members[2]
    assert len(set(members.tolist())) == 3


def test_a_row_that_links_two_groups_unites_all_of_both() -> None:
    rows = [
        Row("1", "x", "a", "anna"),
        Row("2", "y", "a", "ben"),
        Row("3", "x", "a", "ben"),
        Row("4", "y", "b", "cora"),
        Row("5", "z", "b", "cora"),
        Row("6", "apart", "b", "dora"),
    ]
    assert split.groups(rows).tolist() in ([0, 0, 0, 0, 0, 1], [1, 1, 1, 1, 1, 0])


def test_folds_keep_groups_whole_and_labels_in_proportion() -> None:
    members = split.groups(ROWS)
    folds = split.folds(LABELS, members, 5, seed=1)
    for group in set(members.tolist()):
        assert len(set(folds[members == group].tolist())) == 1
    assert np.bincount(folds).tolist() == [12] * 5
    assert np.bincount(folds, LABELS).tolist() == [6] * 5
    assert not np.array_equal(folds, split.folds(LABELS, members, 5, seed=2))


def test_the_share_is_held_out_of_each_label_however_rare() -> None:
    labels = np.array([0] * 95 + [1] * 5, np.intp)
    held = split.hold_out(labels, np.arange(100), 0.2, seed=3)
    assert np.bincount(labels[held]).tolist() == [19, 1]


def test_a_group_that_is_larger_than_the_share_is_trained_on() -> None:
    members = np.concatenate([np.zeros(700, np.intp), np.arange(1, 301)])
    for seed in range(3):
        held = split.hold_out(np.zeros(1_000, np.intp), members, 0.2, seed)
        assert not held[:700].any()
        assert 150 <= held.sum() <= 250


@pytest.mark.parametrize("share", [0.1, 0.15, 0.35, 0.4])
def test_the_share_is_the_one_that_is_asked_for(share: float) -> None:
    held = split.hold_out(np.arange(1_000) % 2, np.arange(1_000), share, seed=1)
    assert held.mean() == pytest.approx(share, abs=0.002)


def test_fewer_groups_than_folds_are_refused() -> None:
    with pytest.raises(split.SplitError, match=r"of 2 groups or texts, which cannot be parted in 3"):
        split.folds(np.zeros(10, np.intp), np.arange(10) % 2, 3, seed=1)
