"""A program of its own that reads the Parquet file of a stranger, with little memory and time for each step.

A file of some bytes can unpack to gigabytes, keep its reader busy for hours, or end the process that reads it: then it
is this one. :mod:`app.files.parquet_apart` starts it, with the file as standard input, and reads what it writes. It
imports nothing of the service, so that it starts soon.
"""

import io
import json
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

try:
    import resource
except ImportError:  # There are no limits on Windows.
    resource = None  # type: ignore[assignment]

HEAD: Final = struct.Struct("<cI")
"""In front of each frame: its kind, and how many bytes follow."""
SCHEMA, BATCH, ERROR, END = b"S", b"B", b"E", b"."
"""Kinds of frames: the schema of the file, a part of an Arrow stream with one batch more, what is wrong with the file,
to follow its name, and the end."""

_PIECE: Final = 2**20
"""Bytes of a batch from which on it is sent in parts, with texts that its rows share counted for each."""
_BUFFER: Final = 2**20
_STRINGS: Final = 2**22
"""Bytes of a string of the footer at most, such as the name of a column."""
_ELEMENTS: Final = 2**19
"""Elements of a list of the footer at most; each takes up to a hundred bytes when it is unpacked."""
_SLOT: Final = 4
"""Bytes that a value takes beside itself, be it null, where it is written again."""
_ARRAY: Final = 200
"""Bytes that a column takes in each batch, whatever it has."""
_NAME: Final = 50
"""Characters of the name of a column that are repeated."""
_REASON: Final = 200
"""Characters of a reason that are repeated; there may be names in it."""
_FREE_ROWS: Final = 2**16
"""Rows that any file may have, whatever its size."""
_FREE_BYTES: Final = 2**22
"""What they may unpack to, whatever its size."""


class _Refused(Exception):
    """The file is not read. The message says why, to follow its name."""


