from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.forecasts.bounds import bounds
from app.forecasts.intervals import Intervals

TABLE: dict[str, Any] = {
    "coverage": 0.8,
    "forecasts": [[[1.0, 3.0], [0.0]]],
    "lower": [[[0.0, 1.0], [-2.0]]],
    "upper": [[[2.0, 7.0], [2.0]]],
    "least": [0.0, None],
}
"""One step of two outputs: one with two knots and a least value, one that is as sure everywhere."""


def at(*forecasts: float) -> list[list[float]]:
    """The lower and the upper bounds of both outputs, each forecast for both."""
    given = np.array([[[value, value]] for value in forecasts], dtype=np.float32)
    return np.concatenate(bounds(Intervals.model_validate(TABLE), given), axis=1).reshape(len(forecasts), -1).tolist()


def test_bounds_lie_on_lines_between_the_knots() -> None:
    assert at(1, 2, 3) == [[0, -1, 2, 3], [0.5, 0, 4.5, 4], [1, 1, 7, 5]]


def test_bounds_beyond_the_knots_are_as_far_off_as_at_the_last() -> None:
    assert at(5) == [[3, 3, 9, 7]]
    # No bound lies below the least value, and none on the other side of its forecast.
    assert at(0) == [[0, -2, 1, 2]]
    resting = Intervals.model_validate({**TABLE, "lower": [[[0.0, 0.0], [-2.0]]]})
    lower, upper = bounds(resting, np.array([[[5, 5]]], dtype=np.float32))
    assert (lower.tolist(), upper.tolist()) == ([[[0, 3]]], [[[9, 7]]])
    assert at(-4) == [[-4, -6, 0, -2]]
    # Where the truth mostly lay to one side of the forecasts, the table may have both bounds there.
    beside = Intervals.model_validate({**TABLE, "lower": [[[2.0, 4.0], [-2.0]]], "upper": [[[2.5, 7.0], [-1.0]]]})
    lower, upper = bounds(beside, np.array([[[1, 5]]], dtype=np.float32))
    assert (lower.tolist(), upper.tolist()) == ([[[1, 3]]], [[[2.5, 5]]])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"forecasts": [[[3.0, 1.0], [0.0]]]}, "do not rise"),
        ({"forecasts": [[[1.0], [0.0]]]}, "differ in shape"),
        ({"lower": [[[0.0, 8.0], [-2.0]]]}, "lies above"),
        ({"least": [0.0]}, "differ in shape"),
        ({"upper": [[[2.0, float("inf")], [2.0]]]}, "finite"),
        ({"coverage": 80}, "less than 1"),
        ({"forecasts": [], "lower": [], "upper": []}, "at least 1"),
    ],
)
def test_what_is_no_table_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Intervals.model_validate({**TABLE, **change})
