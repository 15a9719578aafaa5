"""Files with a text in each row: read in chunks, and written with columns added."""

import csv
import io
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from time import monotonic
from typing import Any, BinaryIO, Final, Generic, Literal, NoReturn, TypeVar

from app.files.errors import ColumnTaken, InputError, UnknownColumn
from app.files.sources import Source

Row = TypeVar("Row")
Rows = TypeVar("Rows")
Format = Literal["csv", "tsv", "jsonl", "parquet"]
Cell = str | float | Sequence[str] | None
Cells = tuple[Cell, ...]
"""What a row has in the added columns; ``None`` where it has nothing."""
Write = Callable[[Rows, Sequence[Cells]], None]
"""Writes rows, and the cells that are added to each."""

FORMATS: Final[tuple[Format, ...]] = ("csv", "tsv", "jsonl", "parquet")
_ENDINGS: Final[dict[str, Format]] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}

CHUNK_ROWS: Final = 1024
CHUNK_CHARACTERS: Final = 2**21
"""A chunk of very long texts has fewer rows, so that memory has a limit whatever the texts."""
CHUNK_SECONDS: Final = 0.1
"""Seconds that a row may wait for its chunk to fill."""
FIELD_CHARACTERS: Final = 2**24
"""Longest field of a CSV file. A quote that is never closed ends here rather than in all of memory."""
QUOTE: Final = '"'

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def format_of(name: str) -> Format | None:
    """Tell the format of a file by the ending of its name, with or without ``.gz`` behind; ``None`` if unknown."""
    return _ENDINGS.get(PurePath(name.lower().removesuffix(".gz")).suffix)


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Rows]):
    """Some rows that follow each other.

    Attributes:
        rows: The rows, as their table has them.
        texts: The text of each; ``None`` if it has none.
        position: How much of the table has been read with it, in the table's unit.
    """

    rows: Rows
    texts: list[str | None]
    position: int


class Table(ABC, Generic[Rows]):
    """Rows with a text each.

    Attributes:
        unit: In what reading is measured: bytes (``B``) or rows.
        total: How much there is to read, if that is known.
    """

    unit: str = "B"
    total: int | None = None

    @abstractmethod
    def chunks(self) -> Iterator[Chunk[Rows] | None]:
        """Give the rows in order, and ``None`` whenever the next ones are not there yet.

        Raises:
            InputError: A row is not as it should be.
        """

    @abstractmethod
    def writer(self, output: BinaryIO) -> AbstractContextManager[Write[Rows]]:
        """Give a function that writes rows in the table's own format; the output is complete after the block."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that the output has more than the input.

    Attributes:
        name: Its name.
        type: What its cells hold; each may also be empty. Several strings (``tuple``) are one field with commas in CSV.
    """

    name: str
    type: type[str] | type[float] | type[tuple[str, ...]]


class AddedColumns:
    """The columns that the output has more than the input.

    Attributes:
        columns: The columns, in order.
        names: Their names.
    """

    def __init__(self, *columns: Column) -> None:
        self.columns = columns
        self.names = [column.name for column in columns]

    def refuse_known(self, columns: Iterable[str], where: str) -> None:
        """Check that the input has no such columns.

        Raises:
            ColumnTaken: It has.
        """
        known = set(columns)
        for name in self.names:
            if name in known:
                raise ColumnTaken(where, name)


