"""Bytes in: a file or standard input, read as it comes."""

import codecs
import gzip
import io
import os
import select
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from app.files.errors import InputError, reason
from app.files.feed import Feed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

STANDARD_INPUT: Final = "-"
BLOCK: Final = 2**17
PAUSE: Final = 0.02
"""Seconds without input after which what has come so far is answered. A writer that keeps the pipe full never
leaves as long a gap; a person does not notice it."""
GZIP: Final = ".gz"
FREE_BYTES: Final = 2**16
"""What becomes of something gzipped, whatever its size."""


class Source:
    """A file, standard input or a stream, unpacked if its name ends in ``.gz``.

    Attributes:
        name: What to call it in a message.
        stream: Its bytes.
        size: Number of bytes it takes on disk, if it has an end.
    """

    def __init__(
        self,
        raw: io.RawIOBase,
        name: str,
        *,
        packed: bool = False,
        longest_line: int | None = None,
        ratio: int | None = None,
        size: int | None = None,
    ) -> None:
        """Read from an unbuffered file; it is not closed here.

        Args:
            raw: The file.
            name: What to call it in a message.
            packed: Whether it is gzipped.
            longest_line: Bytes of a line at most; by default as many as there are.
            ratio: Times that what is gzipped may become larger, where more than :data:`FREE_BYTES` become of it; by
                default as often as it does.
            size: Number of its bytes; by default what the operating system says of a file.
        """
        self._ratio = ratio if packed else None
        self.name = name
        self._longest_line = longest_line
        self._counter = _Counter(raw)
        self.size = size
        if size is None and self._counter.ends:
            self.size = os.fstat(raw.fileno()).st_size
        plain = io.BufferedReader(self._counter, BLOCK)
        self.stream = io.BufferedReader(gzip.GzipFile(fileobj=plain), BLOCK) if packed else plain

    @property
    def is_terminal(self) -> bool:
        """Whether a person types it."""
        return self._counter.raw.isatty()

    @property
    def position(self) -> int:
        """How many bytes have been read, before unpacking."""
        return self._counter.count

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn what goes wrong in the block into an :class:`InputError`."""
        try:
            yield
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{self.name} cannot be read ({reason(error)}).") from error

    def lines(self) -> Iterator[bytes | None]:
        r"""Give the lines without ``\n`` and byte order mark, and ``None`` whenever the next one is not there yet.

        Raises:
            InputError: The file cannot be read.
        """
        parts: list[bytes] = []
        mark = codecs.BOM_UTF8
        number, size, became = 1, 0, 0
        with self.reading():
            while True:
                if not self._counter.ready(PAUSE):
                    yield None
                block = self.stream.read1(BLOCK)
                if not block or self._counter.is_abandoned:
                    break
                became += len(block)
                self._limit_ratio(became)
                first, *others = block.split(b"\n")
                parts.append(first)
                size += len(first)
                self._limit(size, number)
                for line in others:
                    yield b"".join(parts).removeprefix(mark)
                    parts, mark = [line], b""
                    number, size = number + 1, len(line)
                    self._limit(size, number)
        if last := b"".join(parts).removeprefix(mark):
            yield last

    def _limit_ratio(self, became: int) -> None:
        if self._ratio is not None and became > max(FREE_BYTES, self._ratio * self._counter.count):
            raise InputError(f"{self.name} becomes more than {self._ratio} times larger when it is unpacked.")

    def _limit(self, size: int, number: int) -> None:
        if self._longest_line is not None and size > self._longest_line:
            raise InputError(f"{self.name}, line {number} is longer than {self._longest_line:,} bytes.")


class _Counter(io.RawIOBase):
    """A file that counts what is read from it."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self.raw = raw
        self.ends = raw.seekable()
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int | None:
        size = cast("io.FileIO", self.raw).readinto(buffer)
        self.count += size or 0
        return size

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody wants to know what is read."""
        return isinstance(self.raw, Feed) and self.raw.abandoned

    def ready(self, seconds: float) -> bool:
        """Whether there is something to read now or within so many seconds."""
        if self.ends:
            return True
        if isinstance(self.raw, Feed):
            return self.raw.ready(seconds)
        try:
            return bool(select.select([self.raw], [], [], seconds)[0])
        except (OSError, ValueError):  # A pipe on Windows does not tell.
            return False


@contextmanager
def open_source(path: str) -> Iterator[Source]:
    """Open a file, or standard input if the path is ``-``.

    Raises:
        InputError: It cannot be read.
    """
    if path == STANDARD_INPUT:
        if sys.stdin is None:
            raise InputError("Standard input is closed.")
        # The descriptor itself: whatever Python's buffer held would look like a pause.
        with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as raw:
            yield Source(raw, "Standard input")
        return
    with _opened(path) as raw:
        yield Source(raw, path, packed=path.endswith(GZIP))


def _opened(path: str) -> io.FileIO:
    try:
        return Path(path).open("rb", buffering=0)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({reason(error)}).") from error
