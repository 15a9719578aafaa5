"""A text a line: as it stands, or as JSON."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from pydantic_core import from_json

from app.files.errors import NAME_CHARACTERS
from app.files.sources import Source
from app.files.tables import CHUNK_CHARACTERS, CHUNK_ROWS, Cells, Chunks, RowError, Table, Text, Write, grouped

_LONG: Final = 2**16
_MOST_NESTED: Final = 10_000
"""Lists and objects of a long line: to parse millions would keep all other threads waiting."""
_MOST_VALUES: Final = 50_000
"""Numbers, strings and so on, which cost less. Thousands are honest, such as a vector beside the text."""


class LinesTable(Table[list[None]]):
    """Rows that are nothing but a text; what is written of each is the first of its cells, as a line.

    A line that is not as it should be is a :class:`RowError`.
    """

    def __init__(
        self,
        source: Source,
        read: Callable[[bytes], Text],
        *,
        blank: bool,
        most: int = CHUNK_ROWS,
        largest: int = CHUNK_CHARACTERS,
    ) -> None:
        """Read from a source.

        Args:
            source: The bytes.
            read: A line, without its end, to its text: :func:`plain_text` or :func:`json_text`.
            blank: Whether a blank line is a row.
            most: Rows of a chunk.
            largest: Characters from which on a chunk is full.
        """
        self._largest = largest
        self.total = source.size
        self._source = source
        self._read = read
        self._blank = blank
        self._most = most

    def chunks(self) -> Chunks[list[None]]:
        """See :class:`Table`."""
        return grouped(self._rows(), self._source, self._most, largest=self._largest)

    def _rows(self) -> Iterator[tuple[None, Text] | None]:
        for line in self._source.lines():
            if line is None:
                yield None
            elif self._blank or line.strip():
                yield None, self._read(line)

    @contextmanager
    def writer(self, output: BinaryIO) -> Iterator[Write[list[None]]]:
        """See :class:`Table`."""

        def write(_rows: list[None], added: Sequence[Cells]) -> None:
            output.writelines(f"{cells[0]}\n".encode() for cells in added)

        yield write


def plain_text(line: bytes) -> Text:
    """Return the text that a line is."""
    try:
        return line.removesuffix(b"\r").decode() or None
    except UnicodeDecodeError as error:
        return RowError(f"byte {error.start} of the line is not valid UTF-8.")


def json_text(line: bytes, column: str = "text") -> Text:
    """Return the text of a line of JSON: a string, or an object whose field ``column`` is one."""
    if len(line) > _LONG and _has_many_values(line):
        return RowError("the line has far more values than a text.")
    try:
        # Unlike json.loads it takes no lone surrogates, nor breaks on deep nesting.
        found: Any = from_json(line)
    except ValueError as error:
        return RowError(f"the line is not JSON: {str(error).replace(' at line 1 column', ', column')}.")
    if isinstance(found, dict):
        if column not in found:
            return RowError(f"the object has no field {column[:NAME_CHARACTERS]!r}.")
        found = found[column]
    if found is None or isinstance(found, str):
        return found or None
    return RowError("the text is not a string.")


def _has_many_values(line: bytes) -> bool:
    """Whether a line of JSON has far more values than a text and what may stand beside it; its strings do not count."""
    if line.count(b"[") + line.count(b"{") <= _MOST_NESTED and line.count(b",") <= _MOST_VALUES:
        return False
    if b"\\" in line:
        # Backslashes first, so that one that is escaped itself escapes no quote.
        line = line.replace(rb"\\", b"").replace(rb"\"", b"")
    # Each value may have a name, which has two quotes more; to split a line at more would take as long as to parse it.
    if line.count(b'"') > 4 * _MOST_VALUES:
        return True
    outside = b"".join(line.split(b'"')[::2])
    return outside.count(b"[") + outside.count(b"{") > _MOST_NESTED or outside.count(b",") > _MOST_VALUES
