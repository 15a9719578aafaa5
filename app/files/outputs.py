"""Bytes out: standard output, or a file that appears whole or not at all."""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from app.files.errors import InputError, reason
from app.files.sources import GZIP


@contextmanager
def open_output(path: Path | None) -> Iterator[BinaryIO]:
    """Open a file to write, packed if its name ends in ``.gz``, or standard output if there is no path.

    The file takes its name, and the place of one that has it, once the block has ended without error.

    Raises:
        InputError: It cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    try:
        if path is None:
            yield sys.stdout.buffer
            sys.stdout.flush()
        elif path.exists() and not path.is_file():  # A device or a pipe must stay what it is.
            with path.open("wb") as device:
                yield device
        else:
            with _replacing(path.resolve()) as file, packing(file, path) as packed:
                yield packed
    except BrokenPipeError:
        raise
    except OSError as error:
        name = "Standard output" if path is None else path
        raise InputError(f"{name} cannot be written ({reason(error)}).") from error


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial.open("xb") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def packing(file: BinaryIO, path: PurePath) -> Iterator[BinaryIO]:
    """Pack what is written into a file for the block, if its name ends in ``.gz``."""
    if path.suffix != GZIP:
        yield file
        return
    with gzip.open(file, "wb", compresslevel=6) as packed:
        yield cast("BinaryIO", packed)