class CsvTable(Table[list[list[str]]]):
    """Rows of CSV or TSV below a row with the names of the columns.

    Bytes that are not UTF-8 go into the output as they are. The output quotes where that is needed.
    """

    def __init__(self, source: Source, column: str, added: AddedColumns, delimiter: str = ",") -> None:
        """Read the names of the columns.

        Raises:
            InputError: There are none, or not that of the texts.
        """
        csv.field_size_limit(FIELD_CHARACTERS)
        self.total = source.size
        self._source = source
        self._added = added
        self._delimiter = delimiter
        self._ending = "\n"
        text = io.TextIOWrapper(source.stream, "utf-8-sig", errors="surrogateescape", newline="")
        self._reader = csv.reader(self._lines(text), delimiter=delimiter)
        self._header = next(self._records(), (0, []))[1]
        if not self._header:
            raise InputError(f"{source.name} is empty; it should begin with a row of column names.")
        added.refuse_known(self._header, source.name)
        if column not in self._header:
            raise UnknownColumn(source.name, column, self._header)
        self._index = self._header.index(column)

    def chunks(self) -> Iterator[Chunk[list[list[str]]] | None]:
        """See :class:`Table`."""
        return grouped(self._rows(), self._source)

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        first = text.readline()
        if first.endswith("\r\n"):
            self._ending = "\r\n"
        yield first
        yield from text

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Give each row that is not blank, with the number of its first line."""
        number = self._reader.line_num + 1
        try:
            with self._source.reading():
                for record in self._reader:
                    if record:
                        yield number, record
                    number = self._reader.line_num + 1
        except csv.Error as error:
            hint = ", which is what a quote left open looks like" if "limit" in str(error) else ""
            raise InputError(f"{self._source.name}, line {number}: {error}{hint}.") from error

    def _rows(self) -> Iterator[tuple[list[str], str | None]]:
        width = len(self._header)
        for number, record in self._records():
            if len(record) != width:
                raise InputError(
                    f"{self._source.name}, line {number}: the row has {len(record)} fields, the header {width}."
                )
            yield record, record[self._index] or None

    @contextmanager
    def writer(self, output: BinaryIO) -> Iterator[Write[list[list[str]]]]:
        """See :class:`Table`."""
        special = re.compile(f'["{self._delimiter}\r\n]')

        def encode(fields: Iterable[str]) -> bytes:
            # csv.writer looks at each character in turn, which costs a tenth of the time that a review takes in all.
            quoted = [f'"{field.replace(QUOTE, QUOTE * 2)}"' if special.search(field) else field for field in fields]
            return (self._delimiter.join(quoted) + self._ending).encode("utf-8", "surrogateescape")

        def write(rows: list[list[str]], added: Sequence[Cells]) -> None:
            output.writelines(encode([*row, *map(_csv_cell, cells)]) for row, cells in zip(rows, added, strict=True))

        output.write(encode([*self._header, *self._added.names]))
        yield write


class JsonLinesTable(Table[list[bytes]]):
    """JSON Lines: an object a line.

    The output has every line as it was, byte for byte, with the added fields; blank lines are left out.
    """

    def __init__(self, source: Source, column: str, added: AddedColumns) -> None:
        """Read from a source; the texts are the field ``column`` of each object."""
        self.total = source.size
        self._source = source
        self._column = column
        self._added = added
        self._found = False

    def chunks(self) -> Iterator[Chunk[list[bytes]] | None]:
        """See :class:`Table`. A row may lack the column, but not all of the first :data:`CHUNK_ROWS`."""
        return grouped(self._rows(), self._source)

    def _rows(self) -> Iterator[tuple[bytes, str | None] | None]:
        without: list[dict[str, Any]] = []
        number = 0
        for line in self._source.lines():
            if line is None:
                yield None
                continue
            number += 1
            row = line.strip()
            if not row:
                continue
            fields = self._parse(row, number)
            if not self._found:
                self._look_for_column(fields, without)
            yield row, self._text(fields, number)
        if without and not self._found:
            self._refuse(without)

    def _look_for_column(self, fields: dict[str, Any], without: list[dict[str, Any]]) -> None:
        self._found = self._column in fields
        if not self._found:
            without.append(dict.fromkeys(fields))
            if len(without) == CHUNK_ROWS:
                self._refuse(without)

    def _refuse(self, without: list[dict[str, Any]]) -> NoReturn:
        names = dict.fromkeys(name for fields in without for name in fields)
        raise UnknownColumn(self._source.name, self._column, list(names))

    def _parse(self, row: bytes, number: int) -> dict[str, Any]:
        where = f"{self._source.name}, line {number}"
        try:
            fields = json.loads(row.decode("utf-8", "replace"))
        except json.JSONDecodeError as error:
            raise InputError(f"{where} is not JSON: {error.msg} (character {error.colno}).") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where} is not JSON that can be read: {error}.") from error
        if not isinstance(fields, dict):
            raise InputError(f"{where} is not a JSON object.")
        self._added.refuse_known(fields, where)
        return fields

    def _text(self, fields: dict[str, Any], number: int) -> str | None:
        text = fields.get(self._column)
        if text is not None and not isinstance(text, str):
            raise InputError(f"{self._source.name}, line {number}: {self._column!r} is not a string.")
        return text or None

    @contextmanager
    def writer(self, output: BinaryIO) -> Iterator[Write[list[bytes]]]:
        """See :class:`Table`."""
        names = [json.dumps(name) for name in self._added.names]

        def extend(row: bytes, cells: Cells) -> bytes:
            fields = ", ".join(f"{name}: {json.dumps(cell)}" for name, cell in zip(names, cells, strict=True))
            start = row.removesuffix(b"}").rstrip()
            comma = "" if start == b"{" else ", "
            return start + f"{comma}{fields}}}\n".encode()

        def write(rows: list[bytes], added: Sequence[Cells]) -> None:
            output.writelines(map(extend, rows, added))

        yield write


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return str(cell) if isinstance(cell, str | float) else ",".join(cell)


def grouped(rows: Iterable[tuple[Row, str | None] | None], source: Source | None) -> Iterator[Chunk[list[Row]] | None]:
    """Group rows into chunks.

    Args:
        rows: Rows and their texts; ``None`` where the next row is not there yet.
        source: What they are read from.

    Returns:
        Chunks of at most :data:`CHUNK_ROWS` rows: fewer where rows came slowly, or texts are long. ``None`` where
        the next row is not there yet; all before it were given.
    """
    group = _Group[Row](source)
    for item in rows:
        if item is not None:
            group.add(*item)
        if group.texts and (item is None or group.is_full()):
            yield group.chunk()
            group = _Group(source)
        if item is None:
            yield None
    if group.texts:
        yield group.chunk()


class _Group(Generic[Row]):
    """A chunk that is not full yet."""

    def __init__(self, source: Source | None) -> None:
        self._source = source
        self._since = monotonic()
        self._characters = 0
        self.rows: list[Row] = []
        self.texts: list[str | None] = []

    def add(self, row: Row, text: str | None) -> None:
        if not self.texts:
            self._since = monotonic()
        self.rows.append(row)
        self.texts.append(None if text is None else clean(text))
        self._characters += len(text or "")

    def is_full(self) -> bool:
        return (
            len(self.texts) >= CHUNK_ROWS
            or self._characters >= CHUNK_CHARACTERS
            or monotonic() - self._since > CHUNK_SECONDS
        )

    def chunk(self) -> Chunk[list[Row]]:
        return Chunk(self.rows, self.texts, self._source.position if self._source else 0)


def clean(text: str) -> str:
    """Replace what is no character, such as a byte that was not UTF-8, by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
