"""``python -m training sentiment``."""

import argparse
import shutil
import sys
from pathlib import Path

from training.commands import arguments
from training.commands.arguments import add_data, natural, positive, replaceable
from training.corpora import imdb
from training.sentiment import model_folder, recipes

_DESCRIPTION = "Train a recipe, evaluate it on the test reviews and write its model folder."


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    command = commands.add_parser("sentiment", help="train a sentiment model", description=_DESCRIPTION)
    command.set_defaults(run=_sentiment)
    command.add_argument(
        "--recipe", choices=recipes.RECIPES, default="lecture", help="what to train (default: lecture)"
    )
    add_data(command)
    command.add_argument("--seed", type=natural, help="seed of weights and shuffling (default: the recipe's)")
    command.add_argument(
        "--sample", type=positive, metavar="N", help="quick run: N training and N test reviews, into build/"
    )
    command.add_argument(
        "--output", type=replaceable, metavar="DIR", help="model folder to write (default: models/sentiment-…)"
    )
    command.add_argument(
        "--checkpoints",
        type=Path,
        metavar="DIR",
        default=imdb.cache_folder() / "checkpoints",
        help="where the state of an interrupted training is kept (default: %(default)s)",
    )


def _sentiment(options: argparse.Namespace) -> None:
    recipe = recipes.RECIPES[options.recipe]
    train, test = imdb.load("train", options.data), imdb.load("test", options.data)
    unlabelled = imdb.load("unsup", options.data) if recipes.reads_unlabelled(recipe) else None
    place = arguments.ROOT / "models"
    if options.sample is not None:
        place = arguments.ROOT / "build"
        train, test = (reviews.sample(options.sample, seed=0) for reviews in (train, test))
        unlabelled = unlabelled.sample(options.sample, seed=0) if unlabelled is not None else None
    output: Path = options.output or place / f"sentiment-{recipe.name}"
    seed = recipe.seed if options.seed is None else options.seed
    checkpoint = recipes.checkpoint_folder(options.checkpoints, recipe, train, unlabelled, seed)
    trained = recipes.train(recipe, train, unlabelled, seed=seed, checkpoint=checkpoint)
    sys.stderr.write(f"Evaluating on {len(test):,} test reviews.\n")
    figures, parity = model_folder.write(trained, train, test, output)
    shutil.rmtree(checkpoint, ignore_errors=True)
    sys.stdout.write(
        f"test accuracy {figures.accuracy:.4f}, log loss {figures.log_loss:.4f}, "
        f"ONNX against Keras: largest difference {parity.largest_difference:.1e}, "
        f"{parity.labels_that_differ} of {parity.texts:,} labels differ\n"
        f"wrote {output}\n"
    )
