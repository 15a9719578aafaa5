"""Versions of a model: the numbered folders in its folder, and the file that names the one to be served."""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from app.artifacts.manifest import ArtifactError, Manifest, open_regular

CURRENT: Final = "current"
"""The file in a model folder that names the version to be served."""
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
_UNSEEN: Final = 2
"""Length of an entry of a signature that says only why it could not be seen."""
_MOST: Final = 64
"""Bytes of a file that names a version, at most."""

Signature = tuple[tuple[str | int, ...], ...]
"""Of each file in a folder: its name, inode, size, and when its bytes and its inode changed, in nanoseconds. Between
two that are alike, nothing changed in the folder."""


class ModelId(NamedTuple):
    """What answers, logs and metrics call a model."""

    name: str
    version: str


@dataclass(frozen=True)
class FolderState:
    """What a model folder holds.

    Attributes:
        current: The version that its file :data:`CURRENT` names; ``None`` if there is no such file.
        versions: The folders of its versions with their signatures, the highest first; the folder itself, if it has no
            numbered folders.
    """

    current: str | None
    versions: dict[Path, Signature]

    @property
    def numbers(self) -> list[str]:
        """The numbers of its versions, the lowest first; none, if it has no numbered folders."""
        return [path.name for path in reversed(self.versions) if is_version(path.name)]

    @property
    def is_begun(self) -> bool:
        """Whether it holds nothing yet but what is hidden, such as its first version while that is being written."""
        if self.current is not None or self.numbers:
            return False
        (signature,) = self.versions.values()
        return bool(signature) and all(len(entry) > _UNSEEN and str(entry[0]).startswith(".") for entry in signature)

    @property
    def wanted(self) -> list[Path]:
        """The folders of which the first complete one is to be served; none, if there is no such version."""
        if self.current is None:
            return list(self.versions)
        return [path for path in self.versions if is_version(path.name) and path.name == self.current]


def is_version(name: str) -> bool:
    """Whether a folder of this name holds a version of the model whose folder it lies in."""
    return _NUMBER.fullmatch(name) is not None


def version_of(folder: Path, manifest: Manifest) -> str:
    """Return the version by which a model is asked for.

    Args:
        folder: The folder with its manifest.
        manifest: The manifest.

    Returns:
        The number of the folder, if that is its name, else what the manifest says.
    """
    return folder.name if is_version(folder.name) else manifest.version


def look(folder: Path) -> FolderState:
    """See what a model folder holds, without reading more than names, sizes and times.

    What cannot be seen is no error here; who loads the folder is told.
    """
    numbered = []
    with suppress(OSError):
        numbered = [path for path in folder.iterdir() if is_version(path.name) and _is_folder(path)]
    paths = sorted(numbered, key=lambda path: int(path.name), reverse=True) or [folder]
    return FolderState(_read_current(folder), {path: signature(path) for path in paths})


def signature(folder: Path) -> Signature:
    """Return the state of a folder's files; what cannot be seen is part of it."""
    try:
        with os.scandir(folder) as entries:
            return tuple(sorted(map(_fingerprint, entries)))
    except OSError as error:
        return ((".", error.errno or 0),)


def use_version(folder: Path, version: str) -> None:
    """Have a version be served from now on, by every process that serves the folder.

    Raises:
        ArtifactError: There is no such version, or it cannot be noted.
    """
    known = look(folder).numbers
    if version not in known:
        there_are = ", ".join(known) or "none"
        raise ArtifactError(f"{folder} has no version {version} (there is: {there_are}); name one of these.")
    partial = folder / f".{CURRENT}.{os.getpid()}"
    try:
        partial.write_text(f"{version}\n", encoding="ascii")
        partial.replace(folder / CURRENT)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ArtifactError(
            f"{folder / CURRENT} cannot be written ({error.strerror}); run this where the models can be written."
        ) from error


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder, or a link that may lead to one."""
    return path.is_dir() or path.is_symlink()


def _read_current(folder: Path) -> str | None:
    try:
        with open_regular(folder / CURRENT) as file:
            return file.read(_MOST).decode("utf-8", "replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"({error.strerror})"


def _fingerprint(entry: os.DirEntry[str]) -> tuple[str | int, ...]:
    try:
        found = entry.stat()
    except OSError as error:
        return entry.name, error.errno or 0
    return entry.name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