class _Reader:
    """Reads the file and writes frames.

    What it is asked for: ``column``, that of the texts; ``only_texts``, whether no other is read; ``rows`` of a batch;
    and the attributes of :class:`app.files.parquet_apart.ParquetLimits`.
    """

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._output = os.fdopen(1, "wb")

    def run(self) -> None:
        """Send all frames."""
        self._limit_memory()
        self._limit_time()
        try:
            self._read()
        except _Refused as refused:
            self._send(ERROR, str(refused).encode())
        except MemoryError:
            self._send(ERROR, b"takes too much memory to be read; write it with smaller pages and row groups.")
        except (OSError, ValueError, pa.ArrowException) as error:
            why = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:_REASON]
            self._send(ERROR, f"cannot be read as Parquet ({why}).".encode("utf-8", "replace"))
        else:
            self._send(END, b"")

    def _read(self) -> None:
        column = self._asked["column"]
        columns = [column] if self._asked["only_texts"] else None
        # Of a text that stands in many rows, each row has no more than its number then.
        numbered = [column] if columns else None
        with os.fdopen(0, "rb") as given:
            size = os.fstat(given.fileno()).st_size
            # The buffer keeps a large row group from being read as a whole.
            file = pq.ParquetFile(
                given,
                buffer_size=_BUFFER,
                pre_buffer=False,
                read_dictionary=numbered,
                thrift_string_size_limit=_STRINGS,
                thrift_container_size_limit=_ELEMENTS,
            )
            if file.metadata.num_columns > self._asked["columns"]:
                raise _Refused(f"has more than {self._asked['columns']:,} columns.")
            schema = file.schema_arrow
            _ = schema.names  # which may not be UTF-8
            most = self._asked["ratio"] * size
            if not columns:
                schema = _flat(schema)
            self._send(SCHEMA, schema.serialize().to_pybytes())
            self._send_all(self._batches(file, columns, most), schema, most)

    def _batches(self, file: Any, columns: list[str] | None, most: int) -> Iterator[tuple[Any, bool]]:
        """Give batches, and say of each whether it is the first of its row group."""
        for number in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(number)
            # If it is true what the file says of its size, a batch is no larger than a piece.
            size = min(max(1, group.total_byte_size), _FREE_BYTES + most)
            rows = max(1, min(self._asked["rows"], _PIECE * group.num_rows // size))
            first = True
            for batch in file.iter_batches(rows, row_groups=[number], columns=columns, use_threads=False):
                yield batch, first
                first = False

    def _send_all(self, batches: Iterator[tuple[Any, bool]], schema: Any, most: int) -> None:
        sent, stream, rows, size = io.BytesIO(), None, 0, 0
        for batch, first in batches:
            has_dictionaries = any(pa.types.is_dictionary(column.type) for column in batch.columns)
            whole = batch.cast(schema) if has_dictionaries and not self._asked["only_texts"] else batch
            if stream is None:
                stream = pa.ipc.new_stream(sent, whole.schema)
            rows += whole.num_rows
            size += _unpacked(whole) + (_shared(whole) if first else 0)
            if rows > _FREE_ROWS + most or size > _FREE_BYTES + most:
                raise _Refused(f"becomes more than {self._asked['ratio']} times larger when it is unpacked.")
            for piece in self._pieces(whole):
                stream.write_batch(piece)
                self._send(BATCH, sent.getvalue())
                sent.seek(0)
                sent.truncate()

    def _pieces(self, batch: Any) -> Iterator[Any]:
        size, shared = size_of(batch), _shared(batch)
        if shared > self._asked["row"] or (batch.num_rows == 1 and size > self._asked["row"]):
            size = max(size, shared)
            raise _Refused(f"has a row of {size:,} bytes; at most {self._asked['row']:,} are read.")
        if _unpacked(batch) > min(_PIECE, self._asked["row"]) and batch.num_rows > 1:
            half = batch.num_rows // 2
            yield from self._pieces(batch.slice(0, half))
            yield from self._pieces(batch.slice(half))
        else:
            yield batch

    def _send(self, kind: bytes, data: bytes) -> None:
        self._output.write(HEAD.pack(kind, len(data)))
        self._output.write(data)
        self._output.flush()
        self._limit_time()

    def _limit_memory(self) -> None:
        if resource is not None and (used := _data()):
            most = used + self._asked["memory"]
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))

    def _limit_time(self) -> None:
        if resource is not None:
            used = resource.getrusage(resource.RUSAGE_SELF)
            soft = int(used.ru_utime + used.ru_stime) + 1 + self._asked["seconds"]
            resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def size_of(batch: Any) -> int:
    """Return the bytes that a batch takes at least, and where it is written again: those of nulls, too.

    Of a dictionary, whose values its rows share, the numbers alone count.
    """
    values = (column.indices if pa.types.is_dictionary(column.type) else column for column in batch.columns)
    return sum(_ARRAY + _SLOT * len(column) + column.nbytes for column in values)


def _shared(batch: Any) -> int:
    """Return the bytes of the largest dictionary of a batch."""
    dictionaries = (column.dictionary for column in batch.columns if pa.types.is_dictionary(column.type))
    return max((dictionary.nbytes for dictionary in dictionaries), default=0)


def _unpacked(batch: Any) -> int:
    """Return how much a batch takes if each row has values of its own."""
    size = size_of(batch)
    for column in batch.columns:
        if pa.types.is_dictionary(column.type) and (lengths := _lengths(column.dictionary)) is not None:
            size += pc.sum(lengths.take(column.indices)).as_py() or 0
    return size


def _flat(schema: Any) -> Any:
    """Return the schema without dictionaries: one that is large could be written again with each few rows."""
    fields = []
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        stored = getattr(kind, "storage_type", kind)
        if pa.types.is_nested(stored) or pa.types.is_dictionary(stored):
            raise _Refused(
                f"has a column {field.name[:_NAME]!r} of lists or structs, which is not written again here; "
                "an answer in NDJSON needs the column of the texts only."
            )
        fields.append(field.with_type(kind))
    return pa.schema(fields, schema.metadata)


def _lengths(values: Any) -> Any:
    """Return the bytes of strings; ``None`` of values that are none."""
    try:
        return pc.binary_length(values.cast(pa.large_binary()))
    except pa.ArrowException:
        return None


def _data() -> int:
    """Return the bytes of memory that count for the limit; 0 where the system does not tell."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmData:"):
                return 1024 * int(line.split()[1])
    return 0


if __name__ == "__main__":
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(19)
    with suppress(BrokenPipeError):
        _Reader(json.loads(sys.argv[1])).run()
    os._exit(0)  # At the end of Python what is left would be sent again.
