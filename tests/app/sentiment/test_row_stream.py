import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

import pytest

from app.files.tables import Chunk, Chunks, Table, Write
from app.sentiment.row_stream import RowAnswers, Rows


class Endless(Table[Any]):
    """A table that does not end, and notes how much is read, what is closed, and in which thread it is written."""

    def __init__(self, characters: int = 1) -> None:
        self.closed: list[str] = []
        self.read = 0
        self.thread = ""
        self._characters = characters

    def chunks(self) -> Chunks[Any]:
        """See :class:`Table`."""
        try:
            while True:
                self.read += 1
                yield Chunk(["a row"], ["a text"], 1, self._characters)
        finally:
            self.closed.append("chunks")

    def close(self) -> None:
        """See :class:`Table`."""
        self.closed.append("table")

    @contextmanager
    def writer(self, _output: BinaryIO) -> Iterator[Write[Any]]:
        """See :class:`Table`."""
        self.thread = threading.current_thread().name
        try:
            yield lambda _rows, _added: None
        except GeneratorExit:
            self.closed.append("writer, unfinished")
            raise


class Answers:
    """Stands for a service that does not get on."""

    service = SimpleNamespace(compute=SimpleNamespace(threads=3))

    async def of(self, _texts: object) -> list[Any]:
        await asyncio.Event().wait()
        return []


def hang_up(table: Endless, read: int = 1) -> None:
    """Have a client ask for the rows of a table, and hang up once so many chunks were read, or more."""

    async def work() -> None:
        loop = asyncio.get_running_loop()
        rows = Rows(cast(RowAnswers, Answers()))
        await rows.open(lambda _own: table, own=True)
        parts = rows.parts(loop.create_future())
        reading = asyncio.ensure_future(anext(parts))
        while table.read < read:  # noqa: ASYNC110 - another thread reads
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.wait([reading])
        await parts.aclose()
        ended = asyncio.Event()
        rows.close(ended.set)
        await ended.wait()
        # While they are still known: that nothing knows them any more must not be what closes them.
        assert rows

    asyncio.run(work())


def test_all_is_closed_once_the_client_has_hung_up() -> None:
    table = Endless()
    hang_up(table)
    assert table.closed == ["writer, unfinished", "chunks", "table"]


@pytest.mark.parametrize(("characters", "read"), [(1, 4), (2**21, 2), (2**22, 1)])
def test_of_long_rows_none_are_read_ahead(characters: int, read: int) -> None:
    table = Endless(characters)
    hang_up(table, read)
    assert table.read == read


def test_the_writer_is_opened_in_the_thread_of_the_rows() -> None:
    table = Endless()
    hang_up(table)
    assert table.thread.startswith("rows")
