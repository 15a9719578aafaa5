"""Where files lie: a disk, or an object store such as S3, behind pyarrow's file systems."""

import io
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from app.files.errors import InputError, reason

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

try:
    from pyarrow import fs
except ImportError as missing:
    raise InputError("--ray needs pyarrow, which is not installed; install the extra `ray`.") from missing

SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
OPTIONS: Final = re.compile(r"\?[a-z_]+=[^/]*$")
"""What pyarrow takes behind an address, such as ``?region=eu-central-1``."""
KEYS: Final = re.compile(r"://[^/@]*@")
"""What an address may have of keys before the name of the bucket."""
WILDCARD: Final = re.compile(r"[*?\[]")
_CLASS: Final = re.compile(r"\[[^\]/]+\]")
SUCCESS: Final = "_SUCCESS"
"""The file that says that a folder is complete, as Hadoop and Spark have it."""
PARTIAL: Final = ".partial"
COPIED: Final = 2**23
_OBJECT_STORES: Final = {"s3", "gcs", "abfs"}
"""File systems that have no folders, only names with slashes."""
_MESSAGE: Final = 300


class StoreError(InputError):
    """A store refuses to read or to write. That says nothing of the file."""


@dataclass(frozen=True)
class StoredFile:
    """A file in a store.

    Attributes:
        path: Where it is, as the store names it.
        relative: The same below the folder that was asked for.
        size: Its bytes.
        changed: When it changed, in nanoseconds; 0 if the store does not say.
    """

    path: str
    relative: str
    size: int
    changed: int


class Store:
    """A folder in a file system. It can be pickled."""

    def __init__(self, files: Any, base: str, shown: str) -> None:
        """Hold a file system and the path of a folder in it; ``shown`` is what to call the folder in a message."""
        self._files = files
        self._base = base.rstrip("/") or "/"
        self._shown = shown

    @classmethod
    def at(cls, address: str) -> "Store":
        """Return the store of a folder.

        Args:
            address: A path, or an address such as ``s3://bucket/folder``, with pyarrow's options behind a ``?``.

        Raises:
            InputError: It is no address of a store.
        """
        if not SCHEME.match(address):
            return cls(fs.LocalFileSystem(), str(Path(address).resolve()), address)
        try:
            files, base = fs.FileSystem.from_uri(address)
        except (OSError, ValueError) as error:
            shown = KEYS.sub("://", address)
            raise InputError(f"{shown} is no address of a store ({_reason(error)}).") from error
        # Whoever has the keys in the address does not want to have them on the screen.
        return cls(files, base, KEYS.sub("://", OPTIONS.sub("", address)))

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self._shown

    def holds(self, other: "Store") -> bool:
        """Whether another folder is this one, or lies in it."""
        inside = f"{other._base}/".startswith(f"{self._base.rstrip('/')}/")
        return self._files.type_name == other._files.type_name and inside

    def below(self, other: "Store") -> tuple[str, ...]:
        """Return the names of the folders from this one to another one that it holds."""
        return PurePosixPath(other._base).relative_to(self._base).parts

    def listed(self) -> list[StoredFile]:
        """Return all files below the folder, by name; none, if there is no such folder.

        Raises:
            StoreError: The store does not say.
        """
        with self._reading(self._shown):
            found = self._files.get_file_info(fs.FileSelector(self._base, recursive=True, allow_not_found=True))
        files = [self._stored(info) for info in found if info.type == fs.FileType.File]
        return sorted(files, key=lambda file: file.relative)

    def only(self) -> StoredFile | None:
        """Return the file that lies where the folder would; ``None`` if there is none.

        Raises:
            StoreError: The store does not say.
        """
        with self._reading(self._shown):
            info = self._files.get_file_info(self._base)
        if info.type != fs.FileType.File:
            return None
        return StoredFile(info.path, PurePosixPath(info.path).name, info.size, info.mtime_ns or 0)

    def open(self, file: StoredFile) -> "StoreStream":
        """Open a file to be read from any place.

        Raises:
            StoreError: The store refuses.
        """
        with self._reading(self.shown(file)):
            return StoreStream(self._files.open_input_file(file.path), file.size, self.shown(file))

    def shown(self, file: StoredFile) -> str:
        """Return what to call a file in a message."""
        if PurePosixPath(self._base).name == file.relative and self._base == file.path:
            return self._shown
        return f"{self._shown.rstrip('/')}/{file.relative}"

    def put(self, source: BinaryIO, relative: str) -> None:
        """Copy a file into the folder. It appears whole or not at all, in place of one that has its name.

        Raises:
            StoreError: The store refuses.
        """
        path = f"{self._base.rstrip('/')}/{relative}"
        target = PurePosixPath(path)
        partial = str(target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}{PARTIAL}"))
        with self._writing(f"{self._shown.rstrip('/')}/{relative}"):
            if self._files.type_name not in _OBJECT_STORES:
                self._files.create_dir(str(target.parent), recursive=True)
            try:
                self._copy(source, partial)
                self._files.move(partial, path)
            except BaseException:
                with suppress(OSError):
                    self._files.delete_file(partial)
                raise

    def delete(self, relative: str) -> None:
        """Delete a file of the folder, if it is there.

        Raises:
            StoreError: The store refuses.
        """
        with self._writing(f"{self._shown.rstrip('/')}/{relative}"), suppress(FileNotFoundError):
            self._files.delete_file(f"{self._base.rstrip('/')}/{relative}")

    def _copy(self, source: BinaryIO, path: str) -> None:
        # An object store completes what is half-written, too, once its stream is closed, and Python closes one that is
        # forgotten. So this is never done under the final name; and it is done here, before the file is deleted.
        stream = self._files.open_output_stream(path)
        try:
            while block := source.read(COPIED):
                stream.write(block)
        except BaseException:
            with suppress(OSError):
                stream.close()
            raise
        stream.close()

    def _stored(self, info: Any) -> StoredFile:
        relative = info.path.removeprefix(self._base.rstrip("/") + "/")
        return StoredFile(info.path, relative, info.size, info.mtime_ns or 0)

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise StoreError(f"{name} cannot be read ({_reason(error)}).") from error

    @contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            raise StoreError(f"{name} cannot be written ({_reason(error)}).") from error


