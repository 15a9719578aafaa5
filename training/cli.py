"""``python -m training``: make the models and the vector spaces that the service serves."""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.artifacts import MANIFEST, ArtifactError
from app.forecasts.forecaster import KIND as FORECAST
from app.vectors.folder import KIND as VECTORS
from training import embedding, forecasts, glove, imdb, model_folder, sentiment, vector_folder, word2vec
from training.fitting import Interrupted
from training.forecasts import data, folder, network, recipes
from training.forecasts.figures import MODEL

ROOT: Final = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        The exit status: 0; 2 with a sentence on standard error; 130 after an interrupt.
    """
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
    except (imdb.DataError, ArtifactError, glove.NotInstalled) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except Interrupted as interrupt:
        sys.stderr.write(f"\n{interrupt} The same command goes on from there.\n")
        return 130
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("sentiment", help="train a sentiment model", description=sentiment.__doc__)
    command.set_defaults(run=_sentiment)
    command.add_argument(
        "--recipe", choices=sentiment.RECIPES, default="lecture", help="what to train (default: lecture)"
    )
    _add_data(command)
    command.add_argument("--seed", type=_natural, help="seed of weights and shuffling (default: the recipe's)")
    command.add_argument(
        "--sample", type=_positive, metavar="N", help="quick run: N training and N test reviews, into build/"
    )
    command.add_argument(
        "--output", type=_replaceable, metavar="DIR", help="model folder to write (default: models/sentiment-…)"
    )
    command.add_argument(
        "--checkpoints",
        type=Path,
        metavar="DIR",
        default=imdb.cache_folder() / "checkpoints",
        help="where the state of an interrupted training is kept (default: %(default)s)",
    )

    command = commands.add_parser("word2vec", help="train word vectors on the reviews", description=word2vec.__doc__)
    command.set_defaults(run=_word2vec)
    _add_data(command)
    command.add_argument(
        "--seed", type=_natural, default=word2vec.RECIPE.seed, help="seed of the training (default: %(default)s)"
    )
    command.add_argument(
        "--threads",
        type=_positive,
        default=os.cpu_count() or 1,
        help="threads; with more than one, two runs differ a little (default: %(default)s)",
    )
    command.add_argument("--sample", type=_positive, metavar="N", help="quick run: N reviews a split, into build/")
    _add_space_output(command, word2vec.NAME)

    command = commands.add_parser("glove", help="prepare GloVe for the service", description=glove.__doc__)
    command.set_defaults(run=_glove)
    _add_space_output(command, glove.NAME)

    command = commands.add_parser(
        "embedding", help="make a space of a model's Embedding layer", description=embedding.__doc__
    )
    command.set_defaults(run=_embedding)
    command.add_argument(
        "--model",
        type=Path,
        metavar="DIR",
        default=ROOT / "models" / "sentiment-lecture",
        help="folder of the sentiment model (default: models/sentiment-lecture)",
    )
    _add_space_output(command, "<model>")

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
        "--output", type=Path, metavar="DIR", default=ROOT / "models", help="folder of model folders (default: models)"
    )
    return parser


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the archive aclImdb_v1.tar.gz, the folder it unpacks to, or a folder of train.parquet, test.parquet and "
        "unsup.parquet; by default the archive is downloaded once",
    )


def _add_space_output(command: argparse.ArgumentParser, name: str) -> None:
    command.add_argument(
        "--output", type=_replaceable, metavar="DIR", help=f"model folder to write (default: models/{VECTORS}-{name})"
    )


def _word2vec(arguments: argparse.Namespace) -> None:
    splits = {split: imdb.load(split, arguments.data) for split in word2vec.SPLITS}
    place = ROOT / "models"
    if arguments.sample is not None:
        place = ROOT / "build"
        splits = {split: reviews.sample(arguments.sample, seed=0) for split, reviews in splits.items()}
    recipe = replace(word2vec.RECIPE, seed=arguments.seed)
    _write_space(word2vec.train(recipe, splits, arguments.threads), place, arguments.output)


def _glove(arguments: argparse.Namespace) -> None:
    _write_space(glove.read(), ROOT / "models", arguments.output)


def _embedding(arguments: argparse.Namespace) -> None:
    _write_space(embedding.read(arguments.model), ROOT / "models", arguments.output)


def _write_space(vectors: vector_folder.Vectors, place: Path, output: Path | None) -> None:
    folder = output or place / f"{VECTORS}-{vectors.name}"
    space = vector_folder.write(vectors, folder)
    sys.stdout.write(f"{len(space):,} words of {space.dimensions} dimensions\nwrote {folder}\n")


def _sentiment(arguments: argparse.Namespace) -> None:
    recipe = sentiment.RECIPES[arguments.recipe]
    train, test = imdb.load("train", arguments.data), imdb.load("test", arguments.data)
    place = ROOT / "models"
    if arguments.sample is not None:
        place = ROOT / "build"
        train, test = (reviews.sample(arguments.sample, seed=0) for reviews in (train, test))
    output: Path = arguments.output or place / f"sentiment-{recipe.name}"
    seed = recipe.seed if arguments.seed is None else arguments.seed
    checkpoint = sentiment.checkpoint_folder(arguments.checkpoints, recipe, train, seed)
    trained = sentiment.train(recipe, train, seed=seed, checkpoint=checkpoint)
    sys.stderr.write(f"Evaluating on {len(test):,} test reviews.\n")
    figures, parity = model_folder.write(trained, train, test, output)
    shutil.rmtree(checkpoint, ignore_errors=True)
    sys.stdout.write(
        f"test accuracy {figures.accuracy:.4f}, log loss {figures.log_loss:.4f}, "
        f"ONNX against Keras: largest difference {parity.largest_difference:.1e}, "
        f"{parity.labels_that_differ} of {parity.texts:,} labels differ\n"
        f"wrote {output}\n"
    )


def _forecasts(arguments: argparse.Namespace) -> None:
    for name in arguments.names or recipes.RECIPES:
        recipe = recipes.RECIPES[name]
        splits = data.splits_of(recipe)
        trained = network.train(recipe, splits)
        figures, parity = folder.write(trained, splits, arguments.output / f"{FORECAST}-{name}")
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


def _replaceable(text: str) -> Path:
    folder = Path(text).resolve()
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise argparse.ArgumentTypeError(f"{folder} exists and is not a model folder")
    return folder


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a positive number")
    return number


def _natural(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to {2**32 - 1}")
    return number
