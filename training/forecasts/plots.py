"""The plot of a forecast's card, as a PNG file."""

from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from app.forecasts.bounds import bounds
from app.forecasts.serving import ForecastServing
from training.forecasts import cities
from training.forecasts.recipes import ForecastRecipe
from training.forecasts.series import Array, Splits

SHOWN: Final = 365
"""Forecasts in a row that are shown at most."""

_TRUTH: Final = "#8a8f98"
_MODEL: Final = "#c2570c"


def forecasts_and_truth(
    recipe: ForecastRecipe, serving: ForecastServing, splits: Splits, forecasts: Array, path: Path
) -> None:
    """Plot the forecasts of test examples beside the truth, each output by itself.

    A forecast of several steps is shown by its first one, which is one line through time. Where there are only the
    cities of the lecture, each is shown with all its steps.

    Args:
        recipe: Of the model.
        serving: Its settings, with its intervals, which are shaded.
        splits: Its examples.
        forecasts: What it gave for the test examples, shape (n, steps, outputs).
        path: Where to write.
    """
    lower, upper = (None, None) if serving.intervals is None else bounds(serving.intervals, forecasts)
    figure = Figure(figsize=(8, 2.6 * len(recipe.outputs)), layout="constrained")
    for column, axes in enumerate(figure.subplots(len(recipe.outputs), 1, squeeze=False)[:, 0]):
        truth, found = splits.test.targets[..., column], forecasts[..., column]
        if len(truth) == len(cities.CITIES):
            _cities(axes, truth, found)
        else:
            if lower is not None and upper is not None:
                shaded = (each[:SHOWN, 0, column] for each in (lower, upper))
                axes.fill_between(np.arange(len(truth[:SHOWN])), *shaded, color=_MODEL, alpha=0.18, linewidth=0)
            _line(axes, recipe, truth[:SHOWN, 0], found[:SHOWN, 0])
        output = recipe.outputs[column]
        # Between two dollars Matplotlib would read formulas.
        axes.set(ylabel=f"{output.name}, {output.unit}".replace("$", r"\$"))
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    figure.savefig(path, dpi=70, metadata={"Software": None})


def _line(axes: Axes, recipe: ForecastRecipe, truth: Array, found: Array) -> None:
    axes.plot(truth, color=_TRUTH, linewidth=1, label="truth")
    axes.plot(found, color=_MODEL, linewidth=1.2, label="forecast")
    step = (recipe.steps or (1,))[0]
    before = f"{step} {recipe.time}{'s' * (step > 1)}"
    axes.set(xlabel=f"{recipe.time} of the held-out time; each forecast was made {before} before")


def _cities(axes: Axes, truth: Array, found: Array) -> None:
    steps = truth.shape[1]
    for number in range(len(cities.CITIES)):
        at = np.arange(steps) + number * (steps + 1)
        axes.plot(at, truth[number], "o-", color=_TRUTH, markersize=9, label="truth" if number == 0 else None)
        axes.plot(at, found[number], "x--", color=_MODEL, label="forecast" if number == 0 else None)
    axes.set_xticks(np.arange(len(cities.CITIES)) * (steps + 1) + (steps - 1) / 2, cities.CITIES)
