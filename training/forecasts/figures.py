"""How good forecasts are, beside the baselines."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.forecasts.baselines import BASELINES
from training.forecasts.recipes import ForecastRecipe
from training.forecasts.series import Array, Splits

MODEL: Final = "model"
"""The name of the model among its baselines."""
ERROR, ACCURACY = "root mean square error", "accuracy"


@dataclass(frozen=True)
class ForecastFigures:
    """What was measured on the test examples.

    Attributes:
        measure: :data:`ERROR`, in the unit of the output, or :data:`ACCURACY`, from 0 to 1.
        examples: How many test examples there are.
        scores: For each output the measure of the model and of each baseline.
    """

    measure: str
    examples: int
    scores: Mapping[str, Mapping[str, float]]

    def best_baseline(self, output: str) -> tuple[str, float]:
        """Return the baseline that is best at an output, and its score."""
        others = {name: score for name, score in self.scores[output].items() if name != MODEL}
        choose = max if self.measure == ACCURACY else min
        name = choose(others, key=lambda other: others[other])
        return name, others[name]

    @property
    def beats_baselines(self) -> bool:
        """Whether the model is better than every baseline at every output."""
        sign = 1 if self.measure == ACCURACY else -1
        return all(
            sign * scores[MODEL] > sign * self.best_baseline(output)[1] for output, scores in self.scores.items()
        )


def measure(recipe: ForecastRecipe, splits: Splits, forecasts: Array) -> ForecastFigures:
    """Measure forecasts of the test examples.

    Args:
        recipe: Says which baselines there are.
        splits: The examples.
        forecasts: What the model gave for the test examples, shape (n, steps, outputs).
    """
    kind, score = (ACCURACY, _accuracy) if recipe.activation == "sigmoid" else (ERROR, _error)
    found: dict[str, Array] = {MODEL: forecasts}
    found |= {name: BASELINES[name](splits) for name in recipe.baselines}
    targets = splits.test.targets
    scores = {
        output.name: {
            name: round(score(targets[..., column], values[..., column]), 6) for name, values in found.items()
        }
        for column, output in enumerate(recipe.outputs)
    }
    return ForecastFigures(kind, len(splits.test), scores)


def _error(targets: Array, forecasts: Array) -> float:
    return float(np.sqrt(np.mean(np.square(forecasts.astype(np.float64) - targets))))


def _accuracy(targets: Array, forecasts: Array) -> float:
    return float(np.mean((forecasts >= 0.5) == (targets >= 0.5)))
