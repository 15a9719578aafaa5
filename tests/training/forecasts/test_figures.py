from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from training.forecasts import baselines
from training.forecasts.card import verdict
from training.forecasts.figures import ACCURACY, ERROR, Difference, ForecastFigures, _blocks, _difference, measure
from training.forecasts.recipes import RAIN_NEXT_DAY, RECIPES
from training.forecasts.series import Array, Series, Splits, split, windows
from training.forecasts.weather import YEAR

TINY = replace(RAIN_NEXT_DAY, observations=3, steps=(1, 2), baselines=("persistence", "mean"))
HEART = replace(RECIPES["heartbeat"], observations=3)


def splits_of(targets: Array) -> Splits:
    return split(Series(targets, targets), 3, (1, 2))


def noise(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_persistence_repeats_what_was_seen_last() -> None:
    splits = splits_of(np.arange(100, dtype=np.float32)[:, None])
    found = baselines.persistence(splits, TINY)
    assert np.array_equal(splits.test.targets - found, np.tile([[[1.0], [2.0]]], (len(splits.test), 1, 1)))


def test_the_mean_is_that_of_the_training() -> None:
    splits = splits_of(np.arange(100, dtype=np.float32)[:, None])
    found = baselines.mean(splits, TINY)
    assert found.shape == splits.test.targets.shape
    assert found[0, :, 0].tolist() == splits.training.targets.mean(axis=0)[:, 0].tolist()
    assert found[0, 0, 0] < 65


def test_the_seasonal_mean_knows_the_day_of_the_year() -> None:
    days = np.arange(8 * YEAR)
    season = np.stack([np.sin(2 * np.pi * days / YEAR), 5 + np.cos(2 * np.pi * days / YEAR)], axis=1)
    splits = splits_of(season.astype(np.float32))
    assert baselines.seasonal_mean(splits, TINY) == pytest.approx(splits.test.targets, abs=0.02)


def test_the_seasonal_mean_reaches_as_far_behind_a_day_as_ahead_of_it() -> None:
    spikes = (np.arange(500) % 100 == 50).astype(np.float32)[:, None]
    splits = splits_of(spikes)
    found = baselines.seasonal_mean(splits, replace(TINY, season=100))
    near = np.abs(splits.test.days % 100 - 50) <= 3
    assert near.any()
    assert found[..., 0] == pytest.approx(np.where(near, 1 / 7, 0))


def test_the_majority_class_is_that_of_the_training() -> None:
    targets = np.zeros((100, 1), dtype=np.float32)
    targets[50:] = 1
    assert set(baselines.majority_class(splits_of(targets), HEART).ravel()) == {0}
    assert set(baselines.majority_class(splits_of(1 - targets), HEART).ravel()) == {1}


def test_ridge_regression_finds_a_line() -> None:
    # Of a wave each value is a line through the two before it.
    wave = 5 + np.sin(np.arange(600))[:, None].astype(np.float32)
    splits = split(Series(wave, wave), 4, (1, 2))
    found = baselines.ridge(splits, replace(TINY, activation="linear"))
    assert found == pytest.approx(splits.test.targets, abs=0.05)


def test_ridge_regression_does_not_look_at_the_test_examples() -> None:
    splits = split(Series(noise(0, 400, 2), noise(1, 400, 1)), 5, (1, 3))
    found = baselines.ridge(splits, TINY)
    other = replace(splits, test=replace(splits.test, targets=splits.test.targets + 9))
    assert np.array_equal(baselines.ridge(other, TINY), found)
    # Nothing can be learnt here: the strongest penalty is best, which leaves the mean. And rain is not negative.
    assert found == pytest.approx(np.maximum(baselines.mean(splits, TINY), 0), abs=0.1)
    assert found.min() >= 0


def test_logistic_regression_reads_the_window() -> None:
    values = noise(0, 900, 1)
    risk = (np.convolve(values[:, 0], [1, 1, 1], "valid") > 0).astype(np.float32)
    series = Series(values[:-3], np.concatenate([[0, 0, 0], risk[:-3]]).astype(np.float32)[: len(values) - 3, None])
    splits = split(series, 3, (1,))
    found = baselines.logistic_regression(splits, HEART)
    assert np.mean((found >= 0.5) == (splits.test.targets >= 0.5)) > 0.95


def test_errors_are_measured_for_each_output() -> None:
    targets = np.stack([np.zeros(600), np.arange(600)], axis=1).astype(np.float32)
    splits = splits_of(targets)
    rain = RAIN_NEXT_DAY.outputs[0]
    recipe = replace(TINY, outputs=(rain, rain.model_copy(update={"name": "other"})), baselines=("persistence",))
    figures = measure(recipe, splits, splits.test.targets + 3, held_out=True)
    assert (figures.measure, figures.examples, figures.coverage) == (ERROR, len(splits.test), None)
    assert figures.scores["rain"] == {"model": 3, "persistence": 0}
    assert figures.scores["other"] == {"model": 3, "persistence": pytest.approx(np.sqrt(2.5), abs=1e-5)}
    assert figures.against_best["rain"] == Difference("persistence", -3, (-3, -3))
    assert not figures.beats_baselines


def test_accuracy_is_measured_of_a_probability() -> None:
    targets = np.tile([[1.0], [0.0], [0.0]], (200, 1)).astype(np.float32)
    splits = split(Series(noise(0, 600, 1), targets), 3, (1,))
    figures = measure(HEART, splits, 0.2 + 0.6 * splits.test.targets, held_out=True)
    assert figures.measure == ACCURACY
    assert figures.scores["at risk"]["model"] == 1
    assert figures.scores["at risk"]["majority class"] == pytest.approx(2 / 3, abs=0.02)
    assert set(figures.scores["at risk"]) == {"model", *HEART.baselines}
    assert figures.beats_baselines


def trial(advantage: float, count: int, *, alike: int) -> Difference:
    """Measure a model whose errors differ from the mean's at random, each error lasting for some rows."""
    random = np.random.default_rng(1)
    targets = np.repeat(random.normal(size=(-(-count // alike), 1)), alike, axis=0)[:count].astype(np.float32)
    splits = split(Series(targets, targets), 3, (1,))
    recipe = replace(TINY, steps=(1,), baselines=("mean",))
    errors = np.repeat(random.normal(size=-(-len(splits.test) // alike)), alike)[: len(splits.test)]
    forecasts = splits.test.targets + ((1 - advantage) * errors)[:, None, None].astype(np.float32)
    return measure(recipe, splits, forecasts, held_out=True).against_best["rain"]


def test_the_interval_tells_a_clear_difference_from_chance() -> None:
    clear, chance = trial(0.5, 1000, alike=1), trial(0.0, 1000, alike=1)
    assert clear.interval is not None
    assert chance.interval is not None
    assert 0 < clear.interval[0] < clear.difference < clear.interval[1]
    assert clear.is_clear
    assert chance.interval[0] < 0 < chance.interval[1]
    assert not chance.is_clear


def test_the_interval_is_one_of_95_percent() -> None:
    losses = {"model": np.zeros(2000), "mean": (np.arange(2000) % 2).astype(np.float64)}
    interval = _difference(ACCURACY, losses, np.arange(2000)).interval
    assert interval is not None
    assert interval[1] - interval[0] == pytest.approx(2 * 1.96 * np.sqrt(0.25 / 2000), rel=0.07)


def test_rows_that_are_alike_count_less() -> None:
    def width(found: Difference) -> float:
        assert found.interval is not None
        return found.interval[1] - found.interval[0]

    assert width(trial(0.3, 2000, alike=5)) > 1.25 * width(trial(0.3, 2000, alike=1))


def test_whole_series_are_drawn_where_there_are_several() -> None:
    def of(series: NDArray[np.int64]) -> float:
        examples = windows([Series(noise(0, 103, 1), noise(1, 103, 1))], 3, (1,))
        splits = Splits(examples, examples, replace(examples, series=series))
        found = measure(
            replace(TINY, steps=(1,)), splits, examples.targets * (series % 2)[:, None, None], held_out=True
        )
        assert found.against_best["rain"].interval is not None
        low, high = found.against_best["rain"].interval
        return high - low

    count = 100
    assert of(np.arange(count) // 50) > 2 * of(np.arange(count) % 50)


def test_nothing_held_out_has_no_interval() -> None:
    splits = splits_of(noise(0, 100, 1))
    figures = measure(TINY, splits, splits.test.targets, held_out=False)
    assert figures.against_best["rain"].interval is None
    assert figures.beats_baselines


@pytest.mark.parametrize(
    ("difference", "interval", "beats"),
    [(0.5, (0.1, 0.9), True), (0.5, (-0.1, 0.9), False), (-0.5, (-0.9, -0.1), False), (0.5, None, False)],
)
def test_only_a_clear_difference_counts(
    difference: float, interval: tuple[float, float] | None, *, beats: bool
) -> None:
    better = Difference("mean", 1.0, (0.5, 1.5))
    against = {"rain": better, "other": Difference("mean", difference, interval)}
    assert ForecastFigures(ERROR, 10, {}, against).beats_baselines is beats


def test_of_two_equally_good_forecasts_neither_is_clearly_better() -> None:
    series = Series(noise(0, 5000, 1), noise(0, 5000, 1))
    blocks = _blocks(split(series, 30, (1, 2, 3, 4, 5)).test)
    assert blocks is not None
    assert np.bincount(blocks).min() == 35
    random, clear = np.random.default_rng(0), 0
    for _ in range(200):
        errors = [np.repeat(random.normal(size=len(blocks) // 15 + 1), 15)[: len(blocks)] for _ in range(2)]
        losses = {name: np.square(each) for name, each in zip(("model", "mean"), errors, strict=True)}
        clear += _difference(ERROR, losses, blocks).is_clear
    # One in forty would be so by chance.
    assert clear <= 16


def test_where_too_little_is_held_out_nothing_is_clear() -> None:
    values = noise(0, 600, 1)
    splits = split(Series(values, values), 30, (1, 2))
    figures = measure(replace(TINY, observations=30), splits, splits.test.targets, held_out=True)
    assert figures.against_best["rain"].interval is None
    assert not figures.beats_baselines
    assert verdict(figures).startswith("There is too little held out to be sure: the root mean square error of rain is")


def test_series_in_large_units_are_compared_too() -> None:
    values = (1e-8 * np.abs(noise(0, 1000, 1))).astype(np.float32)
    splits = split(Series(values, values), 3, (1, 2))
    figures = measure(TINY, splits, splits.test.targets * 0.5 + 0.5 * splits.test.targets.mean(), held_out=True)
    assert 0 < figures.scores["rain"]["model"] < figures.scores["rain"]["mean"] < 1e-8
    assert figures.beats_baselines


def test_a_time_of_the_season_that_was_never_seen_gets_the_mean() -> None:
    splits = splits_of(np.full((100, 1), 7, dtype=np.float32))
    assert np.array_equal(baselines.seasonal_mean(splits, replace(TINY, season=90)), splits.test.targets)
