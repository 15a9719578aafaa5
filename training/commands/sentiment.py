"""``python -m training sentiment``."""

import argparse
import shutil
import sys

from app.sentiment.classifier import KIND
from training.checkpoint import Checkpoint, identity
from training.commands import arguments
from training.commands.arguments import add_checkpoints, add_data, folder, natural, positive
from training.corpora import imdb
from training.folders import ModelOutput, require_writable
from training.sentiment import recipes
from training.sentiment.distillation.recipe import DistillationRecipe

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
        "--output", type=folder, metavar="DIR", help="model folder to write (default: models/sentiment-…)"
    )
    add_checkpoints(command)


def _sentiment(options: argparse.Namespace) -> None:
    recipe = recipes.RECIPES[options.recipe]
    name = f"{KIND}-{recipe.name}"
    place = arguments.ROOT / ("models" if options.sample is None else "build")
    output = ModelOutput(options.output or place / name, KIND, name)
    output.check()
    require_writable(options.checkpoints / name, "--checkpoints")
    train, test = imdb.load("train", options.data), imdb.load("test", options.data)
    test.require_ratings()
    unlabelled = imdb.load("unsup", options.data) if isinstance(recipe, DistillationRecipe) else None
    if options.sample is not None:
        train, test = (reviews.sample(options.sample, seed=0) for reviews in (train, test))
        unlabelled = unlabelled.sample(options.sample, seed=0) if unlabelled is not None else None
    seed = recipe.seed if options.seed is None else options.seed
    read = [split.sha256 for split in (train, unlabelled) if split is not None]
    checkpoint = Checkpoint.of(options.checkpoints, name, identity(recipe, read, seed)).folder

    # Imported late: TensorFlow takes seconds, and what is wrong with the arguments is known before.
    from training.sentiment import model_folder
    from training.sentiment.train import train as train_recipe

    trained = train_recipe(recipe, train, unlabelled, seed=seed, checkpoint=checkpoint)
    sys.stderr.write(f"Evaluating on {len(test):,} test reviews.\n")
    with output.writing(checkpoint):
        figures, parity = model_folder.write(trained, train, test, output.folder)
    shutil.rmtree(checkpoint, ignore_errors=True)
    sys.stdout.write(
        f"test accuracy {figures.accuracy:.4f}, log loss {figures.log_loss:.4f}, "
        f"ONNX against Keras: largest difference {parity.largest_difference:.1e}, "
        f"{parity.labels_that_differ} of {parity.texts:,} labels differ\n"
        f"wrote {output.folder}\n"
    )
