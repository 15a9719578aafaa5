"""Parquet: read in batches of rows, and written with columns added."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import IOBase
from typing import Any, BinaryIO, Final

from app.files.errors import InputError, UnknownColumn
from app.files.tables import CHUNK_ROWS, AddedColumns, Cells, Chunk, Table, Write

try:
    import pyarrow as pa
    import pyarrow.parquet as pq
except ImportError as missing:
    raise InputError("Parquet needs pyarrow, which is not installed; install the extra `parquet`.") from missing

ROW_GROUP_BYTES: Final = 2**26
"""Size of a row group that is written, in memory."""
_BUFFER: Final = 2**20
_TYPES: Final = {str: pa.string(), float: pa.float64(), tuple: pa.list_(pa.string())}


class ParquetTable(Table[Any]):
    """Rows of a Parquet file, as pyarrow's record batches."""

    unit = "rows"

    def __init__(
        self,
        path: str | IOBase,
        column: str,
        added: AddedColumns,
        *,
        name: str | None = None,
        most: int = CHUNK_ROWS,
        groups: Sequence[int] = (),
        rows: tuple[int, int] | None = None,
    ) -> None:
        """Open a file.

        Args:
            path: Where it is; or the file, which can seek and has a name to be called by.
            column: That of the texts.
            added: The columns that the output has more.
            name: What to call it in a message; by default its path.
            most: Rows of a chunk.
            groups: The row groups to read; by default all.
            rows: Of the rows of these, those from the first number to before the second; by default all.

        Raises:
            InputError: It is not a Parquet file, or has no such column of text.
        """
        self._name = name or str(path)
        self._most = most
        self._column = column
        self._added = added
        with self._reading():
            # The buffer keeps a large row group from being read as a whole.
            self._file = pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
        footer = self._file.metadata
        self._groups = list(groups) or list(range(footer.num_row_groups))
        total: int = sum(footer.row_group(group).num_rows for group in self._groups)
        self._rows = rows or (0, total)
        self.total = self._rows[1] - self._rows[0]
        self._schema = self._file.schema_arrow
        added.refuse_known(self._schema.names, self._name)
        if self._schema.get_field_index(column) < 0:
            raise UnknownColumn(self._name, column, self._schema.names)
        kind = self._schema.field(column).type
        if not _is_text(kind):
            raise InputError(f"{self._name}: the column {column!r} holds {kind}, not text.")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0].rstrip(".")
            raise InputError(f"{self._name} cannot be read as Parquet ({reason}).") from error

    def chunks(self) -> Iterator[Chunk[Any] | None]:
        """See :class:`Table`."""
        position = 0
        start, stop = self._rows
        with self._reading(), self._file:
            for read in self._file.iter_batches(self._most, row_groups=self._groups):
                if position >= stop:
                    return
                first = max(start - position, 0)
                batch = read.slice(first, max(0, stop - position - first))
                position += read.num_rows
                if batch.num_rows:
                    yield Chunk(batch, _texts(batch.column(self._column)), min(position, stop) - start)

    @contextmanager
    def writer(self, output: BinaryIO) -> Iterator[Write[Any]]:
        """See :class:`Table`."""
        columns = [pa.field(column.name, _TYPES[column.type]) for column in self._added.columns]
        schema = pa.schema([*self._schema, *columns], self._schema.metadata)
        with pq.ParquetWriter(output, schema, compression="zstd") as file:
            groups = _RowGroups(file, schema)

            def write(batch: Any, added: Sequence[Cells]) -> None:
                arrays = [
                    pa.array([cells[index] for cells in added], column.type) for index, column in enumerate(columns)
                ]
                groups.add(pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=schema))

            yield write
            groups.flush()


class _RowGroups:
    """Gathers batches into row groups of some size, since many small ones make a slow file."""

    def __init__(self, file: Any, schema: Any) -> None:
        self._file = file
        self._schema = schema
        self._batches: list[Any] = []
        self._bytes = 0

    def add(self, batch: Any) -> None:
        self._batches.append(batch)
        self._bytes += batch.nbytes
        if self._bytes >= ROW_GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        if self._batches:
            self._file.write_table(pa.Table.from_batches(self._batches, self._schema))
        self._batches = []
        self._bytes = 0


def _is_text(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return any(
        matches(kind)
        for matches in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_null,
        )
    )


def _texts(column: Any) -> list[str | None]:
    # By way of bytes, because Parquet does not check that a string is UTF-8, and Arrow's strings are strict.
    found = column.cast(pa.large_binary()).to_pylist()
    return [value.decode("utf-8", "replace") if value else None for value in found]
