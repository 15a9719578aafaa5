from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.sentiment.evaluation.figures import BINS, calibration_error, measure, reliability

PREDICTIONS = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1, width=32)), min_size=2, max_size=50).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def columns(rows: list[tuple[int, float]]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    labels, probabilities = zip(*rows, strict=True)
    return np.array(labels, dtype=np.int8), np.array(probabilities, dtype=np.float32)


def test_figures_computed_by_hand() -> None:
    figures = measure(np.array([0, 0, 1, 1], dtype=np.int8), np.array([0.1, 0.6, 0.4, 0.9]))
    assert figures.reviews == 4
    assert figures.accuracy == 0.5
    assert figures.roc_auc == 0.75
    assert figures.log_loss == pytest.approx(-(2 * log(0.9) + 2 * log(0.4)) / 4, abs=1e-6)
    assert figures.brier_score == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4, abs=1e-6)
    assert figures.calibration_error == pytest.approx((0.1 + 0.6 + 0.6 + 0.1) / 4, abs=1e-6)
    assert figures.confusion_matrix == [[1, 1], [1, 1]]


def test_the_confusion_matrix_has_a_row_a_label() -> None:
    figures = measure(np.array([0, 0, 0, 1], dtype=np.int8), np.array([0.1, 0.2, 0.7, 0.4]))
    assert figures.confusion_matrix == [[2, 1], [1, 0]]


def test_one_half_is_positive() -> None:
    figures = measure(np.array([0, 1], dtype=np.int8), np.array([0.49, 0.5], dtype=np.float32))
    assert figures.accuracy == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_and_right_is_perfect(dtype: type[np.floating]) -> None:
    figures = measure(np.array([0, 1], dtype=np.int8), np.array([0, 1], dtype=dtype))
    assert (figures.accuracy, figures.roc_auc, figures.brier_score, figures.calibration_error) == (1, 1, 0, 0)
    assert figures.log_loss < 1e-6


def test_certain_and_wrong_is_the_worst() -> None:
    labels, probabilities = np.array([0, 1], dtype=np.int8), np.array([1.0, 0.0])
    assert calibration_error(labels, probabilities) == 1
    figures = measure(labels, probabilities)
    assert (figures.accuracy, figures.roc_auc, figures.brier_score) == (0, 0, 1)
    assert figures.log_loss > 10


@given(PREDICTIONS)
def test_the_confusion_matrix_adds_up(rows: list[tuple[int, float]]) -> None:
    labels, probabilities = columns(rows)
    figures = measure(labels, probabilities)
    matrix = np.array(figures.confusion_matrix)
    assert matrix.sum(axis=1).tolist() == [np.sum(labels == 0), np.sum(labels == 1)]
    assert matrix.sum(axis=0).tolist() == [np.sum(probabilities < 0.5), np.sum(probabilities >= 0.5)]
    assert figures.accuracy == pytest.approx(np.trace(matrix) / len(rows), abs=1e-6)


@given(PREDICTIONS)
def test_the_calibration_error_is_that_of_its_definition(rows: list[tuple[int, float]]) -> None:
    labels, probabilities = columns(rows)
    expected = 0.0
    for number in range(BINS):
        inside = [
            (label, probability)
            for label, probability in zip(labels.tolist(), probabilities.tolist(), strict=True)
            if min(int(np.float32(probability) * BINS), BINS - 1) == number
        ]
        expected += abs(sum(label for label, _ in inside) - sum(p for _, p in inside)) / len(rows)
    error = calibration_error(labels, probabilities)
    assert 0 <= error <= 1
    assert error == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=8))
def test_perfectly_calibrated_predictions_have_no_calibration_error(groups: list[tuple[int, int]]) -> None:
    labels: list[int] = []
    probabilities: list[float] = []
    for positive, negative in groups:
        labels += [1] * positive + [0] * negative
        probabilities += [positive / (positive + negative)] * (positive + negative)
    assert calibration_error(np.array(labels, dtype=np.int8), np.array(probabilities)) < 1e-9


@given(PREDICTIONS)
def test_reliability_has_one_point_for_each_bin_in_use(rows: list[tuple[int, float]]) -> None:
    labels, probabilities = columns(rows)
    share, mean, count = reliability(labels, probabilities)
    assert len(share) == len(mean) == len(count) <= BINS
    assert count.sum() == len(rows)
    assert count.min() > 0
    assert np.all((share >= 0) & (share <= 1))
    assert np.all(np.diff(mean) > 0)
