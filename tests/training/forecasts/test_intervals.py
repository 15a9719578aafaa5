"""Intervals: that they cover what they promise, where a forecast is sure and where it is not."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.forecasts.bounds import bounds
from app.forecasts.intervals import Intervals
from training.forecasts.intervals import calibrate
from training.forecasts.recipes import RAIN_NEXT_DAY, RECIPES
from training.forecasts.series import Array

LINEAR = replace(RAIN_NEXT_DAY, activation="linear")
COUNT = 20_000


def pair(seed: int, *, spread: float = 1.0, least: float = -np.inf) -> tuple[Array, Array]:
    """Forecasts, and a truth that is the less sure the larger they are; shape (n, 2, 1) each."""
    random = np.random.default_rng(seed)
    forecasts = random.uniform(0, 10, (COUNT, 2, 1))
    errors = random.normal(size=forecasts.shape) * (0.2 + forecasts / 3) * np.array([1, 2])[:, None] * spread
    return forecasts.astype(np.float32), np.maximum(forecasts + errors, least).astype(np.float32)


def coverage(intervals: Intervals | None, given: tuple[Array, Array]) -> NDArray[np.bool_]:
    assert intervals is not None
    forecasts, truth = given
    lower, upper = bounds(intervals, forecasts)
    return np.asarray((lower <= truth) & (truth <= upper))


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_they_hold_on_new_examples_whatever_the_fit(spread: float) -> None:
    """The errors of the training examples are too small or too large; those of the validation put that right."""
    intervals = calibrate(LINEAR, pair(0, spread=spread), pair(1))
    inside = coverage(intervals, pair(2))
    assert inside.mean(axis=0).ravel() == pytest.approx([0.8, 0.8], abs=0.01)


def test_they_hold_for_small_and_for_large_forecasts() -> None:
    intervals = calibrate(LINEAR, pair(0), pair(1))
    given = pair(2)
    inside = coverage(intervals, given)
    for low in (0, 3, 7):
        part = (given[0] >= low) & (given[0] < low + 3)
        assert inside[part].mean() == pytest.approx(0.8, abs=0.03)


def test_the_bounds_of_what_has_a_least_value_rest_there() -> None:
    recipe = replace(RAIN_NEXT_DAY, least=(0.0,))
    intervals = calibrate(recipe, pair(0, spread=4, least=0.0), pair(1, spread=4, least=0.0))
    given = pair(2, spread=4, least=0.0)
    inside = coverage(intervals, given)
    assert inside.mean(axis=0).ravel() == pytest.approx([0.8, 0.8], abs=0.015)
    assert intervals is not None
    lower, _ = bounds(intervals, given[0])
    assert lower.max() == 0
    assert inside[given[1] == 0].all()


def test_whole_numbers_come_as_near_as_they_can() -> None:
    random = np.random.default_rng(0)
    forecasts = np.full((COUNT, 1, 1), 0.3, np.float32)
    # 78 of 100 are zeros: with ones it would be 95.
    truth = random.choice([0, 1, 2], size=forecasts.shape, p=[0.78, 0.17, 0.05]).astype(np.float32)
    inside = coverage(calibrate(RAIN_NEXT_DAY, (forecasts, truth), (forecasts, truth)), (forecasts, truth))
    assert inside.mean() == pytest.approx(0.78, abs=0.01)


def test_a_truth_that_is_always_the_same_is_certain() -> None:
    zeros = np.zeros((500, 1, 1), dtype=np.float32)
    intervals = calibrate(RAIN_NEXT_DAY, (zeros, zeros), (zeros, zeros))
    assert intervals is not None
    lower, upper = bounds(intervals, zeros[:1])
    assert (lower.tolist(), upper.tolist()) == ([[[0.0]]], [[[0.0]]])


def test_a_class_has_none() -> None:
    assert calibrate(RECIPES["heartbeat"], pair(0), pair(1)) is None


def test_few_examples_make_one_part() -> None:
    forecasts, truth = pair(0)
    few = forecasts[:70], truth[:70]
    intervals = calibrate(LINEAR, few, few)
    assert intervals is not None
    assert [len(cell.forecasts) for cell in intervals.cells()] == [1, 1]
    lower, upper = bounds(intervals, forecasts[:9])
    width = upper - lower
    assert width[:, 0] == pytest.approx(np.full((9, 1), width[0, 0, 0]))
