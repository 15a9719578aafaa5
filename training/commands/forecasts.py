"""``python -m training forecasts``."""

import argparse
import shutil
import sys

from app.forecasts.forecaster import KIND
from training import forecasts
from training.checkpoint import Checkpoint
from training.commands import arguments
from training.commands.arguments import add_checkpoints
from training.folders import ModelOutput, require_writable
from training.forecasts import recipes


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    command = commands.add_parser("forecasts", help="train the forecasts", description=forecasts.__doc__)
    command.set_defaults(run=_forecasts)
    command.add_argument(
        "names",
        nargs="*",
        type=_forecast,
        metavar="NAME",
        help=f"which to train, by default all: {', '.join(recipes.RECIPES)}",
    )
    command.add_argument(
        "--output",
        type=arguments.folder,
        metavar="DIR",
        default=arguments.ROOT / "models",
        help="folder of model folders (default: models)",
    )
    add_checkpoints(command)


def _forecasts(options: argparse.Namespace) -> None:
    outputs = {
        name: ModelOutput(options.output / f"{KIND}-{name}", KIND, name) for name in options.names or recipes.RECIPES
    }
    for output in outputs.values():
        output.check()
    require_writable(options.checkpoints / KIND, "--checkpoints")

    # Imported late: TensorFlow takes seconds, and what is wrong with the arguments is known before.
    from training.forecasts import data, folder, network
    from training.forecasts.figures import MODEL

    for name, output in outputs.items():
        recipe = recipes.RECIPES[name]
        splits = data.splits_of(recipe)
        checkpoint = Checkpoint.of(options.checkpoints, f"{KIND}-{name}", data.identity_of(recipe, splits)).folder
        trained = network.train(recipe, splits, checkpoint=checkpoint)
        with output.writing(checkpoint):
            figures, parity = folder.write(trained, splits, output.folder)
        shutil.rmtree(checkpoint, ignore_errors=True)
        for column, scores in figures.scores.items():
            baseline, score = figures.best_baseline(column)
            sys.stdout.write(
                f"{name}: {figures.measure} of {column} {scores[MODEL]:.3f}, of the {baseline} {score:.3f}; "
                f"ONNX against Keras: largest relative difference {parity.largest_relative_difference:.1e}\n"
            )
        sys.stdout.flush()


def _forecast(name: str) -> str:
    if name not in recipes.RECIPES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(recipes.RECIPES)}")
    return name
