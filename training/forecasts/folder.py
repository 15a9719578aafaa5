"""From a trained forecast to its model folder: files, intervals, figures, card and manifest."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import keras
from pydantic import TypeAdapter

from app.artifacts.manifest import Manifest, write_manifest
from app.forecasts.forecaster import GRAPH_FILE, KIND, NAME_KEY, Forecaster
from app.forecasts.intervals import Intervals
from app.forecasts.serving import ForecastServing
from training import environment
from training.folders import replacing
from training.forecasts import card
from training.forecasts.figures import ForecastFigures, measure
from training.forecasts.intervals import calibrate
from training.forecasts.network import TrainedForecast, layers_of
from training.forecasts.parity import ForecastParity, compare
from training.forecasts.recipes import ForecastRecipe
from training.forecasts.series import Array, Examples, Splits
from training.onnx_export import export
from training.parity import require as require_parity

VERSION: Final = "2.0.0"
KERAS_FILE: Final = "model.keras"
AT_ONCE: Final = 4096
"""Examples that are forecast at once."""


def write(
    trained: TrainedForecast, splits: Splits, output: Path, data: dict[str, Any], *, held_out: bool
) -> tuple[ForecastFigures, ForecastParity]:
    """Measure a model on the test examples and write its folder, whole or not at all.

    Args:
        trained: The model.
        splits: Its examples.
        output: The model folder; replaced if it exists.
        data: What its manifest says of the data.
        held_out: Whether the test examples are others than those of the training; if not, there are no intervals.

    Returns:
        The figures on the test examples, and how far ONNX and Keras are apart.

    Raises:
        training.parity.ParityError: They are too far apart.
    """
    recipe, model = trained.recipe, trained.model
    intervals = _intervals(trained, splits) if held_out else None
    serving = serving_of(trained, splits, intervals)
    manifest = Manifest(
        name=recipe.name,
        version=VERSION,
        kind=KIND,
        recipe={**TypeAdapter(ForecastRecipe).dump_python(recipe, mode="json"), "best_epoch": trained.best_epoch},
        data=data,
        serving=serving.model_dump(),
        figures={},
        environment=environment.describe(),
    )
    with replacing(output) as folder:
        model.save(folder / KERAS_FILE)
        export(model, folder / GRAPH_FILE, metadata={NAME_KEY: recipe.name})
        write_manifest(folder, manifest)
        parity = compare(model, Forecaster(folder))
        require_parity(recipe.name, parity.largest_relative_difference)
        forecasts = forecasts_of(model, splits.test)
        figures = measure(recipe, splits, forecasts, intervals, held_out=held_out)
        card.write(folder, trained, serving, splits, forecasts, figures, parity, data)
        measured = {**asdict(figures), "onnx_against_keras": asdict(parity)}
        write_manifest(folder, manifest.model_copy(update={"figures": measured}))
    return figures, parity


def forecasts_of(model: keras.Sequential, examples: Examples) -> Array:
    """Return what a model gives for examples, shape (n, steps, outputs)."""
    forecasts: Array = model.predict(examples.inputs, batch_size=AT_ONCE, verbose=0)
    return forecasts


def _intervals(trained: TrainedForecast, splits: Splits) -> Intervals | None:
    training, validation = (
        (forecasts_of(trained.model, examples), examples.targets) for examples in (splits.training, splits.validation)
    )
    return calibrate(trained.recipe, training, validation)


def serving_of(trained: TrainedForecast, splits: Splits, intervals: Intervals | None) -> ForecastServing:
    """Return what serving needs to know of a model; its example is the first test example, in five digits."""
    recipe = trained.recipe
    return ForecastServing(
        title=recipe.title,
        inputs=list(recipe.inputs),
        outputs=list(recipe.outputs),
        time=recipe.time,
        observations=recipe.observations,
        steps=None if recipe.steps is None else list(recipe.steps),
        layers=layers_of(trained.model),
        example=[[float(f"{value:.5g}") for value in row] for row in splits.test.inputs[0]],
        intervals=intervals,
    )
