"""Parquet of a stranger, which is read in a process of its own."""

import io
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa

from app.files import parquet_reader
from app.files.errors import InputError
from app.files.parquet import ParquetTable
from app.files.parquet_reader import BATCH, END, ERROR, HEAD, SCHEMA
from app.files.tables import CHUNK_SECONDS, AddedColumns

_PROGRAM: Final = str(Path(parquet_reader.__file__))
_LARGEST: Final = 2**26
"""Bytes of a frame at most."""
_READ: Final = 2**18
_POOL: Final = {"ARROW_DEFAULT_MEMORY_POOL": "system"}
"""The others set more aside than they use, which would count."""
_KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT", "TZ")
"""What the process sees of the environment, in which there may be keys."""


@dataclass(frozen=True, kw_only=True)
class ParquetLimits:
    """What reading a file may take.

    Attributes:
        columns: Of the table.
        row: Bytes of a row, unpacked.
        ratio: Times that the file may become larger, if it becomes large at all, and rows for each of its bytes.
        memory: Bytes, beside what the process takes before it reads.
        seconds: Of processor time, until there are further rows.
    """

    columns: int
    row: int = 2**24
    ratio: int = 100
    memory: int = 2**27
    seconds: int = 5


class ParquetTableApart(ParquetTable):
    """Rows of a Parquet file of a stranger: whatever is in it, the service neither ends nor takes much memory."""

    group_bytes = 2**24
    chunk_bytes = 2**18

    def __init__(
        self,
        file: IO[bytes],
        column: str,
        added: AddedColumns,
        *,
        name: str,
        most: int,
        characters: int,
        limits: ParquetLimits,
        only_texts: bool,
    ) -> None:
        """Start to read.

        Args:
            file: The file, which has a descriptor.
            column: That of the texts.
            added: The columns that the output has more.
            name: What to call it in a message.
            most: Rows of a chunk.
            characters: Of a text at most: one that is certainly longer is an error of its row.
            limits: What it may take.
            only_texts: Read no other column, as none is written.

        Raises:
            InputError: It is not a Parquet file, or has no such column of text, or more than it may.
        """
        self.longest = characters
        asked = {"column": column, "only_texts": only_texts, "rows": most, **asdict(limits)}
        self._frames = _Frames(file, asked, name)
        with ExitStack() as stack:
            stack.callback(self._frames.close)
            super().__init__("", column, added, name=name, most=most)
            stack.pop_all()

    def _open(self, _path: Any) -> tuple[Any, int | None]:
        for frame in self._frames:
            if frame is not None and frame[0] == SCHEMA:
                return pa.ipc.read_schema(pa.py_buffer(frame[1])), None
        raise InputError(f"{self._name} cannot be read as Parquet (it has no schema).")

    def _batches(self) -> Iterator[Any]:
        received = _Received()
        stream: Any = None
        for frame in self._frames:
            if frame is None:
                yield None
            elif frame[0] == BATCH:
                received.add(frame[1])
                stream = stream or pa.ipc.open_stream(pa.PythonFile(received, "r"))
                yield stream.read_next_batch()

    def close(self) -> None:
        """End the process; see :class:`Table`."""
        self._frames.close()


class _Frames:
    """What the process writes."""

    def __init__(self, file: IO[bytes], asked: dict[str, Any], name: str) -> None:
        self._name = name
        # Without what would be imported from the folder of the program, or of whoever started the service.
        command = [sys.executable, "-P", _PROGRAM, json.dumps(asked)]
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | _POOL
        file.flush()
        self._process = subprocess.Popen(  # noqa: S603 - nothing of it is of a stranger's making
            command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, bufsize=0
        )
        self._buffer = bytearray()

    def __iter__(self) -> Iterator[tuple[bytes, bytes] | None]:
        """Give frames, and ``None`` whenever the next one is not there yet.

        Raises:
            InputError: The file cannot be read, or no further.
        """
        while True:
            frame = self._frame()
            if frame is None:
                if not self._ready():
                    yield None
                    continue
                self._fill()
                continue
            kind, data = frame
            if kind == ERROR:
                raise InputError(f"{self._name} {data.decode()}")
            if kind == END:
                return
            yield kind, data

    def _frame(self) -> tuple[bytes, bytes] | None:
        """Take a frame, if it has come as a whole."""
        if len(self._buffer) < HEAD.size:
            return None
        kind, size = HEAD.unpack_from(self._buffer)
        if size > _LARGEST:
            raise InputError(f"{self._name} has rows that are too large to be read.")
        end = HEAD.size + size
        if len(self._buffer) < end:
            return None
        data = bytes(memoryview(self._buffer)[HEAD.size : end])
        del self._buffer[:end]
        return kind, data

    def _ready(self) -> bool:
        """Wait a little for something to read."""
        if not hasattr(select, "poll"):  # On Windows; there it is waited for below.
            return True
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        return bool(poll.poll(1000 * CHUNK_SECONDS))

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        return self._process.stdout

    def _fill(self) -> None:
        part = os.read(self._output.fileno(), _READ)
        if not part:
            status = self._process.wait()
            if status == -getattr(signal, "SIGXCPU", 0):
                raise InputError(f"{self._name} takes too long to be read.")
            ended = signal.Signals(-status).name if status < 0 else f"status {status}"
            raise InputError(f"{self._name} cannot be read as Parquet (its reader ended with {ended}).")
        self._buffer += part

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._output.close()
        self._process.wait()
        self._buffer.clear()


class _Received(io.RawIOBase):
    """The Arrow stream, as far as it has come."""

    def __init__(self) -> None:
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def add(self, data: bytes) -> None:
        self._rest = memoryview(bytes(self._rest) + data)

    def read(self, size: int = -1) -> bytes:
        part = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(part) :]
        return bytes(part)
