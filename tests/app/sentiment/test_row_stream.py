import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

from app.files.tables import Chunk, Chunks, Table, Write
from app.sentiment.row_stream import RowAnswers, Rows


class Endless(Table[Any]):
    """A table that does not end, and notes what is closed."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def chunks(self) -> Chunks[Any]:
        """See :class:`Table`."""
        try:
            while True:
                yield Chunk(["a row"], ["a text"], 1)
        finally:
            self.closed.append("table")

    @contextmanager
    def writer(self, _output: BinaryIO) -> Iterator[Write[Any]]:
        """See :class:`Table`."""
        try:
            yield lambda _rows, _added: None
        except GeneratorExit:
            self.closed.append("writer, unfinished")
            raise


class Answers:
    """Stands for a service that does not get on."""

    service = SimpleNamespace(compute=SimpleNamespace(threads=1))

    async def of(self, _texts: object) -> list[Any]:
        await asyncio.Event().wait()
        return []


def test_all_is_closed_once_the_client_has_hung_up() -> None:
    table = Endless()

    async def hang_up() -> None:
        loop = asyncio.get_running_loop()
        rows = Rows(cast(RowAnswers, Answers()))
        await rows.open(lambda _own: table, own=True)
        parts = rows.parts(loop.create_future())
        reading = asyncio.ensure_future(anext(parts))
        await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.wait([reading])
        await parts.aclose()
        ended = asyncio.Event()
        rows.close(ended.set)
        await ended.wait()
        # While they are still known: that nothing knows them any more must not be what closes them.
        assert rows
        assert table.closed == ["writer, unfinished", "table"]

    asyncio.run(hang_up())
