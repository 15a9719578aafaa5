"""Analogies on the command line: king is to queen as man is to what?"""

import argparse
import sys
from typing import Final

from app.settings import settings_from
from app.vectors.registry import VectorSpaces

TOPN: Final = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("a", help="is to")
    parser.add_argument("b", help="as")
    parser.add_argument("c", help="is to each of the words that are printed")
    parser.add_argument("--space", default="glove", metavar="NAME", help="vector space (default: %(default)s)")
    parser.add_argument("--topn", type=_positive, default=TOPN, metavar="N", help="words to print (default: 10)")
    parser.add_argument(
        "--raw", action="store_true", help="the lecture's arithmetic: vectors as they are, and no word left out"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the words nearest to b − a + c with their similarities, nearest first.

    Raises:
        app.settings.SettingsError: A setting is wrong.
        app.artifacts.manifest.ArtifactError: A space cannot be used.
        app.artifacts.registry.UnknownName: There is no such space.
        app.vectors.space.UnknownWord: A word is not in it.
        app.vectors.space.NoDirection: The words cancel each other out.
    """
    settings = settings_from(arguments)
    name = arguments.space
    space = VectorSpaces(settings.models_dir, settings.vectors_files, only=name).get(name)
    found = space.most_similar(
        [arguments.b, arguments.c],
        [arguments.a],
        topn=arguments.topn,
        normalize=not arguments.raw,
        exclude_inputs=not arguments.raw,
    )
    for word, similarity in found:
        sys.stdout.write(f"{word} {similarity:.4f}\n")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a positive number")
    return number
