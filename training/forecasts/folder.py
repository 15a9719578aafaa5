"""From a trained forecast to its model folder: files, figures, card and manifest."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from app.artifacts.manifest import Manifest, write_manifest
from app.forecasts.forecaster import GRAPH_FILE, KIND, NAME_KEY, Forecaster
from app.forecasts.serving import ForecastServing
from training import environment
from training.folders import replacing
from training.forecasts import card, data
from training.forecasts.figures import ForecastFigures, measure
from training.forecasts.network import TrainedForecast, layers_of
from training.forecasts.parity import ForecastParity, compare
from training.forecasts.recipes import ForecastRecipe
from training.forecasts.series import Splits
from training.onnx_export import export
from training.parity import require as require_parity

VERSION: Final = "1.0.0"
KERAS_FILE: Final = "model.keras"


def write(trained: TrainedForecast, splits: Splits, output: Path) -> tuple[ForecastFigures, ForecastParity]:
    """Measure a model on the test examples and write its folder, whole or not at all.

    Args:
        trained: The model.
        splits: Its examples.
        output: The model folder; replaced if it exists.

    Returns:
        The figures on the test examples, and how far ONNX and Keras are apart.

    Raises:
        training.parity.ParityError: They are too far apart.
    """
    recipe, model = trained.recipe, trained.model
    serving = serving_of(trained, splits)
    manifest = Manifest(
        name=recipe.name,
        version=VERSION,
        kind=KIND,
        recipe={**TypeAdapter(ForecastRecipe).dump_python(recipe, mode="json"), "best_epoch": trained.best_epoch},
        data=data.describe(recipe, splits),
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
        forecasts = model(splits.test.inputs, training=False).numpy()
        figures = measure(recipe, splits, forecasts)
        card.write(folder, trained, serving, splits, forecasts, figures, parity)
        measured = {"held_out": data.held_out(recipe), **asdict(figures), "onnx_against_keras": asdict(parity)}
        write_manifest(folder, manifest.model_copy(update={"figures": measured}))
    return figures, parity


def serving_of(trained: TrainedForecast, splits: Splits) -> ForecastServing:
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
    )