class StoreStream(io.RawIOBase):
    """A file of a store. What goes wrong in reading is a :class:`StoreError`, so that it is not taken for damage."""

    def __init__(self, file: Any, size: int, name: str) -> None:
        """Read an open file of pyarrow's."""
        self.name = name
        self._file = file
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """Return ``True``."""
        return True

    def seekable(self) -> bool:
        """Return ``True``."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, and return it."""
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read bytes from the place on.

        Raises:
            StoreError: The store refuses.
        """
        target = memoryview(buffer).cast("B")
        try:
            block = self._file.read_at(min(len(target), max(0, self._size - self._at)), self._at)
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.name} cannot be read ({_reason(error)}).") from error
        target[: len(block)] = block
        self._at += len(block)
        return len(block)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._file.close()
        super().close()


class Ranges(io.RawIOBase):
    """Some ranges of a file's bytes, one after the other."""

    def __init__(self, file: io.RawIOBase, ranges: tuple[tuple[int, int], ...]) -> None:
        """Read of a file, which can seek, the bytes from the first number of each range to before the second."""
        self._file = file
        self._left = list(ranges)

    def readable(self) -> bool:
        """Return ``True``."""
        return True

    def seekable(self) -> bool:
        """Return ``True``: like a file, it has an end, and never keeps its reader waiting for a writer."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read the next bytes; 0 at the end."""
        while self._left:
            start, stop = self._left[0]
            if start < stop:
                self._file.seek(start)
                block = self._file.read(min(len(memoryview(buffer).cast("B")), stop - start)) or b""
                memoryview(buffer).cast("B")[: len(block)] = block
                self._left[0] = (start + len(block), stop) if block else (stop, stop)
                if block:
                    return len(block)
            else:
                self._left.pop(0)
        return 0


def find(pattern: str) -> tuple[Store, list[StoredFile]]:
    """Find files.

    Args:
        pattern: A file, a folder, or a path with ``*``, ``?`` or ``[…]`` in it (``**`` is any number of folders); of
            a store, with its address. In a folder, names that begin with ``.`` or ``_`` are passed over.

    Returns:
        The store, and its files, by name.

    Raises:
        InputError: There are none, or the store refuses.
    """
    base, wanted = _split(pattern)
    store = Store.at(base)
    if wanted is None:
        only = store.only()
        if only is not None:
            return store, [only]
    found = [file for file in store.listed() if wanted.fullmatch(file.relative)] if wanted else store.listed()
    found = [file for file in found if not any(part[0] in "._" for part in PurePosixPath(file.relative).parts)]
    if not found:
        raise InputError(f"There are no files at {KEYS.sub('://', pattern)}.")
    return store, found


def finds_below(pattern: str, folder: Store) -> bool:
    """Whether what is put into a folder could be found by a pattern.

    Raises:
        InputError: It is no pattern.
    """
    base, wanted = _split(pattern)
    store = Store.at(base)
    if not store.holds(folder):
        return False
    between = store.below(folder)
    if any(name[0] in "._" for name in between):
        return False
    if wanted is None:
        return True
    parts = _cut(OPTIONS.sub("", pattern) if SCHEME.match(pattern) else pattern)[1].split("/")
    for part, name in zip(parts, between, strict=False):
        if "**" in part:
            return True
        if not re.fullmatch(_translated(part), name):
            return False
    return len(parts) > len(between)


def _split(pattern: str) -> tuple[str, re.Pattern[str] | None]:
    """Return the folder before the first wildcard, and what the paths below it have to be like."""
    options = OPTIONS.search(pattern) if SCHEME.match(pattern) else None
    behind = options[0] if options else ""
    path = pattern.removesuffix(behind) if behind else pattern
    wildcard = WILDCARD.search(path)
    if wildcard is None or (not SCHEME.match(pattern) and Path(pattern).exists()):
        return pattern, None
    base, below = _cut(path)
    try:
        return base + behind, re.compile(_translated(below))
    except re.error as error:
        raise InputError(f"{KEYS.sub('://', pattern)} is no pattern ({error.msg}); mend what is in [ and ].") from error


def _cut(path: str) -> tuple[str, str]:
    """Return the folder before the first wildcard, and the pattern below it."""
    wildcard = WILDCARD.search(path)
    folder, slash, _ = path[: wildcard.start() if wildcard else None].rpartition("/")
    return folder or (slash or "."), path[len(folder + slash) :]


def _translated(pattern: str) -> str:
    parts = re.split(rf"(\*\*/?|\*|\?|{_CLASS.pattern})", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        known.get(part) or ("(?!/)" + part.replace("[!", "[^") if _CLASS.fullmatch(part) else re.escape(part))
        for part in parts
    )


def _reason(error: Exception) -> str:
    return reason(error).splitlines()[0][:_MESSAGE].rstrip(".")
