"""What the arguments of several commands have in common."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from training.corpora import imdb

if TYPE_CHECKING:
    from training.corpora.own import Columns, OwnTexts

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


def add_columns(command: "argparse._ActionsContainer") -> None:
    """Add the options that say which columns of a file of the user's own are read."""
    command.add_argument("--text", metavar="COLUMN", help="the column of the texts, unless it has a usual name")
    command.add_argument(
        "--label", metavar="COLUMN", help="the column of the labels or stars, unless it has a usual name"
    )
    command.add_argument(
        "--stars",
        nargs="?",
        choices=("three", "five"),
        const="three",
        help="the labels are stars from 1 to 5: 1 and 2 are negative, 3 is neutral, 4 and 5 are positive; with "
        "`--stars five` each is a label",
    )


def columns(
    options: argparse.Namespace, *, group: str | None = None, part: str | None = None, model: str | None = None
) -> "Columns":
    """Return which columns were asked for."""
    from training.corpora.own import Columns

    return Columns(options.text, options.label, group, part, options.stars, model)


def say_columns(texts: "OwnTexts") -> None:
    """Say which columns were read, and which labels had to be renamed."""
    for file in texts.files:
        sys.stderr.write(
            f"{file.name}: {file.rows:,} labelled rows, texts in the column {file.text!r}, labels in {file.label!r}.\n"
        )
    for label, name in texts.renamed.items():
        sys.stderr.write(f"The label {label!r} is named {name}.\n")


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
