"""What anybody could forecast without a network, each fitted and chosen without the examples that it is measured on."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.forecasts.recipes import Baseline, ForecastRecipe
from training.forecasts.series import Array, Examples, Splits

SEASON_SHARE: Final = 0.03
"""The seasonal mean of a day is taken over this share of the season before and after it: ten days of a year."""
RIDGE_PENALTIES: Final = tuple(10.0**power for power in range(-1, 7))
INVERSE_PENALTIES: Final = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""scikit-learn's ``C`` of the logistic regression."""


def persistence(splits: Splits, _recipe: ForecastRecipe) -> Array:
    """Forecast that what was last seen goes on; it is told the outputs, even where the model does not read them."""
    return splits.test.last


def mean(splits: Splits, _recipe: ForecastRecipe) -> Array:
    """Forecast the mean of the training targets, for each step and output its own."""
    found = splits.training.targets.mean(axis=0, dtype=np.float64).astype(np.float32)
    return np.broadcast_to(found, splits.test.targets.shape)


def seasonal_mean(splits: Splits, recipe: ForecastRecipe) -> Array:
    """Forecast for each time of the season what was observed around it in the training, or the mean if nothing was."""
    season = recipe.season or 1
    training = splits.training
    days = training.days.ravel() % season
    targets = training.targets.reshape(len(days), -1)
    sums = np.stack([np.bincount(days, column, season) for column in targets.T], axis=1)
    counts = np.bincount(days, minlength=season)
    reach = int(SEASON_SHARE * season)
    around = (np.arange(season)[:, None] + np.arange(-reach, reach + 1)) % season
    seen = counts[around].sum(axis=1)[:, None]
    means = np.where(seen > 0, sums[around].sum(axis=1) / np.maximum(seen, 1), targets.mean(axis=0, dtype=np.float64))
    return np.asarray(means[splits.test.days % season], dtype=np.float32)


def ridge(splits: Splits, recipe: ForecastRecipe) -> Array:
    """Forecast with a ridge regression on the window, and on the mean and the deviation of each feature in it.

    Its penalty is chosen on the validation examples, for each step and output by itself. What has a least value is not
    forecast below it.
    """
    columns = _Columns.of(splits.training)
    training, validation, test = (columns.of_window(examples) for examples in _parts(splits))
    targets, chosen_by = (examples.targets.reshape(len(examples), -1) for examples in _parts(splits)[:2])
    offset = targets.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh((training.T @ training).astype(np.float64))
    products = vectors.T @ (training.T @ (targets - offset))
    best = np.full(targets.shape[1], np.inf)
    weights = np.zeros((training.shape[1], targets.shape[1]))
    for penalty in RIDGE_PENALTIES:
        found = vectors @ (products / (np.maximum(values, 0) + penalty)[:, None])
        error = np.square(validation @ found + offset - chosen_by).mean(axis=0)
        better = error < best
        best[better], weights[:, better] = error[better], found[:, better]
    forecasts = (test @ weights + offset).reshape(splits.test.targets.shape)
    if recipe.activation == "relu":
        forecasts = np.maximum(forecasts, np.array(recipe.least))
    return np.asarray(forecasts, dtype=np.float32)


def logistic_regression(splits: Splits, _recipe: ForecastRecipe) -> Array:
    """Forecast with a logistic regression on the window, and on the mean and the deviation of each feature in it.

    Its penalty is chosen on the validation examples. There is one output, of one step.
    """
    # Imported late: it takes seconds, and only a class needs it.
    from sklearn.linear_model import LogisticRegression

    columns = _Columns.of(splits.training)
    training, validation, test = (columns.of_window(examples) for examples in _parts(splits))
    labels, chosen_by = (examples.targets.ravel() >= 0.5 for examples in _parts(splits)[:2])
    fitted = [LogisticRegression(C=each, tol=1e-3, max_iter=300).fit(training, labels) for each in INVERSE_PENALTIES]
    best = max(fitted, key=lambda one: float(one.score(validation, chosen_by)))
    return np.asarray(best.predict_proba(test)[:, 1], dtype=np.float32).reshape(splits.test.targets.shape)


def majority_class(splits: Splits, _recipe: ForecastRecipe) -> Array:
    """Forecast the class that most training targets have."""
    return np.full(splits.test.targets.shape, splits.training.targets.mean(dtype=np.float64).round(), dtype=np.float32)


class _Columns:
    """What a linear model reads of a window, scaled as in the training examples."""

    def __init__(self, mean: NDArray[np.float64], deviation: NDArray[np.float64]) -> None:
        self._mean = mean
        self._deviation = deviation

    @classmethod
    def of(cls, training: Examples) -> "_Columns":
        """Scale by the training examples; what does not vary there counts nothing."""
        flat = _flat(training.inputs)
        deviation = flat.std(axis=0, dtype=np.float64)
        return cls(flat.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, np.inf))

    def of_window(self, examples: Examples) -> Array:
        """Return the columns, shape (n, columns)."""
        return np.asarray((_flat(examples.inputs) - self._mean) / self._deviation, dtype=np.float32)


def _flat(inputs: Array) -> NDArray[np.float32]:
    return np.concatenate([inputs.reshape(len(inputs), -1), inputs.mean(axis=1), inputs.std(axis=1)], axis=1)


def _parts(splits: Splits) -> tuple[Examples, Examples, Examples]:
    return splits.training, splits.validation, splits.test


BASELINES: Final[Mapping[Baseline, Callable[[Splits, ForecastRecipe], Array]]] = {
    "persistence": persistence,
    "mean": mean,
    "seasonal mean": seasonal_mean,
    "ridge regression": ridge,
    "majority class": majority_class,
    "logistic regression": logistic_regression,
}
