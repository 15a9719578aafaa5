import json
from dataclasses import asdict
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit

from training.sentiment.evaluation.calibration import HIGHEST, Calibration, fit_temperature, scaled
from training.sentiment.evaluation.figures import Floats, calibration_error

TEMPERATURES = st.floats(0.2, 5)


def calibrated() -> tuple[Floats, NDArray[np.int8]]:
    """Logits of which each comes with as many positive labels in a thousand as it says."""
    logits: list[float] = []
    labels: list[int] = []
    for positive in range(10, 1000, 10):
        logits += [log(positive / (1000 - positive))] * 1000
        labels += [1] * positive + [0] * (1000 - positive)
    return np.array(logits), np.array(labels, dtype=np.int8)


LOGITS, LABELS = calibrated()


def log_loss(logits: Floats, labels: NDArray[np.int8]) -> float:
    return float(-np.log(expit(np.where(labels == 1, logits, -logits))).mean())


@pytest.mark.parametrize("factor", [0.1, 0.5, 1, 1.7, 3, 10])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_known_factor_is_the_temperature(factor: float, dtype: type[np.floating]) -> None:
    assert fit_temperature((LOGITS * factor).astype(dtype), LABELS) == pytest.approx(factor, rel=1e-4)


@given(st.integers(0, 2**32), TEMPERATURES)
def test_no_other_temperature_has_a_smaller_loss(seed: int, other: float) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 30).astype(np.int8)
    logits = rng.normal(2 * labels - 1, 3)
    best = fit_temperature(logits, labels)
    assert log_loss(logits / best, labels) <= log_loss(logits / other, labels) + 1e-9


@pytest.mark.parametrize(("right", "limit"), [(True, 1 / HIGHEST), (False, HIGHEST)])
def test_where_all_or_none_is_right_the_temperature_is_at_its_limit(right: bool, limit: float) -> None:
    labels = np.array([0, 1, 1, 0], dtype=np.int8)
    logits = np.array([-1.0, 0.5, 2.0, -0.1]) * (1 if right else -1)
    assert fit_temperature(logits, labels) == pytest.approx(limit, rel=1e-3)


def test_logits_of_any_size_have_a_temperature() -> None:
    labels = np.array([0, 1, 1, 0], dtype=np.int8)
    logits = np.array([-1e4, 1e4, -1e4, -1e4], dtype=np.float32)
    assert fit_temperature(logits, labels) == pytest.approx(HIGHEST, rel=1e-3)


@pytest.mark.parametrize("logits", [np.zeros((4, 1)), np.zeros(3), np.zeros((2, 2)), np.float64(0).reshape(())])
def test_logits_of_another_shape_are_refused(logits: Floats) -> None:
    with pytest.raises(ValueError, match="do not go with labels"):
        fit_temperature(logits, np.array([0, 1, 1, 0], dtype=np.int8))


def test_no_reviews_are_refused() -> None:
    with pytest.raises(ValueError, match="do not go with labels"):
        fit_temperature(np.zeros(0), np.zeros(0, dtype=np.int8))


@given(TEMPERATURES)
def test_a_temperature_changes_no_label(temperature: float) -> None:
    logits = np.array([-3, -1e-3, 0, 1e-3, 2], dtype=np.float32)
    probabilities = scaled(logits, temperature)
    assert (probabilities >= 0.5).tolist() == [False, False, True, True, True]
    assert probabilities == pytest.approx(1 / (1 + np.exp(-logits.astype(np.float64) / temperature)))


def test_a_calibration_is_measured_before_and_after() -> None:
    found = Calibration.of(LOGITS * 2, LABELS)
    assert found.reviews == len(LABELS)
    assert found.temperature == pytest.approx(2, rel=1e-4)
    assert found.log_loss_before == pytest.approx(log_loss(LOGITS * 2, LABELS), abs=1e-6)
    assert found.log_loss_after == pytest.approx(log_loss(LOGITS, LABELS), abs=1e-6)
    assert found.log_loss_after < found.log_loss_before
    assert found.error_before == pytest.approx(calibration_error(LABELS, expit(LOGITS * 2)), abs=1e-6)
    assert found.error_before > 0.05
    assert found.error_after < 1e-3


def test_a_calibration_is_plain_json() -> None:
    found = asdict(Calibration.of(LOGITS.astype(np.float32), LABELS))
    assert json.loads(json.dumps(found)) == found
