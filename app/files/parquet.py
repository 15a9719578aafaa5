"""Parquet: read in batches of rows, and written with columns added."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from io import IOBase
from itertools import islice
from typing import Any, BinaryIO, ClassVar, Final

from app.files.errors import NAME_CHARACTERS, InputError, UnknownColumn
from app.files.tables import CHUNK_ROWS, AddedColumns, Cells, Chunk, Chunks, RowError, Table, Text, Write

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from app.files.parquet_reader import size_of
except ImportError as missing:
    raise InputError("Parquet needs pyarrow, which is not installed; install the extra `parquet`.") from missing

_BUFFER: Final = 2**20
_TYPES: Final = {str: pa.string(), float: pa.float64(), tuple: pa.list_(pa.string())}


class ParquetTable(Table[Any]):
    """Rows of a Parquet file, as pyarrow's record batches.

    Attributes:
        group_bytes: Size of a row group that is written, in memory.
        chunk_bytes: From so many on, a chunk is full; ``None`` where its number of rows alone counts.
        longest: Characters of a text: one that is certainly longer is an error of its row; ``None`` for any length.
    """

    unit = "rows"
    group_bytes: ClassVar[int] = 2**26
    chunk_bytes: ClassVar[int | None] = None
    longest: int | None = None

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
        self._groups = list(groups)
        with self._reading():
            self._schema, total = self._open(path)
            names = self._schema.names
        self._rows = rows or (0, total)
        start, stop = self._rows
        self.total = None if stop is None else stop - start
        added.refuse_known(names, self._name)
        if self._schema.get_field_index(column) < 0:
            raise UnknownColumn(self._name, column, names)
        kind = self._schema.field(column).type
        if not _is_text(kind):
            raise InputError(f"{self._name}: the column {column!r} holds {str(kind)[:NAME_CHARACTERS]}, not text.")

    def _open(self, path: str | IOBase) -> tuple[Any, int | None]:
        """Open it, and return its schema, and the number of its rows, if that is known."""
        # The buffer keeps a large row group from being read as a whole.
        self._file = pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False)
        footer = self._file.metadata
        self._groups = self._groups or list(range(footer.num_row_groups))
        return self._file.schema_arrow, sum(footer.row_group(group).num_rows for group in self._groups)

    def _batches(self) -> Iterator[Any]:
        """Give the record batches, and ``None`` whenever the next one is not there yet."""
        yield from self._file.iter_batches(self._most, row_groups=self._groups)

    def close(self) -> None:
        """See :class:`Table`."""
        self._file.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0].rstrip(".")
            raise InputError(f"{self._name} cannot be read as Parquet ({reason}).") from error

    def chunks(self) -> Chunks[Any]:
        """See :class:`Table`."""
        position = 0
        start, stop = self._rows
        gathered = _Gathered(self)
        failure: Exception | None = None
        with self._reading(), closing(self):
            for read in _until_failure(self._batches()):
                if isinstance(read, Exception):
                    failure = read
                    break
                if stop is not None and position >= stop:
                    break
                if read is None:
                    yield None
                    continue
                first = max(start - position, 0)
                last = read.num_rows if stop is None else min(read.num_rows, stop - position)
                batch = read.slice(first, max(0, last - first))
                position += last
                if batch.num_rows:
                    gathered.add(batch, self._column)
                if gathered.texts and gathered.is_full(self._most):
                    yield gathered.chunk(position - start)
                    gathered = _Gathered(self)
            if gathered.texts:
                yield gathered.chunk(position - start)
            if failure is not None:
                raise failure

    @contextmanager
    def writer(self, output: BinaryIO) -> Iterator[Write[Any]]:
        """See :class:`Table`."""
        columns = [pa.field(column.name, _TYPES[column.type]) for column in self._added.columns]
        schema = pa.schema([*self._schema, *columns], self._schema.metadata)
        with pq.ParquetWriter(output, schema, compression="zstd") as file:
            groups = _RowGroups(file, schema, self.group_bytes)

            def write(batches: Any, added: Sequence[Cells]) -> None:
                rest = iter(added)
                for batch in batches:
                    rows = list(islice(rest, batch.num_rows))
                    arrays = [
                        pa.array([cells[index] for cells in rows], column.type) for index, column in enumerate(columns)
                    ]
                    groups.add(pa.RecordBatch.from_arrays([*batch.columns, *arrays], schema=schema))

            yield write
            groups.flush()


def _until_failure(batches: Iterator[Any]) -> Iterator[Any]:
    """Give batches and, if they cannot be read any further, why."""
    try:
        yield from batches
    except (OSError, UnicodeDecodeError, pa.ArrowException, InputError) as error:
        yield error


class _Gathered:
    """Batches that become a chunk: several, where they have few rows."""

    def __init__(self, table: ParquetTable) -> None:
        self._longest = table.longest
        self._most_bytes = table.chunk_bytes
        self._bytes = 0
        self._batches: list[Any] = []
        self.texts: list[Text] = []

    def add(self, batch: Any, column: str) -> None:
        texts = _texts(batch.column(column), self._longest)
        self.texts += texts
        self._bytes += size_of(batch)
        if pa.types.is_dictionary(batch.column(column).type):
            self._bytes += sum(len(text) for text in texts if isinstance(text, str))
        self._batches.append(batch)

    def is_full(self, most: int) -> bool:
        return self._most_bytes is None or len(self.texts) >= most or self._bytes >= self._most_bytes

    def chunk(self, position: int) -> Chunk[Any]:
        return Chunk(self._batches, self.texts, position, self._bytes)


class _RowGroups:
    """Gathers batches into row groups of some size, since many small ones make a slow file."""

    def __init__(self, file: Any, schema: Any, size: int) -> None:
        self._file = file
        self._size = size
        self._schema = schema
        self._batches: list[Any] = []
        self._bytes = 0

    def add(self, batch: Any) -> None:
        self._batches.append(batch)
        self._bytes += size_of(batch)
        if self._bytes >= self._size:
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


def _texts(column: Any, longest: int | None) -> list[Text]:
    if pa.types.is_dictionary(column.type):
        # Each value once, however many rows have it.
        used = column.indices.unique().drop_null()
        known = dict(zip(used.to_pylist(), _texts(column.dictionary.take(used), longest), strict=True))
        return [known.get(index) for index in column.indices.to_pylist()]
    # By way of bytes, because Parquet does not check that a string is UTF-8, and Arrow's strings are strict.
    values = column.cast(pa.large_binary())
    sizes = pc.binary_length(values)
    # A character has four bytes at most: of these it is sure that they are too long, and they are not copied.
    much = None if longest is None else pc.greater(sizes, 4 * longest)
    if much is not None and pc.any(much).as_py():
        values = pc.if_else(much, None, values)
        errors = [
            RowError(f"the text has {size:,} bytes; at most {longest:,} characters are taken.") if over else None
            for size, over in zip(sizes.to_pylist(), much.to_pylist(), strict=True)
        ]
    else:
        errors = [None] * len(values)
    return [
        error or (value.decode("utf-8", "replace") if value else None)
        for value, error in zip(values.to_pylist(), errors, strict=True)
    ]
