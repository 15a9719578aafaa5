"""JSON Lines: an object a line."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, NoReturn

from app.files.errors import InputError, UnknownColumn
from app.files.sources import Source
from app.files.tables import CHUNK_ROWS, AddedColumns, Cells, Chunks, Table, Write, grouped


class JsonLinesTable(Table[list[bytes]]):
    """JSON Lines: an object a line.

    The output has every line as it was, byte for byte, with the added fields; blank lines are left out.
    """

    def __init__(self, source: Source, column: str, added: AddedColumns, *, begins: bool = True) -> None:
        """Read from a source; the texts are the field ``column`` of each object.

        Args:
            source: The lines.
            column: That of the texts.
            added: The fields to add.
            begins: Whether these are the first lines of a file; of others, all may lack the column.
        """
        self.total = source.size
        self._source = source
        self._column = column
        self._added = added
        self._found = not begins

    def chunks(self) -> Chunks[list[bytes]]:
        """See :class:`Table`. A row may lack the column, but not all of the first :data:`CHUNK_ROWS` of a file."""
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
