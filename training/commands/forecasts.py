"""``python -m training forecasts``."""

import argparse
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.forecasts.forecaster import KIND
from training.checkpoint import Checkpoint
from training.commands import arguments
from training.commands.arguments import add_checkpoints, natural, positive
from training.errors import TrainingError
from training.folders import ModelOutput, require_writable
from training.forecasts import recipes

if TYPE_CHECKING:
    from training.forecasts.recipes import ForecastRecipe
    from training.forecasts.series import Splits

DEFAULT_NAME: Final = "mine"
NETWORKS: Final = ("lstm", "simple-rnn", "stacked")
_DESCRIPTION = (
    "Train the lecture's forecasts, or with --data one of a series of your own, measure them beside what needs no "
    "network, and write their model folders."
)
_OWN_ONLY: Final = ("target", "steps", "features", "observations", "network", "time", "season", "name", "seed")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_TIME: Final = re.compile(r"[a-z]{1,20}")


class ForecastOptionError(TrainingError):
    """Options that do not go together, or of which one is missing."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    command = commands.add_parser("forecasts", help="train the forecasts, or one of your own", description=_DESCRIPTION)
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
    command.add_argument(
        "--report", action="store_true", help="train nothing: print the figures of the forecasts in that folder"
    )
    add_checkpoints(command)
    _add_own(command)


def _add_own(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("a series of your own")
    add = group.add_argument
    add(
        "--data",
        type=Path,
        metavar="FILE",
        help="CSV, TSV, JSON Lines or Parquet: a row a step, the oldest first, unless a time column says otherwise",
    )
    add("--target", nargs="+", metavar="COLUMN", help="the columns to forecast")
    add("--steps", type=positive, metavar="N", help="how many rows ahead to forecast")
    add(
        "--features",
        nargs="+",
        metavar="COLUMN",
        help="the columns to read beside the targets (default: all but those that are named as a time)",
    )
    add("--observations", type=positive, metavar="N", help="rows of a window (default: a tenth of all, up to 100)")
    add("--network", choices=NETWORKS, help=f"which of the lecture's architectures (default: {NETWORKS[0]})")
    add("--time", metavar="WORD", help="what lies between two rows, such as day (default: by the columns' names)")
    add(
        "--season", type=positive, metavar="N", help="after how many rows the seasons come again, for the seasonal mean"
    )
    add("--name", metavar="NAME", help=f"the name of the model (default: {DEFAULT_NAME})")
    add("--seed", type=natural, metavar="N", help="seed of the weights and the shuffling (default: 1)")


def _forecasts(options: argparse.Namespace) -> None:
    given = [f"--{name}" for name in _OWN_ONLY if getattr(options, name) is not None]
    if options.report:
        _report(options, given)
    elif options.data is not None:
        _own(options)
    elif given:
        raise ForecastOptionError(f"{given[0]} is for a series of your own; name its file with --data FILE.")
    else:
        _lectures(options)


def _report(options: argparse.Namespace, given: list[str]) -> None:
    from training.forecasts import report

    if options.data is not None or given or options.names:
        raise ForecastOptionError("--report trains nothing; leave out what says what to train.")
    sys.stdout.write(report.table(options.output))


def _lectures(options: argparse.Namespace) -> None:
    outputs = {
        name: ModelOutput(options.output / f"{KIND}-{name}", KIND, name) for name in options.names or recipes.RECIPES
    }
    for output in outputs.values():
        output.check()
    require_writable(options.checkpoints / KIND, "--checkpoints")

    # Imported late: TensorFlow takes seconds, and what is wrong with the arguments is known before.
    from training.forecasts import data

    for name, output in outputs.items():
        recipe = recipes.RECIPES[name]
        splits = data.splits_of(recipe)
        described = data.describe(recipe, splits)
        _train(recipe, splits, output, described, options.checkpoints, held_out=data.held_out(recipe))


def _own(options: argparse.Namespace) -> None:
    name = _name(options)
    output = ModelOutput(options.output / f"{KIND}-{name}", KIND, name)
    output.check()
    require_writable(options.checkpoints / KIND, "--checkpoints")

    # Imported late: pyarrow takes a moment.
    from training.forecasts import own

    wish = own.Wish(
        name=name,
        targets=options.target,
        steps=options.steps,
        network=options.network or NETWORKS[0],
        observations=options.observations,
        season=options.season,
        seed=1 if options.seed is None else options.seed,
    )
    series = own.read(options.data, options.target, options.features, options.time)
    recipe, splits = own.prepare(series, wish)
    columns = ", ".join(map(repr, series.columns))
    left_out = f"; left out: {', '.join(map(repr, series.left_out))}" if series.left_out else ""
    turned = " The newest row comes first, so the last one is read first." if series.turned else ""
    sizes = [len(part) for part in (splits.training, splits.validation, splits.test)]
    sys.stderr.write(
        f"{series.name}: {len(series):,} rows, a {series.time} each, of {columns}{left_out}.{turned}\n"
        "Windows of {:,} rows: {:,} to learn from, {:,} to choose by, {:,} held out.\n".format(
            recipe.observations, *sizes
        )
    )
    _train(recipe, splits, output, own.describe(series, wish, splits), options.checkpoints, held_out=True)
    sys.stdout.write(f"wrote {output.folder}\n")


def _name(options: argparse.Namespace) -> str:
    """Return the name of the model, once all that is needed is there."""
    for option in ("target", "steps"):
        if getattr(options, option) is None:
            raise ForecastOptionError(f"--data needs --{option}: which columns to forecast, and how many rows ahead.")
    if options.names:
        raise ForecastOptionError(f"{options.names[0]} is one of the lecture's; leave it out with --data.")
    name = options.name or DEFAULT_NAME
    if not _NAME.fullmatch(name) or name in recipes.RECIPES:
        raise ForecastOptionError(
            f"--name should be at most 64 lower-case letters, digits, dots and hyphens, and none of the "
            f"lecture's; not {name[:80]!r}."
        )
    if options.time is not None and not _TIME.fullmatch(options.time):
        raise ForecastOptionError(
            f"--time should be one word in lower-case letters, such as day; {options.time!r} is not."
        )
    return name


def _train(
    recipe: "ForecastRecipe",
    splits: "Splits",
    output: ModelOutput,
    described: dict[str, Any],
    checkpoints: Path,
    *,
    held_out: bool,
) -> None:
    """Train, write the model folder and say how good it is."""
    # Imported late: TensorFlow takes seconds.
    from training.forecasts import card, data, folder, network
    from training.forecasts.figures import MODEL, decimals

    checkpoint = Checkpoint.of(checkpoints, f"{KIND}-{recipe.name}", data.identity_of(recipe, splits)).folder
    trained = network.train(recipe, splits, checkpoint=checkpoint)
    with output.writing(checkpoint):
        figures, parity = folder.write(trained, splits, output.folder, described, held_out=held_out)
    shutil.rmtree(checkpoint, ignore_errors=True)
    for column, against in figures.against_best.items():
        scores = figures.scores[column]
        digits = decimals(scores[against.baseline])
        interval = ""
        if against.interval is not None:
            low, high = against.interval
            interval = f" ({low:+.{digits}f} to {high:+.{digits}f})"
        sys.stdout.write(
            f"{recipe.name}: {figures.measure} of {column} {scores[MODEL]:.{digits}f}, of the {against.baseline} "
            f"{scores[against.baseline]:.{digits}f}, difference {against.difference:+.{digits}f}{interval}; "
            f"ONNX against Keras: largest relative difference {parity.largest_relative_difference:.1e}\n"
        )
    if held_out:
        sys.stdout.write(f"{card.verdict(figures)}\n")
    sys.stdout.flush()


def _forecast(name: str) -> str:
    if name not in recipes.RECIPES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(recipes.RECIPES)}")
    return name
