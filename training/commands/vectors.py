"""``python -m training word2vec``, ``glove`` and ``embedding``: the spaces of word vectors."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from app.vectors.folder import KIND
from training.commands import arguments
from training.commands.arguments import add_data, natural, positive, replaceable
from training.corpora import imdb
from training.vectors import embedding, glove, word2vec
from training.vectors import folder as vector_folder


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    command = commands.add_parser("word2vec", help="train word vectors on the reviews", description=word2vec.__doc__)
    command.set_defaults(run=_word2vec)
    add_data(command)
    command.add_argument(
        "--seed", type=natural, default=word2vec.RECIPE.seed, help="seed of the training (default: %(default)s)"
    )
    command.add_argument(
        "--threads",
        type=positive,
        default=os.cpu_count() or 1,
        help="threads; with more than one, two runs differ a little (default: %(default)s)",
    )
    command.add_argument("--sample", type=positive, metavar="N", help="quick run: N reviews a split, into build/")
    _add_output(command, word2vec.NAME)

    command = commands.add_parser("glove", help="prepare GloVe for the service", description=glove.__doc__)
    command.set_defaults(run=_glove)
    _add_output(command, glove.NAME)

    command = commands.add_parser(
        "embedding", help="make a space of a model's Embedding layer", description=embedding.__doc__
    )
    command.set_defaults(run=_embedding)
    command.add_argument(
        "--model",
        type=Path,
        metavar="DIR",
        default=arguments.ROOT / "models" / "sentiment-lecture",
        help="folder of the sentiment model (default: models/sentiment-lecture)",
    )
    _add_output(command, "<model>")


def _add_output(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument(
        "--output", type=replaceable, metavar="DIR", help=f"model folder to write (default: models/{KIND}-{name})"
    )


def _word2vec(options: argparse.Namespace) -> None:
    splits = {split: imdb.load(split, options.data) for split in word2vec.SPLITS}
    place = arguments.ROOT / "models"
    if options.sample is not None:
        place = arguments.ROOT / "build"
        splits = {split: reviews.sample(options.sample, seed=0) for split, reviews in splits.items()}
    recipe = replace(word2vec.RECIPE, seed=options.seed)
    _write_space(word2vec.train(recipe, splits, options.threads), place, options.output)


def _glove(options: argparse.Namespace) -> None:
    _write_space(glove.read(), arguments.ROOT / "models", options.output)


def _embedding(options: argparse.Namespace) -> None:
    _write_space(embedding.read(options.model), arguments.ROOT / "models", options.output)


def _write_space(vectors: vector_folder.Vectors, place: Path, output: Path | None) -> None:
    folder = output or place / f"{KIND}-{vectors.name}"
    space = vector_folder.write(vectors, folder)
    sys.stdout.write(f"{len(space):,} words of {space.dimensions} dimensions\nwrote {folder}\n")
