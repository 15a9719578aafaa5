import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training import checkpoint as checkpoints
from training.forecasts import cities, data
from training.forecasts.network import Scale, _at_each, _repeated, build, layers_of, train
from training.forecasts.recipes import AIR_POLLUTION, ALL, FLU_CASES, RAIN_NEXT_DAY, RECIPES, ForecastRecipe, Recurrent
from training.forecasts.series import Array, Series, Stretches, split, windows

SHAPES = {
    "air-pollution": ((4, 3), (1, 1)),
    "air-pollution-lstm": ((4, 3), (1, 1)),
    "air-pollution-stacked": ((4, 3), (1, 1)),
    "flu-cases": ((4, 3), (4, 1)),
    "rain-next-day": ((100, 1), (1, 1)),
    "rain-next-8": ((100, 1), (8, 1)),
    "rain-day-8-to-16": ((100, 1), (8, 1)),
    "rain-five-days": ((100, 1), (5, 1)),
    "rain-from-weather": ((100, 4), (8, 1)),
    "rain-and-temperature": ((100, 4), (8, 2)),
    "avalanches": ((100, 3), (8, 2)),
    "heartbeat": ((100, 4), (1, 1)),
}
"""The table of the lecture's settings: observations and features in, steps and features out."""


def test_the_recipes_are_those_of_the_lecture() -> None:
    assert list(RECIPES) == list(SHAPES)
    assert len({recipe.name for recipe in ALL}) == len(ALL)


@pytest.mark.parametrize("name", SHAPES)
def test_the_examples_have_the_lectures_shapes(name: str) -> None:
    splits = data.splits_of(RECIPES[name])
    inputs, targets = SHAPES[name]
    for examples in (splits.training, splits.validation, splits.test):
        assert len(examples) >= 3
        assert examples.inputs.shape == (len(examples), *inputs)
        assert examples.targets.shape == examples.last.shape == (len(examples), *targets)
        assert examples.inputs.dtype == examples.targets.dtype == np.float32
    assert data.held_out(RECIPES[name]) is (splits.training is not splits.test)


@pytest.mark.parametrize(
    ("name", "kinds", "counts"),
    [
        ("air-pollution", ["SimpleRNN", "Dense"], [12, 3]),
        ("air-pollution-lstm", ["LSTM", "Dense"], [48, 3]),
        ("air-pollution-stacked", ["SimpleRNN", "SimpleRNN", "Dense"], [12, 10, 3]),
        ("flu-cases", ["SimpleRNN", "Dense"], [12, 3]),
    ],
)
def test_the_parameters_are_those_that_the_lecture_counts(name: str, kinds: list[str], counts: list[int]) -> None:
    model = build(RECIPES[name], cities.air_pollution().training)
    layers = layers_of(model)
    assert [layer.kind for layer in layers] == kinds
    assert [layer.parameters for layer in layers] == counts
    assert model.count_params() == sum(counts)
    recurrent = layers[:-1]
    assert [layer.every_step for layer in recurrent[:-1]] == [True] * (len(recurrent) - 1)
    assert recurrent[-1].every_step is (name == "flu-cases")


