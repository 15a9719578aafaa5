"""What the arguments of several commands have in common."""

import argparse
from pathlib import Path
from typing import Final

from app.artifacts.manifest import MANIFEST

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


def replaceable(text: str) -> Path:
    """Read a model folder to write, which is replaced if it exists; other folders are not.

    Raises:
        argparse.ArgumentTypeError: It is a folder of something else.
    """
    folder = Path(text).resolve()
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise argparse.ArgumentTypeError(f"{folder} exists and is not a model folder")
    return folder


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
