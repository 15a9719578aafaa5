"""What the arguments of several commands have in common."""

import argparse
from pathlib import Path
from typing import Any, Final

from training.corpora import imdb

ROOT: Final = Path(__file__).resolve().parent.parent.parent
"""The repository. Models are written into its folder ``models``, those of quick runs into ``build``."""


def add_data(command: argparse.ArgumentParser) -> None:
    """Add the option that says where the reviews are."""
    command.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the archive aclImdb_v1.tar.gz, the folder it unpacks to, or a folder of train.parquet, test.parquet and "
        "unsup.parquet; by default the archive is downloaded once",
    )


def add_corpora(command: argparse.ArgumentParser, **options: Any) -> None:
    """Add the option that says where the corpora beside the reviews are.

    Args:
        command: Where to add it.
        **options: Of ``argparse``.
    """
    command.add_argument("--corpora", type=Path, metavar="DIR", **options)


def add_checkpoints(command: argparse.ArgumentParser) -> None:
    """Add the option that says where checkpoints are."""
    command.add_argument(
        "--checkpoints",
        type=Path,
        metavar="DIR",
        default=imdb.cache_folder() / "checkpoints",
        help="where the state of an interrupted training is kept (default: %(default)s)",
    )


def folder(text: str) -> Path:
    """Read the path of a folder to write."""
    return Path(text).resolve()


def positive(text: str) -> int:
    """Read a number from 1.

    Raises:
        argparse.ArgumentTypeError: It is less.
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not a positive number")
    return number


def natural(text: str) -> int:
    """Read a number that a seed can be.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to {2**32 - 1}")
    return number
