"""What anybody could forecast without a network."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from training.forecasts.recipes import Baseline
from training.forecasts.series import Array, Splits
from training.forecasts.weather import YEAR

SEASON_DAYS: Final = 10
"""The seasonal mean of a day is taken over so many days before and after it, of all years of the training."""


def persistence(splits: Splits) -> Array:
    """Forecast that what was last seen goes on; it is told the outputs, even where the model does not read them."""
    return splits.test.last


def mean(splits: Splits) -> Array:
    """Forecast the mean of the training targets, for each step and output its own."""
    return np.broadcast_to(splits.training.targets.mean(axis=0), splits.test.targets.shape)


def seasonal_mean(splits: Splits) -> Array:
    """Forecast for each day of the year what was observed around it in the years of the training."""
    training = splits.training
    days = training.days.ravel() % YEAR
    targets = training.targets.reshape(len(days), -1)
    sums = np.stack([np.bincount(days, column, YEAR) for column in targets.T], axis=1)
    counts = np.bincount(days, minlength=YEAR)
    around = (np.arange(YEAR)[:, None] + np.arange(-SEASON_DAYS, SEASON_DAYS + 1)) % YEAR
    means = sums[around].sum(axis=1) / counts[around].sum(axis=1)[:, None]
    return np.asarray(means[splits.test.days % YEAR], dtype=np.float32)


def majority_class(splits: Splits) -> Array:
    """Forecast the class that most test targets have: no constant is better, though nobody could know it before."""
    return np.full(splits.test.targets.shape, splits.test.targets.mean().round(), dtype=np.float32)


BASELINES: Final[Mapping[Baseline, Callable[[Splits], Array]]] = {
    "persistence": persistence,
    "mean": mean,
    "seasonal mean": seasonal_mean,
    "majority class": majority_class,
}
