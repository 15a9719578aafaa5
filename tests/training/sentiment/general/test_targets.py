import numpy as np
import pytest

from training.sentiment.general import targets


@pytest.mark.parametrize(
    "target",
    [
        *targets.TREEBANK, *targets.RATINGS.values(), *targets.TITLES, *targets.EDITED, *targets.POLARITIES.values(),
        *targets.LABELS.values(), targets.NEGATED_PRAISE, targets.NEGATED_BLAME,
    ],
)  # fmt: skip
def test_each_is_a_distribution(target: targets.Target) -> None:
    assert sum(target) == pytest.approx(1)
    assert min(target) > 0


def test_the_labels_are_those_that_are_named() -> None:
    for named in (targets.POLARITIES, targets.LABELS):
        assert [int(np.argmax(named[name])) for name in ("negative", "neutral", "positive")] == [0, 1, 2]
    assert [int(np.argmax(target)) for target in targets.TREEBANK] == [0, 0, 1, 2, 2]
    assert [int(np.argmax(targets.RATINGS[stars])) for stars in (1, 2, 4, 5)] == [0, 0, 2, 2]


def test_a_review_is_hardly_ever_neutral() -> None:
    found = targets.of_review(np.array([0.0, 0.25, 1.0]))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert (found[:, 1] < 0.05).all()
    np.testing.assert_allclose(found[:, 2] / (found[:, 0] + found[:, 2]), [0, 0.25, 1])


def test_no_targets_have_a_column_for_each_label() -> None:
    assert targets.array([]).shape == (0, 3)
