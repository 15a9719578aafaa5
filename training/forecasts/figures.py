"""How good forecasts are, beside the baselines, and how sure that is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.forecasts.bounds import bounds
from app.forecasts.intervals import Intervals
from training.forecasts.baselines import BASELINES
from training.forecasts.recipes import ForecastRecipe
from training.forecasts.series import Array, Examples, Splits

MODEL: Final = "model"
"""The name of the model among its baselines."""
ERROR, ACCURACY = "root mean square error", "accuracy"
TOO_LITTLE: Final = "too little held out to be sure"
"""In place of an interval."""
DRAWS: Final = 2_000
"""Of the bootstrap."""
FEWEST_BLOCKS: Final = 20
"""Of a bootstrap: fewer tell too little of how much blocks differ, and shorter ones are too alike."""


@dataclass(frozen=True)
class Difference:
    """How much better a model is than the best baseline of an output.

    Attributes:
        baseline: Which that is on the test examples, so that the model is not compared with a weaker one.
        difference: How much less the error is than the baseline's, or how much more the accuracy; above 0 the model is
            better.
        interval: Its 95 % interval, by the paired block bootstrap (Künsch, 1989): windows that follow each other
            resemble each other, so blocks of them are drawn, each as long as a window with all its steps, or all
            windows of a patient. ``None`` where nothing was held out, or fewer than :data:`FEWEST_BLOCKS` stretches.
    """

    baseline: str
    difference: float
    interval: tuple[float, float] | None

    @property
    def is_clear(self) -> bool:
        """Whether the model is better, and its interval above zero."""
        return self.interval is not None and self.interval[0] > 0 and self.difference > 0


@dataclass(frozen=True)
class ForecastFigures:
    """What was measured on the test examples.

    Attributes:
        measure: :data:`ERROR`, in the unit of the output, or :data:`ACCURACY`, from 0 to 1.
        examples: How many test examples there are.
        scores: For each output the measure of the model and of each baseline.
        against_best: For each output the difference to the best baseline.
        coverage: For each output, and each step, the share of the truth that lies in the intervals; ``None`` without.
        held_out: Whether those examples are others than those of the training.
    """

    measure: str
    examples: int
    scores: Mapping[str, Mapping[str, float]]
    against_best: Mapping[str, Difference]
    coverage: Mapping[str, Sequence[float]] | None = None
    held_out: bool = True

    @property
    def beats_baselines(self) -> bool:
        """Whether the model is better than every baseline at every output, and clearly so on what was held out."""
        return all(each.is_clear if self.held_out else each.difference > 0 for each in self.against_best.values())

    @property
    def is_sure(self) -> bool:
        """Whether enough was held out to say how sure the differences are."""
        return self.held_out and all(each.interval is not None for each in self.against_best.values())


def measure(
    recipe: ForecastRecipe, splits: Splits, forecasts: Array, intervals: Intervals | None = None, *, held_out: bool
) -> ForecastFigures:
    """Measure forecasts of the test examples.

    Args:
        recipe: Says which baselines there are.
        splits: The examples.
        forecasts: What the model gave for the test examples, shape (n, steps, outputs).
        intervals: Those of the model.
        held_out: Whether the test examples are others than those of the training.
    """
    kind = ACCURACY if recipe.activation == "sigmoid" else ERROR
    found: dict[str, Array] = {MODEL: forecasts}
    found |= {name: BASELINES[name](splits, recipe) for name in recipe.baselines}
    targets = splits.test.targets
    blocks = _blocks(splits.test) if held_out else None
    scores, against = {}, {}
    for column, output in enumerate(recipe.outputs):
        losses = {name: _losses(kind, targets[..., column], values[..., column]) for name, values in found.items()}
        scores[output.name] = {name: _rounded(_score(kind, each.mean())) for name, each in losses.items()}
        against[output.name] = _difference(kind, losses, blocks)
    coverage = None if intervals is None else _coverage(recipe, targets, forecasts, intervals)
    return ForecastFigures(kind, len(splits.test), scores, against, coverage, held_out)


def _losses(kind: str, targets: Array, forecasts: Array) -> NDArray[np.float64]:
    """Return the loss of each example, shape (n,): the share of misses, or the mean of the squared errors."""
    if kind == ACCURACY:
        return np.asarray(np.mean((forecasts >= 0.5) != (targets >= 0.5), axis=1, dtype=np.float64))
    squares: NDArray[np.float64] = np.square(forecasts.astype(np.float64) - targets)
    return np.asarray(squares.mean(axis=1))


def _score(kind: str, loss: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 - loss if kind == ACCURACY else np.sqrt(loss))


def _difference(kind: str, losses: Mapping[str, NDArray[np.float64]], blocks: NDArray[np.int64] | None) -> Difference:
    baseline = min((name for name in losses if name != MODEL), key=lambda name: losses[name].mean())
    sign = 1 if kind == ACCURACY else -1
    pair = [losses[MODEL], losses[baseline]]
    ours, theirs = (_score(kind, each.mean()) for each in pair)
    interval = None
    if blocks is not None:
        sizes = np.bincount(blocks)
        sums = np.stack([np.bincount(blocks, each) for each in pair])
        drawn = np.random.default_rng(0).integers(len(sizes), size=(DRAWS, len(sizes)))
        first, second = _score(kind, sums[:, drawn].sum(axis=2) / sizes[drawn].sum(axis=1))
        low, high = np.quantile(sign * (first - second), (0.025, 0.975))
        interval = (_rounded(low), _rounded(high))
    return Difference(baseline, _rounded(sign * (ours - theirs)), interval)


def _rounded(value: Any) -> float:
    """Round to six decimals, or six digits where these are more: the unit may be a large one."""
    number = float(value)
    return round(number, 6) if abs(number) >= 1 else float(f"{number:.6g}")


def decimals(score: float) -> int:
    """Return how many decimals show three digits of a score, and of what differs from it; at least three."""
    return 3 if score <= 0 else max(3, 2 - math.floor(math.log10(score)))


def _blocks(examples: Examples) -> NDArray[np.int64] | None:
    """Return of which block each example is, shape (n,): of its series, or of a stretch of the only one.

    ``None`` where there are too few such stretches.
    """
    if examples.series.max(initial=0) > 0:
        return examples.series
    count, observations = examples.inputs.shape[:2]
    ahead = int(np.ptp(examples.days[0])) + 1 if count else 1
    length = observations + ahead
    if count // length < FEWEST_BLOCKS:
        return None
    return np.asarray(np.minimum(np.arange(count) // length, count // length - 1))


def _coverage(recipe: ForecastRecipe, targets: Array, forecasts: Array, intervals: Intervals) -> dict[str, list[float]]:
    lower, upper = bounds(intervals, forecasts)
    inside = ((lower <= targets) & (targets <= upper)).mean(axis=0)
    return {output.name: inside[:, column].round(4).tolist() for column, output in enumerate(recipe.outputs)}
