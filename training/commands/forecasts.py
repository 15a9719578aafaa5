"""``python -m training forecasts``."""

import argparse
import sys
from pathlib import Path

from app.forecasts.forecaster import KIND
from training import forecasts
from training.commands import arguments
from training.forecasts import data, folder, network, recipes
from training.forecasts.figures import MODEL


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
        type=Path,
        metavar="DIR",
        default=arguments.ROOT / "models",
        help="folder of model folders (default: models)",
    )


def _forecasts(options: argparse.Namespace) -> None:
    for name in options.names or recipes.RECIPES:
        recipe = recipes.RECIPES[name]
        splits = data.splits_of(recipe)
        trained = network.train(recipe, splits)
        figures, parity = folder.write(trained, splits, options.output / f"{KIND}-{name}")
        for output, scores in figures.scores.items():
            baseline, score = figures.best_baseline(output)
            sys.stdout.write(
                f"{name}: {figures.measure} of {output} {scores[MODEL]:.3f}, of the {baseline} {score:.3f}; "
                f"ONNX against Keras: largest relative difference {parity.largest_relative_difference:.1e}\n"
            )
        sys.stdout.flush()


def _forecast(name: str) -> str:
    if name not in recipes.RECIPES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(recipes.RECIPES)}")
    return name
