import numpy as np
import pytest

from training.sentiment.evaluation import labelled

NAMES = ("bad", "so-so", "good")
LABELS = np.array([0, 0, 1, 2, 2, 2])
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.2, 0.3, 0.5], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.0, 0.4, 0.6], [0.5, 0.3, 0.2]]
)


def test_figures_are_those_of_the_confusion_matrix() -> None:
    found = labelled.measure(LABELS, PROBABILITIES, NAMES)
    assert found.confusion_matrix == [[1, 0, 1], [0, 1, 0], [1, 0, 2]]
    assert found.accuracy == round(4 / 6, 6)
    assert [(one.rows, one.precision, one.recall) for one in found.of_label] == [
        (2, 0.5, 0.5),
        (1, 1.0, 1.0),
        (3, round(2 / 3, 6), round(2 / 3, 6)),
    ]
    assert found.macro_f1 == pytest.approx((0.5 + 1 + 2 / 3) / 3, abs=1e-6)
    assert found.log_loss == pytest.approx(-np.log([0.8, 0.2, 0.7, 0.8, 0.6, 0.2]).mean(), abs=1e-6)
    assert sum(one.texts for one in found.bins) == 6


def test_a_label_that_does_not_occur_does_not_lower_the_macro_f1() -> None:
    found = labelled.measure(np.array([0, 2]), PROBABILITIES[[0, 3]], NAMES)
    assert found.macro_f1 == 1.0
    assert found.of_label[1].rows == 0


def test_a_label_that_does_not_occur_does_not_count_even_where_it_is_chosen() -> None:
    # Chosen are the labels 0, 1 and 2; the middle one occurs nowhere.
    found = labelled.measure(np.array([0, 0, 2]), PROBABILITIES[[0, 2, 3]], NAMES)
    assert found.confusion_matrix == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert found.macro_f1 == pytest.approx((2 / 3 + 1) / 2, abs=1e-6)


def test_parts_are_measured_largest_first() -> None:
    parts = labelled.parts(LABELS, PROBABILITIES, ["b", "b", "a", None, "b", "b"])
    assert [(part.name, part.rows, part.accuracy) for part in parts] == [
        ("b", 4, 0.5),
        ("(none)", 1, 1.0),
        ("a", 1, 1.0),
    ]


def answers(right: list[bool]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Probabilities of two labels, of which the first is right."""
    return np.array([[0.9, 0.1] if one else [0.1, 0.9] for one in right])


def test_models_are_compared_on_the_rows_where_they_differ() -> None:
    labels = np.zeros(100, np.intp)
    first = answers([True] * 60 + [False] * 40)
    second = answers([True] * 58 + [False] * 2 + [True] * 12 + [False] * 28)
    found = labelled.compare(labels, first, second)
    assert (found.only_first, found.only_second, found.difference) == (2, 12, 0.1)
    # 2 · P(at most 2 of 14 heads)
    assert found.p_value == pytest.approx(2 * (1 + 14 + 91) / 2**14)
    # The standard error of the mean of 12 ones, 2 minus ones and 86 zeros is 0.036.
    assert found.interval == pytest.approx((0.03, 0.17), abs=0.015)
    assert found.verdict == "the second is better"
    assert labelled.compare(labels, second, first).verdict == "the first is better"


def test_equal_models_are_not_told_apart() -> None:
    same = answers([True, False, True])
    found = labelled.compare(np.zeros(3, np.intp), same, same)
    assert (found.difference, found.interval, found.p_value) == (0.0, (0.0, 0.0), 1.0)
    assert found.verdict == "these rows do not tell which is better"


def test_a_few_rows_do_not_tell_though_the_interval_is_above_zero() -> None:
    second = answers([True] * 300)
    found = labelled.compare(np.zeros(300, np.intp), answers([False] * 4 + [True] * 296), second)
    assert found.interval[0] > 0
    assert found.p_value == 0.125
    assert found.verdict == "these rows do not tell which is better"
