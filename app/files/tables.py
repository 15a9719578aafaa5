"""Tables with a text in each row: read in chunks, and written with columns added."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePath
from time import monotonic
from typing import BinaryIO, Final, Generic, Literal, TypeVar

from app.files.errors import ColumnTaken, InputError
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

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def format_of(name: str) -> Format | None:
    """Tell the format of a file by the ending of its name, with or without ``.gz`` behind; ``None`` if unknown."""
    return _ENDINGS.get(PurePath(name.lower().removesuffix(".gz")).suffix)


@dataclass(frozen=True, slots=True)
class RowError:
    """A row is not as it should be, and the table goes on without it.

    Attributes:
        detail: What is wrong, to follow the number of the row.
    """

    detail: str


Text = str | RowError | None
"""Of a row: ``None`` if it has none."""


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Rows]):
    """Some rows that follow each other.

    Attributes:
        rows: The rows, as their table has them.
        texts: The text of each.
        position: How much of the table has been read with it, in the table's unit.
        characters: How long the rows are together, if that is known.
    """

    rows: Rows
    texts: Sequence[Text]
    position: int
    characters: int = 0


Chunks = Generator[Chunk[Rows] | None, None, None]
"""Chunks one after the other, and ``None`` whenever the next one is not there yet."""


class Table(ABC, Generic[Rows]):
    """Rows with a text each.

    Attributes:
        unit: In what reading is measured: bytes (``B``) or rows.
        total: How much there is to read, if that is known.
    """

    unit: str = "B"
    total: int | None = None

    @abstractmethod
    def chunks(self) -> Chunks[Rows]:
        """Give the rows in order, and ``None`` whenever the next ones are not there yet.

        Raises:
            InputError: A row is not as it should be.
        """

    def close(self) -> None:
        """Let go of what is open, even if nothing was read; may be called again."""

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


def grouped(
    rows: Iterable[tuple[Row, Text] | None],
    source: Source | None,
    most: int = CHUNK_ROWS,
    size: Callable[[Row], int] = lambda _: 0,
    largest: int = CHUNK_CHARACTERS,
) -> Chunks[list[Row]]:
    """Group rows into chunks.

    Args:
        rows: Rows and their texts; ``None`` where the next row is not there yet.
        source: What they are read from.
        most: Rows of a chunk.
        size: The characters of a row beside those of its text.
        largest: Characters from which on a chunk is full.

    Returns:
        Chunks of at most so many rows: fewer where rows came slowly, or texts are long. ``None`` where
        the next row is not there yet; all before it were given.
    """
    group = _Group(source, most, size, largest)
    failure: InputError | None = None
    for item in _until_failure(rows):
        if isinstance(item, InputError):
            failure = item
            break
        if item is not None:
            group.add(*item)
        if group.texts and (item is None or group.is_full()):
            yield group.chunk()
            group = _Group(source, most, size, largest)
        if item is None:
            yield None
    if group.texts:
        yield group.chunk()
    if failure is not None:
        raise failure


def _until_failure(rows: Iterable[Row]) -> Iterator[Row | InputError]:
    """Give rows and, if they cannot be read any further, why."""
    try:
        yield from rows
    except InputError as error:
        yield error


class _Group(Generic[Row]):
    """A chunk that is not full yet."""

    def __init__(self, source: Source | None, most: int, size: Callable[[Row], int], largest: int) -> None:
        self._source = source
        self._size = size
        self._largest = largest
        self._most = most
        self._since = monotonic()
        self._characters = 0
        self.rows: list[Row] = []
        self.texts: list[Text] = []

    def add(self, row: Row, text: Text) -> None:
        if not self.texts:
            self._since = monotonic()
        self.rows.append(row)
        if isinstance(text, str):
            text = clean(text)
            self._characters += len(text)
        self._characters += self._size(row)
        self.texts.append(text)

    def is_full(self) -> bool:
        return (
            len(self.texts) >= self._most
            or self._characters >= self._largest
            or monotonic() - self._since > CHUNK_SECONDS
        )

    def chunk(self) -> Chunk[list[Row]]:
        position = self._source.position if self._source else 0
        return Chunk(self.rows, self.texts, position, self._characters)


def clean(text: str) -> str:
    """Replace what is no character, such as a byte that was not UTF-8, by U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
