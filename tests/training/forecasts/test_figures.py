from dataclasses import replace

import numpy as np
import pytest

from training.forecasts import baselines
from training.forecasts.figures import ACCURACY, ERROR, ForecastFigures, measure
from training.forecasts.recipes import RAIN_NEXT_DAY, RECIPES
from training.forecasts.series import Array, Series, Splits, split
from training.forecasts.weather import YEAR


def splits_of(targets: Array) -> Splits:
    return split([Series(targets, targets)], 3, (1, 2))


def test_persistence_repeats_what_was_seen_last() -> None:
    splits = splits_of(np.arange(100, dtype=np.float32)[:, None])
    found = baselines.persistence(splits)
    assert np.array_equal(splits.test.targets - found, np.tile([[[1.0], [2.0]]], (len(splits.test), 1, 1)))


def test_the_mean_is_that_of_the_training() -> None:
    splits = splits_of(np.arange(100, dtype=np.float32)[:, None])
    found = baselines.mean(splits)
    assert found.shape == splits.test.targets.shape
    assert found[0, :, 0].tolist() == splits.training.targets.mean(axis=0)[:, 0].tolist()
    assert found[0, 0, 0] < 65


def test_the_seasonal_mean_knows_the_day_of_the_year() -> None:
    days = np.arange(8 * YEAR)
    season = np.stack([np.sin(2 * np.pi * days / YEAR), 5 + np.cos(2 * np.pi * days / YEAR)], axis=1)
    splits = splits_of(season.astype(np.float32))
    assert baselines.seasonal_mean(splits) == pytest.approx(splits.test.targets, abs=0.02)


def test_the_majority_class_is_the_best_constant() -> None:
    targets = np.zeros((100, 1), dtype=np.float32)
    targets[:50] = 1
    assert set(baselines.majority_class(splits_of(targets)).ravel()) == {0}
    assert set(baselines.majority_class(splits_of(1 - targets)).ravel()) == {1}


def test_errors_are_measured_for_each_output() -> None:
    targets = np.stack([np.zeros(100), np.arange(100)], axis=1).astype(np.float32)
    splits = splits_of(targets)
    rain = RAIN_NEXT_DAY.outputs[0]
    recipe = replace(RAIN_NEXT_DAY, outputs=(rain, rain.model_copy(update={"name": "other"})))
    figures = measure(replace(recipe, baselines=("persistence",)), splits, splits.test.targets + 3)
    assert (figures.measure, figures.examples) == (ERROR, len(splits.test))
    assert figures.scores["rain"] == {"model": 3, "persistence": 0}
    assert figures.scores["other"] == {"model": 3, "persistence": pytest.approx(np.sqrt(2.5), abs=1e-5)}
    assert not figures.beats_baselines


def test_accuracy_is_measured_of_a_probability() -> None:
    targets = np.tile([[1.0], [0.0]], (50, 1)).astype(np.float32)
    splits = splits_of(targets)
    figures = measure(RECIPES["heartbeat"], splits, 0.2 + 0.6 * splits.test.targets)
    assert figures.measure == ACCURACY
    assert figures.scores["at risk"]["model"] == 1
    assert figures.best_baseline("at risk")[0] == "majority class"
    assert figures.best_baseline("at risk")[1] == pytest.approx(0.5, abs=0.05)
    assert figures.beats_baselines


@pytest.mark.parametrize(
    ("kind", "scores", "best", "beats"),
    [
        (ERROR, {"model": 2.0, "a": 3.0, "b": 2.5}, ("b", 2.5), True),
        (ERROR, {"model": 2.5, "a": 3.0, "b": 2.5}, ("b", 2.5), False),
        (ACCURACY, {"model": 0.9, "a": 0.8, "b": 0.95}, ("b", 0.95), False),
    ],
)
def test_the_best_baseline_counts(kind: str, scores: dict[str, float], best: tuple[str, float], beats: bool) -> None:
    figures = ForecastFigures(kind, 10, {"rain": scores})
    assert figures.best_baseline("rain") == best
    assert figures.beats_baselines is beats
