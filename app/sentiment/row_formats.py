"""The formats of rows over HTTP: which one a body is in, which one the answer is to be in, and how it is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

from app.files.delimited import CsvTable, RowLimits
from app.files.lines import LinesTable, json_text, plain_text
from app.files.sources import Source
from app.files.tables import AddedColumns, Cells, Column, Table, format_of
from app.http.headers import weights

RowFormat = Literal["ndjson", "csv", "tsv", "text", "parquet"]

MEDIA_TYPES: Final[dict[RowFormat, str]] = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "text": "text/plain",
    "parquet": "application/vnd.apache.parquet",
}
_ALIASES: Final[dict[str, RowFormat]] = {
    **{media_type: name for name, media_type in MEDIA_TYPES.items()},
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "application/csv": "csv",
    "application/x-parquet": "parquet",
}
_OF_FILES: Final[dict[str, RowFormat]] = {"csv": "csv", "tsv": "tsv", "jsonl": "ndjson", "parquet": "parquet"}
_DELIMITERS: Final = {"csv": ",", "tsv": "\t"}
ROWS: Final = 128
"""Rows that are classified at once: about a twentieth of a second of reviews."""
CHARACTERS: Final = 2**18
"""Characters of them, about, with all that stands beside the texts."""
COLUMNS: Final = 1_000
"""Columns of a table at most."""


def added(prefix: str) -> AddedColumns:
    """Return the columns that a table in the answer has more than the one that was sent, their names with a prefix."""
    columns: list[tuple[str, type[str | float | tuple[str, ...]]]] = [
        ("label", str), ("score", float), ("warnings", tuple), ("error", str),
    ]  # fmt: skip
    return AddedColumns(*(Column(f"{prefix}{name}", kind) for name, kind in columns))


def format_of_media_type(media_type: str) -> RowFormat | None:
    """Tell the format by a media type in lower case, without parameters; ``None`` if it is none of rows."""
    return _ALIASES.get(media_type)


def format_of_file(name: str) -> RowFormat | None:
    """Tell the format by the name of a file; ``None`` if its ending says nothing."""
    found = format_of(name)
    if found is None and name.lower().removesuffix(".gz").endswith(".txt"):
        return "text"
    return None if found is None else _OF_FILES[found]


def format_of_answer(given: RowFormat, accept: str) -> RowFormat | None:
    """Choose the format of the answer: that which was sent, unless the client asks for another one.

    Args:
        given: That which was sent.
        accept: The header of the request; empty if there is none.

    Returns:
        ``None`` if the client takes none that there is: that of the rows, ``ndjson`` or ``text``.
    """
    wanted = weights(accept)
    if not accept.strip():
        return given

    def weight(name: RowFormat) -> float:
        media_type = MEDIA_TYPES[name]
        names = [alias for alias, meant in _ALIASES.items() if meant == name]
        exact = [wanted[alias] for alias in names if alias in wanted]
        if exact:
            return max(exact)
        return wanted.get(f"{media_type.partition('/')[0]}/*", wanted.get("*/*", 0.0))

    best = max(dict.fromkeys((given, "ndjson", "text")), key=weight)
    return best if weight(best) > 0 else None


@dataclass(frozen=True)
class TextTable:
    """How the table of a body is opened.

    Attributes:
        format: Its format; not Parquet, which needs a file.
        column: The name of the column, or of the field, that holds the texts.
        prefix: Stands before the names of the added columns.
        longest_row: Characters of a row at most.
    """

    format: RowFormat
    column: str
    prefix: str
    longest_row: int

    def open(self, source: Source, own: bool) -> Table[Any]:  # noqa: ARG002 - both matter to Parquet alone
        """Open the table, which may wait for its first row.

        Args:
            source: What is read.
            own: Whether its rows are written again.

        Raises:
            app.files.errors.InputError: It has no such column, or has one already of those that are added.
        """
        if self.format == "ndjson":
            return LinesTable(
                source, partial(json_text, column=self.column), blank=False, most=ROWS, largest=CHARACTERS
            )
        if self.format == "text":
            return LinesTable(source, plain_text, blank=True, most=ROWS, largest=CHARACTERS)
        return CsvTable(
            source,
            self.column,
            added(self.prefix),
            _DELIMITERS[self.format],
            lenient=True,
            most=ROWS,
            limits=RowLimits(self.longest_row, COLUMNS, CHARACTERS),
        )


def cells(label: str, score: float, warnings: Sequence[str]) -> Cells:
    """Return the added cells of a row that was classified."""
    return label, score, tuple(warnings), None


def no_cells(error: str) -> Cells:
    """Return the added cells of a row that was not."""
    return None, None, None, error