def noise(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def trained_predictions(recipe: ForecastRecipe, checkpoint: Path) -> list[float]:
    splits = data.splits_of(recipe)
    predictions: list[float] = (
        train(recipe, splits, checkpoint=checkpoint).model(splits.test.inputs).numpy().ravel().tolist()
    )
    return predictions


def test_the_lectures_targets_are_reached_and_the_same_again(tmp_path: Path) -> None:
    recipe = replace(AIR_POLLUTION, epochs=3)
    first = trained_predictions(recipe, tmp_path / "first")
    assert first == pytest.approx([110, 125, 75], abs=0.5)
    assert trained_predictions(recipe, tmp_path / "again") == first
    assert trained_predictions(replace(recipe, seed=2), tmp_path / "other") != first


def test_the_best_epoch_is_kept(tmp_path: Path) -> None:
    recipe = replace(AIR_POLLUTION, epochs=4, repeats=5, learning_rate=1.0)
    splits = cities.air_pollution()
    trained = train(recipe, splits, checkpoint=tmp_path)
    losses = [epoch["val_loss"] for epoch in trained.history.epochs]
    assert len(losses) == 4
    assert losses[trained.best_epoch - 1] == min(losses)
    scale = Scale.of(recipe, splits.training.targets)
    found = scale.shrink(trained.model(splits.test.inputs).numpy())
    loss = float(np.mean((found - scale.shrink(splits.test.targets)) ** 2))
    assert loss == pytest.approx(min(losses), rel=1e-4)


def test_a_stretch_is_forecast_from_each_of_its_last_observations() -> None:
    layers = (Recurrent("LSTM", 2), Recurrent("SimpleRNN", 3))
    recipe = replace(RECIPES["rain-and-temperature"], observations=4, further=2, steps=(1, 3), recurrent=layers)
    examples = windows([Series(noise(0, 40, 4), noise(1, 40, 2))], 4, (1, 3))
    model = build(recipe, examples)
    inputs = Stretches.of(examples, 2).inputs
    found = _at_each(recipe, model)(inputs).numpy()
    for further in range(3):
        expected = Scale.of(recipe, examples.targets).shrink(model(inputs[:, : 4 + further]).numpy())
        assert found[:, further].reshape(expected.shape) == pytest.approx(expected, abs=1e-5)


def test_what_is_learnt_from_stretches_is_what_the_model_forecasts(tmp_path: Path) -> None:
    recipe = replace(RAIN_NEXT_DAY, observations=4, further=6, batch_size=16, epochs=3, activation="linear")
    wave = np.sin(np.arange(300))[:, None].astype(np.float32)
    splits = split(Series(wave, wave), 4, (1,))
    trained = train(recipe, splits, checkpoint=tmp_path)
    scale = Scale.of(recipe, splits.training.targets)
    found = scale.shrink(trained.model(splits.validation.inputs).numpy())
    loss = float(np.mean((found - scale.shrink(splits.validation.targets)) ** 2))
    assert loss == pytest.approx(min(epoch["val_loss"] for epoch in trained.history.epochs), rel=0.3)
    assert loss < 0.9
    assert trained.steps == -(-len(Stretches.of(splits.training, 6).inputs) // 16)


def test_each_epoch_has_an_order_of_its_own() -> None:
    order = _repeated(replace(AIR_POLLUTION, repeats=2), 50, 4)
    first, second = (np.concatenate(order(epoch)).tolist() for epoch in (0, 1))
    assert first[:50] == first[50:]
    assert sorted(first[:50]) == sorted(second[:50]) == list(range(50))
    assert first != second
    assert first == np.concatenate(order(0)).tolist()


@pytest.mark.slow
def test_an_interrupted_training_goes_on_to_the_same_forecasts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(AIR_POLLUTION, epochs=3, repeats=5)
    expected = trained_predictions(recipe, tmp_path / "uninterrupted")
    real = checkpoints.Progress.end_epoch

    def interrupt(self: checkpoints.Progress, figures: dict[str, float]) -> None:
        real(self, figures)
        if self.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Progress, "end_epoch", interrupt)
        with pytest.raises(checkpoints.Interrupted, match="Stopped after epoch 2 of 3"):
            trained_predictions(recipe, tmp_path / "interrupted")
    assert trained_predictions(recipe, tmp_path / "interrupted") == expected


def test_what_has_a_least_value_is_never_forecast_below_it() -> None:
    recipe = replace(RAIN_NEXT_DAY, least=(1.5,))
    examples = data.splits_of(recipe).training
    model = build(recipe, examples)
    model.set_weights([10 * weight for weight in model.get_weights()])
    forecasts = model(examples.inputs[:500]).numpy()
    assert forecasts.min() == pytest.approx(1.5)
    assert forecasts.max() > 2


def test_an_untrained_network_begins_at_the_mean() -> None:
    examples = cities.flu_cases().training
    model = build(FLU_CASES, examples)
    weights = model.get_weights()
    model.set_weights([*(np.zeros_like(weight) for weight in weights[:-1]), weights[-1]])
    assert model(examples.inputs).numpy() == pytest.approx(np.full((3, 4, 1), examples.targets.mean()), rel=1e-5)


def test_any_number_of_observations_is_read() -> None:
    model = build(RAIN_NEXT_DAY, data.splits_of(RAIN_NEXT_DAY).training)
    for length in (1, 7, 300):
        assert model(np.zeros((2, length, 1), dtype=np.float32)).shape == (2, 1, 1)


def test_a_long_column_of_large_numbers_is_scaled_by_its_true_moments() -> None:
    values = np.random.default_rng(0).normal(1000, 1, (300, 100, 3)).astype(np.float32)
    examples = windows([Series(values[:, 0], values[:, 0])], 1, (1,))
    examples = replace(examples, inputs=values, targets=values)
    recipe = replace(AIR_POLLUTION, outputs=AIR_POLLUTION.inputs)
    scale = Scale.of(recipe, values)
    assert scale.offset == pytest.approx(values.mean(axis=(0, 1), dtype=np.float64), abs=1e-4)
    assert scale.deviation == pytest.approx(values.std(axis=(0, 1), dtype=np.float64), abs=1e-4)
    scaled = build(recipe, examples).layers[0](values).numpy().astype(np.float64)
    assert scaled.mean(axis=(0, 1)) == pytest.approx([0] * 3, abs=0.001)
    assert scaled.std(axis=(0, 1)) == pytest.approx([1] * 3, abs=0.001)
