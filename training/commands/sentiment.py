"""``python -m training sentiment``."""

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from app.sentiment.classifier import KIND
from training.checkpoint import Checkpoint, identity
from training.commands import arguments, own
from training.commands.arguments import add_checkpoints, add_corpora, folder, natural, positive
from training.corpora import imdb
from training.errors import TrainingError
from training.folders import ModelOutput, require_writable
from training.sentiment import recipes
from training.sentiment.general.recipe import IMDB, PARTS, GeneralRecipe
from training.sentiment.recipes import LectureRecipe

_DESCRIPTION = """Train a model, measure it on rows that it has not seen, and write its model folder.

With --data FILE … it is trained on labelled texts of your own. The recipe adapt, which is the default for them, goes
on from a model that knows English already; lecture and best start from nothing, and so work with any language that has
spaces between its words. Without a file, the recipes lecture and best are trained on the reviews of IMDb."""
_OPTIONAL = tuple(name for name in PARTS if name != IMDB)


class OptionError(TrainingError):
    """An option that the recipe has no use for."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    command = commands.add_parser(
        "sentiment",
        help="train a sentiment model, on texts of your own or on IMDb's reviews",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=_sentiment)
    command.add_argument(
        "--recipe",
        choices=(own.ADAPT, *recipes.RECIPES),
        help="what to train (default: adapt for a file, lecture for IMDb's reviews)",
    )
    command.add_argument(
        "--data",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="files of your own: CSV, TSV, JSON Lines or Parquet, gzipped or not; or the reviews of IMDb: the archive "
        "aclImdb_v1.tar.gz, the folder it unpacks to, or a folder of train.parquet, test.parquet and unsup.parquet; by "
        "default that archive is downloaded once",
    )
    own.add_options(command)
    add_corpora(
        command,
        help="a folder with the further corpora that the recipe best reads, as Parquet or as published; by default "
        "each is downloaded once from its official place",
    )
    command.add_argument(
        "--without",
        type=_without,
        metavar="NAME[,NAME…]",
        default=(),
        help=f"train the recipe best without some of {', '.join(_OPTIONAL)}, into build/",
    )
    command.add_argument("--seed", type=natural, help="seed of weights and shuffling (default: the recipe's)")
    command.add_argument(
        "--sample",
        type=positive,
        metavar="N",
        help="quick run: N training and N test reviews, up to N texts of each further corpus, one epoch of each of "
        "the networks of the recipe best; into build/",
    )
    command.add_argument(
        "--output", type=folder, metavar="DIR", help="model folder to write (default: models/sentiment-…)"
    )
    add_checkpoints(command)


def _sentiment(options: argparse.Namespace) -> None:
    if own.wanted(options):
        own.train(options)
        return
    if options.data is not None:
        (options.data,) = options.data
    recipe = _recipe(options)
    name = f"{KIND}-{recipe.name}"
    output = ModelOutput(options.output or arguments.ROOT / _place(options) / name, KIND, name)
    output.check()
    require_writable(options.checkpoints / name, "--checkpoints")

    # Imported late, here and below: pyarrow, TensorFlow and others take seconds, and what is wrong with the arguments
    # is known before.
    from training.sentiment import data

    read, test = data.load(recipe, options.data, options.corpora), imdb.load("test", options.data)
    test.require_ratings()
    if options.sample is not None:
        read, test = read.sample(options.sample, seed=0), test.sample(options.sample, seed=0)
        recipe = data.quick(recipe, options.sample) if isinstance(recipe, GeneralRecipe) else recipe
    seed = recipe.seed if options.seed is None else options.seed
    checkpoint = Checkpoint.of(options.checkpoints, name, identity(recipe, read.sha256, seed))

    from training.sentiment import model_folder
    from training.sentiment.train import train as train_recipe

    trained = train_recipe(recipe, read, seed=seed, checkpoint=checkpoint)
    sys.stderr.write(f"Evaluating on {len(test):,} test reviews.\n")
    with output.writing(checkpoint.folder):
        figures, parity = model_folder.write(trained, read.reviews, test, output.folder)
    shutil.rmtree(checkpoint.folder, ignore_errors=True)
    sys.stdout.write(
        f"test accuracy {figures.accuracy:.4f}, log loss {figures.log_loss:.4f}, "
        f"ONNX against Keras: largest difference {parity.largest_difference:.1e}, "
        f"{parity.labels_that_differ} of {parity.texts:,} labels differ\n"
        f"wrote {output.folder}\n"
    )


def _recipe(options: argparse.Namespace) -> LectureRecipe | GeneralRecipe:
    """Return the recipe that was asked for.

    Raises:
        OptionError: It reads reviews alone, and further corpora are named.
    """
    recipe = recipes.RECIPES[options.recipe or "lecture"]
    if isinstance(recipe, GeneralRecipe):
        return replace(recipe, without=options.without)
    named = next((f"--{name}" for name in ("without", "corpora") if getattr(options, name)), None)
    if named is not None:
        raise OptionError(f"The recipe {recipe.name} reads reviews alone; leave out {named}.")
    return recipe


def _place(options: argparse.Namespace) -> str:
    """Return the folder of the model folder: trials do not go where models are served from."""
    if options.without:
        # Of two folders of one name only one may lie in a place.
        return f"build/without-{'-'.join(options.without)}"
    return "models" if options.sample is None else "build"


def _without(text: str) -> tuple[str, ...]:
    """Read the names of what is left out, in the order of the recipe's.

    Raises:
        argparse.ArgumentTypeError: There is nothing of that name, or it is not left out.
    """
    named = text.split(",")
    unknown = next((name for name in named if name not in _OPTIONAL), None)
    if unknown is not None:
        raise argparse.ArgumentTypeError(f"{unknown!r} is none of {', '.join(_OPTIONAL)}")
    return tuple(name for name in _OPTIONAL if name in named)
