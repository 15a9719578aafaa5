"""The bounds of forecasts, read off a table of intervals."""

import numpy as np
from numpy.typing import NDArray

from app.forecasts.intervals import Cell, Intervals

Bounds = NDArray[np.float64]


def bounds(intervals: Intervals, forecasts: NDArray[np.float32]) -> tuple[Bounds, Bounds]:
    """Return the lower and the upper bounds of forecasts, none of which lies outside its own.

    Args:
        intervals: Those of the model that made them.
        forecasts: Shape (n, steps, outputs).

    Returns:
        Two arrays of the same shape.
    """
    flat = forecasts.reshape(len(forecasts), -1).astype(np.float64)
    lower, upper = np.empty_like(flat), np.empty_like(flat)
    for column, cell in enumerate(intervals.cells()):
        lower[:, column], upper[:, column] = bounds_of(cell, flat[:, column])
    return lower.reshape(forecasts.shape), upper.reshape(forecasts.shape)


def bounds_of(cell: Cell, forecasts: Bounds) -> tuple[Bounds, Bounds]:
    """Return the bounds of forecasts of one step and output, shape (n,)."""
    beyond = forecasts - np.clip(forecasts, cell.forecasts[0], cell.forecasts[-1])
    low = np.interp(forecasts, cell.forecasts, cell.lower) + beyond
    if cell.least is not None:
        # A bound that rests on the least value has not begun to rise with the forecast.
        low = np.maximum(low - (np.maximum(beyond, 0) if cell.lower[-1] <= cell.least else 0), cell.least)
    high = np.interp(forecasts, cell.forecasts, cell.upper) + beyond
    if cell.least is not None:
        high = np.maximum(high, cell.least)
    return np.minimum(low, forecasts), np.maximum(high, forecasts)
