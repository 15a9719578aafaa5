"""The folders that training writes: whole or not at all, and never in the place of something else."""

import errno
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, Final

from app.artifacts.manifest import MANIFEST
from training.errors import TrainingError

ROOM: Final = 64 * 2**20
"""Bytes that must be free before a training begins: twice what the largest model folder takes."""


class OutputError(TrainingError):
    """Nothing can be, or may be, written where it should go."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the place of ``folder`` when the block ends without error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True) as place:
        new, old = Path(place, "new"), Path(place, "old")
        new.mkdir()
        yield new
        try:
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        finally:
            if old.exists() and not folder.exists():
                old.rename(folder)


@dataclass(frozen=True)
class ModelOutput:
    """The model folder that a command is going to write.

    Attributes:
        folder: Where.
        kind: The kind of what will lie there, as in its manifest.
        name: Its name, as in its manifest.
        versioned: Whether it is a version, beside which others of the same name lie.
    """

    folder: Path
    kind: str
    name: str
    versioned: bool = False

    def check(self) -> None:
        """Find out, before there is anything to lose, whether the folder can be written; say so if its name misleads.

        Raises:
            OutputError: It is not a folder or is the folder of something else, a folder beside it holds a model of the
                same kind and name, it cannot be written, or there is too little room.
        """
        self._require_ours()
        self._require_alone()
        require_writable(self.folder)
        if not self.versioned and self.folder.name not in (self.name, f"{self.kind}-{self.name}"):
            sys.stderr.write(f"note: {self.folder} will hold the model {self.name}: requests pick it by that name.\n")

    @contextmanager
    def writing(self, checkpoint: Path | None = None) -> Iterator[None]:
        """Turn what goes wrong while the folder is written into one sentence.

        Args:
            checkpoint: Where the finished training is kept.

        Raises:
            OutputError: It could not be written.
        """
        try:
            yield
        except OSError as error:
            kept = (
                f"; the training is kept in {checkpoint}, and the same command goes on from there" if checkpoint else ""
            )
            raise OutputError(f"{self.folder} cannot be written ({error.strerror or error}){kept}.") from error

    def _require_ours(self) -> None:
        folder = self.folder
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} exists and is not a model folder but a file; name another --output.")
        if not folder.is_dir() or not any(folder.iterdir()):
            return
        if not (folder / MANIFEST).is_file():
            raise OutputError(f"{folder} exists and is not a model folder; name another --output.")
        found = _identity(folder)
        # A folder of the right name whose manifest is damaged is what training again is to mend.
        damaged_but_ours = found is None and folder.name in (self.name, f"{self.kind}-{self.name}")
        if found != (self.kind, self.name) and not damaged_but_ours:
            what = "something else" if found is None else f"another model, {found[1]} of the kind {found[0]}"
            raise OutputError(f"{folder} holds {what}, which is not replaced; remove it or name another --output.")

    def _require_alone(self) -> None:
        if self.versioned:
            return
        for manifest in sorted(self.folder.parent.glob(f"*/{MANIFEST}")):
            if manifest.parent != self.folder and _identity(manifest.parent) == (self.kind, self.name):
                raise OutputError(
                    f"{manifest.parent} is a model named {self.name} already, and of two folders of one name only one "
                    f"could be served; remove it, or write into it with --output {manifest.parent}."
                )


def trained_by(folder: Path) -> str | None:
    """Return the name of the recipe in the manifest of a model folder, ``own`` for a model of the user's own texts.

    ``None`` if there is no such folder, or its manifest does not say.
    """
    try:
        recipe: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())["recipe"]
        return "own" if "own" in recipe else str(recipe["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def require_writable(folder: Path, option: str = "--output") -> None:
    """Write something where a folder is to be made, and remove it.

    Args:
        folder: The folder.
        option: By which the user can name another one.

    Raises:
        OutputError: It cannot be made or written, or there are less than :data:`ROOM` bytes free.
    """
    made = [place for place in (folder.parent, *folder.parent.parents) if not place.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder.parent).close()
        if shutil.disk_usage(folder.parent).free < ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}); name another {option}.") from error
    finally:
        with suppress(OSError):
            for place in made:
                place.rmdir()


def _identity(folder: Path) -> tuple[str, str] | None:
    """Read the kind and the name of a model folder, whose files need not be whole; ``None`` if it does not say."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        return str(manifest["kind"]), str(manifest["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
