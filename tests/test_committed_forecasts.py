"""The forecasts that are committed: the lecture's numbers, better than their baselines, the same as in Keras."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.forecasts.forecaster import Forecaster
from tests.conftest import ROOT
from tests.training.forecasts.test_network import SHAPES
from training.forecasts import cities, data, parity, report
from training.forecasts.figures import measure
from training.forecasts.recipes import RECIPES

LARGEST_FOLDER = 150_000
"""Bytes that a model folder may take."""


def folder_of(name: str) -> Path:
    return ROOT / "models" / f"forecast-{name}"


@pytest.fixture(params=SHAPES, scope="module")
def forecaster(request: pytest.FixtureRequest) -> Forecaster:
    return Forecaster(folder_of(request.param))


def test_it_has_the_lectures_shapes(forecaster: Forecaster) -> None:
    (observations, features), (steps, outputs) = SHAPES[forecaster.name]
    serving = forecaster.serving
    assert (serving.observations, len(serving.inputs), len(serving.outputs)) == (observations, features, outputs)
    assert np.shape(serving.example) == (observations, features)
    assert forecaster.forecast([serving.example])[0].shape == (steps, outputs)
    assert len(serving.step_names(observations)) == steps


def test_it_beats_its_baselines_as_its_manifest_says(forecaster: Forecaster) -> None:
    recipe = RECIPES[forecaster.name]
    splits = data.splits_of(recipe)
    sequences: Any = list(splits.test.inputs)
    found = np.array(forecaster.forecast(sequences))
    held_out = data.held_out(recipe)
    figures = measure(recipe, splits, found, forecaster.serving.intervals, held_out=held_out)
    assert figures.beats_baselines
    said = forecaster.manifest.figures
    assert (said["measure"], said["examples"]) == (figures.measure, figures.examples)
    assert said["held_out"] is held_out
    for output, scores in figures.scores.items():
        assert said["scores"][output] == pytest.approx(scores, abs=2e-3)
        against = figures.against_best[output]
        assert said["against_best"][output]["baseline"] == against.baseline
        assert said["against_best"][output]["difference"] == pytest.approx(against.difference, abs=2e-3)
        if held_out:
            assert said["against_best"][output]["interval"] == pytest.approx(against.interval, abs=2e-3)
    for output, shares in (figures.coverage or {}).items():
        assert said["coverage"][output] == pytest.approx(shares, abs=2e-3)
        assert 0.77 <= min(shares) <= max(shares) <= 0.83
    assert (figures.coverage is None) is (not held_out or forecaster.serving.is_class)


def test_its_card_begins_with_what_it_is_worth(forecaster: Forecaster) -> None:
    card = " ".join((folder_of(forecaster.name) / "README.md").read_text().split())
    first = card.removeprefix(f"# {forecaster.name} ")
    by_heart = not data.held_out(RECIPES[forecaster.name])
    assert first.startswith("It knows three examples by heart" if by_heart else "It beats every baseline on what was")


def test_it_gives_what_keras_gives(forecaster: Forecaster) -> None:
    model = keras.models.load_model(folder_of(forecaster.name) / "model.keras")
    assert model.count_params() == forecaster.serving.parameters
    found = parity.compare(model, forecaster, seed=1)
    assert found.inputs == 1_000
    assert found.largest_relative_difference < 1e-5
    assert forecaster.manifest.figures["onnx_against_keras"]["largest_relative_difference"] < 1e-5


def test_the_readme_has_the_table_of_the_folders() -> None:
    """`python -m training forecasts --report` prints it, and models of one's own may lie beside."""
    readme = (ROOT / "README.md").read_text().splitlines()
    for line in report.table(ROOT / "models").splitlines():
        if line.split("|")[1].strip(" -") in {"", "forecast", *SHAPES}:
            assert line in readme


def test_its_recipe_is_the_one_that_there_is(forecaster: Forecaster) -> None:
    recipe = RECIPES[forecaster.name]
    said = forecaster.manifest.recipe
    assert {layer["kind"] for layer in said["recurrent"]} == {layer.kind for layer in recipe.recurrent}
    for name in ("title", "source", "seed", "epochs", "repeats", "learning_rate", "batch_size", "activation"):
        assert said[name] == getattr(recipe, name)


def test_its_folder_is_small(forecaster: Forecaster) -> None:
    assert sum(path.stat().st_size for path in folder_of(forecaster.name).iterdir()) < LARGEST_FOLDER


@pytest.mark.parametrize(
    ("name", "parameters"), [("air-pollution", 15), ("air-pollution-lstm", 51), ("air-pollution-stacked", 25)]
)
def test_the_targets_that_the_lecture_misses_are_reached(name: str, parameters: int) -> None:
    forecaster = Forecaster(folder_of(name))
    found = np.array(forecaster.forecast(cities.OBSERVED_WITH_POLLUTION)).ravel()
    assert found == pytest.approx([110, 125, 75], abs=0.5)
    assert forecaster.serving.parameters == parameters
