"""Parquet: read in batches of rows, and written with columns added."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from io import IOBase
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, Final

from app.files.errors import NAME_CHARACTERS, InputError, UnknownColumn
from app.files.parquet_pages import ELEMENTS, Bounds, ColumnChunk, Pages, check_footer
from app.files.tables import CHUNK_ROWS, CHUNK_SECONDS, AddedColumns, Cells, Chunk, Chunks, RowError, Table, Text, Write

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ImportError as missing:
    raise InputError("Parquet needs pyarrow, which is not installed; install the extra `parquet`.") from missing

ROW_GROUP_BYTES: Final = 2**26
"""Size of a row group that is written, in memory."""
_BUFFER: Final = 2**20
_ENTRY_BYTES: Final = 16
"""What Arrow takes for a string of a dictionary, beside the string."""
_STRINGS: Final = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")
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
        bounds: Bounds | None = None,
        only_texts: bool = False,
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
            bounds: What the file may have at most; by default, whatever it has is read. They need a path.
            only_texts: Read no other column, as none is written.

        Raises:
            InputError: It is not a Parquet file, or has no such column of text, or more than it may.
        """
        self._name = name or str(path)
        self._most = most
        self._column = column
        self._added = added
        self._bounds = bounds
        self._path = str(path)
        self._columns = [column] if only_texts else None
        with self._reading():
            if bounds is not None:
                with Path(self._path).open("rb") as file:
                    check_footer(file, self._name, size=bounds.footer, columns=bounds.columns)
            # The buffer keeps a large row group from being read as a whole.
            self._file = pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False, **_limits(bounds))
        footer = self._file.metadata
        if bounds is not None and footer.num_columns > bounds.columns:
            raise InputError(f"{self._name} has more than {bounds.columns:,} columns.")
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
        if bounds is not None:
            self._refuse_nested()

    def _refuse_nested(self) -> None:
        """Refuse columns of lists: how much a row of them takes shows nowhere but in its values."""
        for index in self._read_columns():
            column = self._file.metadata.schema.column(index)
            if column.max_repetition_level:
                raise InputError(
                    f"{self._name}: the column {column.path[:NAME_CHARACTERS]!r} is nested, which is not read here; "
                    "an answer in NDJSON needs the column of the texts only."
                )

    def _read_columns(self) -> list[int]:
        """Return the numbers of the columns that are read, as Arrow chooses them by name."""
        schema = self._file.metadata.schema
        if self._columns is None:
            return list(range(len(schema)))
        chosen = (self._column, f"{self._column}.")
        paths = [schema.column(index).path for index in range(len(schema))]
        return [index for index, path in enumerate(paths) if path == chosen[0] or path.startswith(chosen[1])]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0].rstrip(".")
            raise InputError(f"{self._name} cannot be read as Parquet ({reason}).") from error

    def chunks(self) -> Chunks[Any]:
        """See :class:`Table`."""
        position = 0
        start, stop = self._rows
        gathered = _Gathered(self._bounds)
        failure: Exception | None = None
        with self._reading(), self._file:
            for read in _until_failure(self._batches()):
                if isinstance(read, Exception):
                    failure = read
                    break
                if position >= stop:
                    break
                if read is None:
                    yield None
                    continue
                first = max(start - position, 0)
                batch = read.slice(first, max(0, stop - position - first))
                position += read.num_rows
                if batch.num_rows:
                    gathered.add(batch, self._column)
                if gathered.texts and gathered.is_full(self._most):
                    yield gathered.chunk(min(position, stop) - start)
                    gathered = _Gathered(self._bounds)
            if gathered.texts:
                yield gathered.chunk(min(position, stop) - start)
            if failure is not None:
                raise failure

    def _batches(self) -> Iterator[Any]:
        if self._bounds is None:
            yield from self._file.iter_batches(self._most, row_groups=self._groups, columns=self._columns)
            return
        with Path(self._path).open("rb") as file:
            pages = Pages(file, self._name)
            for group in self._groups:
                most = yield from self._rows_at_once(group, pages, self._bounds)
                yield from self._file.iter_batches(most, row_groups=[group], columns=self._columns)

    def _rows_at_once(self, group: int, pages: Pages, bounds: Bounds) -> Generator[None, None, int]:
        """Tell how many rows of a row group can be read at once, whatever their values turn out to be.

        Returns:
            A generator that gives ``None`` every now and then, and returns the number.

        Raises:
            InputError: A page is too large, or damaged.
        """
        schema = self._file.metadata.schema
        since = monotonic()
        unpacked = repeated = 0
        for index in self._read_columns():
            column = schema.column(index)
            strings = column.physical_type in _STRINGS
            chunk = self._file.metadata.row_group(group).column(index)
            start = chunk.data_page_offset
            if chunk.has_dictionary_page and 0 < chunk.dictionary_page_offset < start:
                start = chunk.dictionary_page_offset
            sizes = pages.sizes(ColumnChunk(start, chunk.total_compressed_size, chunk.num_values), column.path)
            if monotonic() - since > CHUNK_SECONDS:
                yield None
                since = monotonic()
            # A value of a given length takes it even where it is null.
            length = column.length if column.physical_type == "FIXED_LEN_BYTE_ARRAY" else 0
            unpacked += max(sizes.data, length) + sizes.dictionary + (_ENTRY_BYTES * sizes.entries if strings else 0)
            value = max(sizes.dictionary, length) if strings else 0
            repeated += value
            # Several copies are held of each row, above all where rows are written again.
            if value > bounds.repeated or repeated > bounds.row:
                otherwise = ", or ask for NDJSON" if self._columns is None else ""
                raise InputError(
                    f"{self._name}: a value of the column {column.path[:NAME_CHARACTERS]!r} could have {value:,} "
                    f"bytes, and all of a row {repeated:,}; at most {bounds.repeated:,} and {bounds.row:,} are read. "
                    f"Write it with smaller dictionaries{otherwise}."
                )
        if unpacked > bounds.pages:
            raise InputError(
                f"{self._name} has pages of {unpacked:,} bytes in its columns, unpacked; at most {bounds.pages:,} "
                "are read at once. Write it with smaller pages."
            )
        return max(1, min(self._most, bounds.repeated // repeated if repeated else self._most))

    @contextmanager
    def writer(self, output: BinaryIO) -> Iterator[Write[Any]]:
        """See :class:`Table`."""
        columns = [pa.field(column.name, _TYPES[column.type]) for column in self._added.columns]
        schema = pa.schema([*self._schema, *columns], self._schema.metadata)
        with pq.ParquetWriter(output, schema, compression="zstd") as file:
            groups = _RowGroups(file, schema, ROW_GROUP_BYTES if self._bounds is None else self._bounds.group)

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
    except (OSError, pa.ArrowException, InputError) as error:
        yield error


class _Gathered:
    """Batches that become a chunk: one, or several where they have few rows only because their values might be long."""

    def __init__(self, bounds: Bounds | None) -> None:
        self._bounds = bounds
        self._bytes = 0
        self._batches: list[Any] = []
        self.texts: list[Text] = []

    def add(self, batch: Any, column: str) -> None:
        self.texts += _texts(batch.column(column), None if self._bounds is None else self._bounds.characters)
        self._bytes += batch.nbytes
        self._batches.append(batch)

    def is_full(self, most: int) -> bool:
        return self._bounds is None or len(self.texts) >= most or self._bytes >= self._bounds.chunk

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
        self._bytes += batch.nbytes
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


def _limits(bounds: Bounds | None) -> dict[str, int]:
    """Return what Arrow may read of a footer, lest a number in it has room made for what is not there."""
    if bounds is None:
        return {}
    return {"thrift_string_size_limit": bounds.footer, "thrift_container_size_limit": ELEMENTS}
