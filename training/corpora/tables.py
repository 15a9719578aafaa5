"""Tables of a user's own: CSV, TSV, JSON Lines or Parquet, row by row."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from app.files.delimited import FIELD_CHARACTERS
from app.files.errors import InputError
from app.files.sources import Source

_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")

Cells = Mapping[str, Any]


class NamedRows(NamedTuple):
    """The names of the columns, and the rows, read as they are asked for."""

    columns: Sequence[str]
    rows: Iterator[Cells]


def read_table(source: Source, kind: str, wanted: Callable[[str], bool] = lambda _: True) -> NamedRows:
    """Read the table that a source holds.

    Args:
        source: The source; CSV and TSV have a row of column names.
        kind: Its format, one of :data:`app.files.tables.FORMATS`.
        wanted: Which columns of Parquet are read; others may be large.

    Raises:
        InputError: It cannot be read, now or where its rows are.
    """
    if kind == "parquet":
        return _parquet(source, wanted)
    return _TEXTUAL[kind](source)


def _csv(source: Source, delimiter: str | None = None) -> NamedRows:
    csv.field_size_limit(FIELD_CHARACTERS)
    lines = iter(io.TextIOWrapper(source.stream, encoding="utf-8-sig", newline=""))
    first = _first_line(source, lines)
    if delimiter is None:
        # Spreadsheets write semicolons where the comma is part of numbers.
        delimiter = ";" if "," not in first and ";" in first else ","

    def every() -> Iterator[str]:
        yield first
        yield from lines

    records = _records(source, every(), delimiter)
    header = next(records, (1, []))[1]
    if not header:
        raise InputError(f"{source.name} is empty; it should begin with a row of column names.")

    def rows() -> Iterator[Cells]:
        for line, cells in records:
            if len(cells) != len(header):
                raise InputError(
                    f"{source.name}, line {line}: the row has {len(cells)} fields, the header {len(header)}."
                )
            yield dict(zip(header, cells, strict=True))

    return NamedRows(header, rows())


def _records(source: Source, lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Give each record that is not blank, with the number of its first line."""
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            hint = ", which is what a quote left open looks like" if "limit" in str(error) else ""
            raise InputError(f"{source.name}, line {line}: {error}{hint}.") from error
        except UnicodeDecodeError as error:
            raise _not_utf_8(source, line) from error
        if cells:
            yield line, cells


def _first_line(source: Source, lines: Iterator[str]) -> str:
    if source.stream.peek(2)[:2] in _UTF_16:
        raise InputError(f"{source.name} is UTF-16; save it as UTF-8.")
    try:
        return next(lines, "")
    except UnicodeDecodeError as error:
        raise _not_utf_8(source, 1) from error


def _not_utf_8(source: Source, line: int) -> InputError:
    return InputError(f"{source.name} is not UTF-8 (near line {line}); save it as UTF-8.")


def _json_lines(source: Source) -> NamedRows:
    found: list[Cells] = []
    for number, line in enumerate(source.lines(), start=1):
        if line is None or not line.strip():
            continue
        where = f"{source.name}, line {number}"
        try:
            cells = json.loads(line.decode())
        except UnicodeDecodeError as error:
            raise InputError(f"{where} is not UTF-8; save the file as UTF-8.") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where} is not JSON that can be read: {str(error).rstrip('.')}.") from error
        if not isinstance(cells, dict):
            raise InputError(f"{where} is not a JSON object.")
        found.append(cells)
    if not found:
        raise InputError(f"{source.name} is empty.")
    return NamedRows(list(dict.fromkeys(name for cells in found for name in cells)), iter(found))


def _parquet(source: Source, wanted: Callable[[str], bool]) -> NamedRows:
    content = io.BytesIO(source.stream.read())
    try:
        file = pq.ParquetFile(content)
        names = file.schema_arrow.names
        return NamedRows(names, iter(file.read([name for name in names if wanted(name)]).to_pylist()))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        message = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"{source.name} cannot be read as Parquet ({message}).") from error


_TEXTUAL: Final[Mapping[str, Callable[[Source], NamedRows]]] = {
    "csv": _csv,
    "tsv": lambda source: _csv(source, "\t"),
    "jsonl": _json_lines,
}
