"""Intervals that hold what they promise: quantiles of the errors, by the size of the forecast, made conformal.

Where the errors lie is read off the training examples: for each step and output these are parted by the size of the
forecast, since a wet day can go wrong in more ways than a dry one, and in each part 0.1 and 0.9 of the truth lie below
the bounds. A network fits its training examples a little too well, and of what has a least value much of the truth can
lie at it, so that nothing is below; therefore the bounds are then moved, all by one share of their width, until 80 of
100 validation examples lie between them; of whole numbers many come in at once, and the upper bounds alone may do the
rest. That is conformalized quantile regression (Romano, Patterson and Candès, 2019) with quantiles by parts of the
forecast (Boström and Johansson, 2020).
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.forecasts.bounds import bounds_of
from app.forecasts.intervals import Cell, Intervals
from training.forecasts.recipes import ForecastRecipe
from training.forecasts.series import Array

COVERAGE: Final = 0.8
MOST_PARTS: Final = 8
FEWEST_ROWS: Final = 60
"""Training examples of a part."""
FARTHEST: Final = 8.0
"""How far the bounds are moved out at most, in their width; moved in, they meet at half of it."""

Values = NDArray[np.float64]
Pair = tuple[Array, Array]
"""Forecasts and truth."""


def calibrate(recipe: ForecastRecipe, training: Pair, validation: Pair) -> Intervals | None:
    """Calibrate the intervals of a model.

    Args:
        recipe: Of the model; a class has none, as its probability says how sure it is.
        training: Forecasts and truth of the training examples, each of shape (n, steps, outputs).
        validation: Those of the validation examples.

    Returns:
        The intervals, each number in six digits; ``None`` for a class.
    """
    if recipe.activation == "sigmoid":
        return None
    least: list[float | None] = [None] * len(recipe.outputs)
    if recipe.activation == "relu":
        least = list(recipe.least)
    _, steps, outputs = training[0].shape
    table = [
        [_cell(_at(training, step, output), _at(validation, step, output), least[output]) for output in range(outputs)]
        for step in range(steps)
    ]
    return Intervals(
        coverage=COVERAGE,
        forecasts=[[cell.forecasts for cell in row] for row in table],
        lower=[[cell.lower for cell in row] for row in table],
        upper=[[cell.upper for cell in row] for row in table],
        least=least,
    )


def _at(pair: Pair, step: int, output: int) -> tuple[Values, Values]:
    forecasts, truth = (part[:, step, output].astype(np.float64) for part in pair)
    return forecasts, truth


def _cell(training: tuple[Values, Values], validation: tuple[Values, Values], least: float | None) -> Cell:
    """Return the knots of one step and output, and the bounds at them."""
    cell = _quantiles(*training, least)
    forecasts, truth = validation
    wanted = min(1.0, math.ceil(COVERAGE * (len(truth) + 1)) / len(truth))

    def covered(moved: Cell) -> float:
        low, high = bounds_of(moved, forecasts)
        return float(np.mean((low <= truth) & (truth <= high)))

    both, _ = _bisected(lambda share: covered(_moved(cell, share)) >= wanted, -0.5)
    lower = _moved(cell, both).lower

    def with_upper(share: float) -> Cell:
        return _moved(cell, share)._replace(lower=lower)

    # Of whole numbers many come in at once where a lower bound falls to one; then the upper bounds do the rest.
    shares = _bisected(lambda share: covered(with_upper(share)) >= wanted, both)
    return min(map(with_upper, shares), key=lambda moved: abs(covered(moved) - wanted))


def _bisected(enough: Callable[[float], bool], near: float) -> tuple[float, float]:
    """Return the largest share that is not enough, and the least that is."""
    far = FARTHEST
    for _ in range(40):
        middle = (near + far) / 2
        near, far = (near, middle) if enough(middle) else (middle, far)
    return near, far


def _quantiles(forecasts: Values, truth: Values, least: float | None) -> Cell:
    """Return the mean forecast of each part, rising, and the bounds there that 0.1 and 0.9 of the truth lie below."""
    cell = Cell([], [], [], least)
    order = np.argsort(forecasts, kind="stable")
    for part in np.array_split(order, max(1, min(MOST_PARTS, len(order) // FEWEST_ROWS))):
        knot = _rounded(forecasts[part].mean())
        if cell.forecasts and knot <= cell.forecasts[-1]:
            continue  # forecasts that are all the same
        errors = np.quantile(truth[part] - forecasts[part], ((1 - COVERAGE) / 2, (1 + COVERAGE) / 2))
        low, high = (knot + float(error) for error in errors)
        cell.forecasts.append(knot)
        cell.lower.append(low if least is None else max(low, least))
        cell.upper.append(max(high, cell.lower[-1]))
    return cell


def _moved(cell: Cell, share: float) -> Cell:
    """Move bounds out by a share of their width, or in; a lower one at the least value stays there."""
    lower, upper = np.array(cell.lower), np.array(cell.upper)
    low = lower - share * (upper - lower)
    if cell.least is not None:
        low = np.where(lower <= cell.least, cell.least, np.maximum(low, cell.least))
    high = np.maximum(upper + share * (upper - lower), low)
    return cell._replace(lower=[_rounded(value) for value in low], upper=[_rounded(value) for value in high])


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
