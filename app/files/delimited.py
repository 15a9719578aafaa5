"""CSV and TSV: a row a record, below a row with the names of the columns."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.files.errors import InputError, UnknownColumn
from app.files.sources import Source
from app.files.tables import (
    CHUNK_CHARACTERS,
    CHUNK_ROWS,
    AddedColumns,
    Cell,
    Cells,
    Chunks,
    RowError,
    Table,
    Text,
    Write,
    clean,
    grouped,
)

FIELD_CHARACTERS: Final = 2**24
"""Longest field. A quote that is never closed ends here rather than in all of memory."""
QUOTE: Final = '"'
_FIELD: Final = 16
"""Characters that a field counts for beside its own: to quote an empty one takes as long as to copy some."""
_MOST_DELIMITERS: Final = 2**18
"""Of a line whose fields are limited: ``csv.reader`` keeps all other threads waiting for as long as a line takes it.
Texts of a million characters have less, and quoted ones are no fields, so this is far beyond what is honest."""


@dataclass(frozen=True)
class RowLimits:
    """What a row may have at most.

    Attributes:
        characters: In all its lines.
        fields: In the header, and so in each row that is written.
        chunk: Characters from which on a chunk of rows is full.
    """

    characters: int
    fields: int
    chunk: int


class _NotThereYet(Exception):
    """The next row is not there yet."""


class _Lines:
    """The lines of a source as ``csv.reader`` reads them: each with its ending, be it one of old Macintoshes.

    Attributes:
        ending: That of the first line, which the output has too.
        between_rows: Whether the reader asks for the first line of a row. It forgets the row that it is reading when it
            is told that a line is not there yet, so it is told between two rows alone.
    """

    def __init__(self, source: Source, delimiter: str, limits: RowLimits | None) -> None:
        self.between_rows = True
        self._delimiter = delimiter
        self._name = source.name
        self._source = source.lines()
        self._limits = limits
        self._characters = 0  # of the row that is being read
        self._text = ""
        self._at = 0  # up to here the text has been given
        first = next(filter(lambda line: line is not None, self._source), None)
        self.ending = "\r\n" if first is not None and first.endswith(b"\r") else "\n"
        if first is not None:
            self._take(first)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        while self._at == len(self._text):
            line = next(self._source)
            if line is not None:
                self._take(line)
            elif self.between_rows:
                raise _NotThereYet
        start, end = self._at, self._text.find("\r", self._at) + 1
        if end == 0 or self._text[end] == "\n":
            end = len(self._text)
        self._at = end
        part = self._text[start:end]
        part = self._limited(part)
        self.between_rows = False
        return part

    def _take(self, line: bytes) -> None:
        self._text, self._at = line.decode("utf-8", "surrogateescape") + "\n", 0

    def _limited(self, part: str) -> str:
        """See that the row that is being read stays within its limits, however many lines it has.

        Returns:
            The line; in place of one with far too many fields another one with too many, which is read at once.
        """
        if self._limits is None:
            return part
        if self.between_rows:
            self._characters = 0
        self._characters += len(part)
        if self._characters > self._limits.characters:
            raise InputError(f"{self._name} has a row of more than {self._limits.characters:,} characters.")
        if len(part) > _MOST_DELIMITERS and part.count(self._delimiter) > _MOST_DELIMITERS:
            # The reader asks for another line of a row within a quoted field alone.
            closing = "" if self.between_rows else QUOTE
            return closing + self._delimiter * self._limits.fields + "\n"
        return part


class CsvTable(Table[list[list[str]]]):
    """Rows of CSV or TSV below a row with the names of the columns.

    Bytes that are not UTF-8 go into the output as they are. The output quotes where that is needed.
    """

    def __init__(
        self,
        source: Source,
        column: str,
        added: AddedColumns,
        delimiter: str = ",",
        *,
        lenient: bool = False,
        most: int = CHUNK_ROWS,
        limits: RowLimits | None = None,
    ) -> None:
        """Read the names of the columns.

        Args:
            source: The bytes.
            column: That of the texts.
            added: The columns that the output has more.
            delimiter: What separates the fields.
            lenient: Whether a row that is not as it should be is one of the rows, as a :class:`RowError`, rather than
                the end of the table. Such a row has as many fields in the output as the others.
            most: Rows of a chunk.
            limits: Of a row; by default a field alone has one, :data:`FIELD_CHARACTERS`.

        Raises:
            InputError: There are none, or not that of the texts.
        """
        csv.field_size_limit(FIELD_CHARACTERS)
        self.total = source.size
        self._source = source
        self._added = added
        self._delimiter = delimiter
        self._lenient = lenient
        self._most = most
        self._limits = limits
        self._largest = CHUNK_CHARACTERS if limits is None else limits.chunk
        self._lines = _Lines(source, delimiter, limits)
        self._reader = csv.reader(self._lines, delimiter=delimiter)
        self._header = next(filter(None, self._records()), (0, []))[1]
        if not self._header:
            raise InputError(f"{source.name} is empty; it should begin with a row of column names.")
        if limits is not None and len(self._header) > limits.fields:
            raise InputError(f"{source.name} has more than {limits.fields:,} columns.")
        added.refuse_known(self._header, source.name)
        if column not in self._header:
            raise UnknownColumn(source.name, column, self._header)
        self._index = self._header.index(column)

    @property
    def empty_row(self) -> list[str]:
        """A row of empty fields."""
        return [""] * len(self._header)

    def chunks(self) -> Chunks[list[list[str]]]:
        """See :class:`Table`."""
        return grouped(self._rows(), self._source, self._most, _size, self._largest)

    def _records(self) -> Iterator[tuple[int, list[str]] | None]:
        """Give each row that is not blank, with the number of its first line, and ``None`` where none is there yet."""
        number = self._reader.line_num + 1
        try:
            while True:
                self._lines.between_rows = True
                try:
                    record = next(self._reader)
                except StopIteration:
                    return
                except _NotThereYet:
                    yield None
                    continue
                if record:
                    yield number, record
                number = self._reader.line_num + 1
        except csv.Error as error:
            hint = ", which is what a quote left open looks like" if "limit" in str(error) else ""
            raise InputError(f"{self._source.name}, line {number}: {error}{hint}.") from error

    def _rows(self) -> Iterator[tuple[list[str], Text] | None]:
        width = len(self._header)
        for found in self._records():
            if found is None:
                yield None
                continue
            number, record = found
            if len(record) == width:
                yield record, self._text(record[self._index])
                continue
            wrong = f"the row has {self._count(record)} fields, the header {width}"
            if not self._lenient:
                raise InputError(f"{self._source.name}, line {number}: {wrong}.")
            yield (record + [""] * width)[:width], RowError(f"{wrong}.")

    def _count(self, record: list[str]) -> str:
        most = len(record) if self._limits is None else self._limits.fields
        return f"more than {most:,}" if len(record) > most else str(len(record))

    def _text(self, field: str) -> Text:
        if self._lenient and not field.isascii() and clean(field) != field:
            return RowError("the text is not valid UTF-8.")
        return field or None

    @contextmanager
    def writer(self, output: BinaryIO) -> Iterator[Write[list[list[str]]]]:
        """See :class:`Table`."""
        special = re.compile(f'["{self._delimiter}\r\n]')

        def encode(fields: Iterable[str]) -> bytes:
            # csv.writer looks at each character in turn, which costs a tenth of the time that a review takes in all.
            quoted = [f'"{field.replace(QUOTE, QUOTE * 2)}"' if special.search(field) else field for field in fields]
            return (self._delimiter.join(quoted) + self._lines.ending).encode("utf-8", "surrogateescape")

        def write(rows: list[list[str]], added: Sequence[Cells]) -> None:
            output.writelines(encode([*row, *map(_csv_cell, cells)]) for row, cells in zip(rows, added, strict=True))

        output.write(encode([*self._header, *self._added.names]))
        yield write


def _size(record: list[str]) -> int:
    return sum(map(len, record)) + _FIELD * len(record)


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    return str(cell) if isinstance(cell, str | float) else ",".join(cell)
