"""Rows that are classified as they come: while some are still being sent, the answers to others go back, in order."""

import asyncio
import io
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

from app.compute import Busy
from app.files.delimited import CsvTable
from app.files.errors import InputError
from app.files.tables import Cells, Chunk, Chunks, RowError, Table, Text, Write
from app.priority import step_back
from app.sentiment.classifier import Classification, Classifier
from app.sentiment.explanation import Explained
from app.sentiment.labels import Labels
from app.sentiment.refusals import TooManyWords
from app.sentiment.row_formats import RowFormat, cells, no_cells
from app.sentiment.serialization import error_json, explained_json, plain_text, rounded, sentiment_json
from app.sentiment.service import SentimentService

_SLOWEST_RETRY: Final = 5.0
"""Seconds after which a stream asks again for a place for its next rows."""
LONG: Final = 2**16
"""Characters of rows from which on they are written, and compressed, in a thread."""
_HELD: Final = 2**22
"""Characters, or bytes, of rows that are held from which on no more are read."""
_EMPTY: Final = "The text is empty."


@dataclass(frozen=True)
class RowAnswers:
    """How rows are answered.

    Attributes:
        service: What classifies.
        model: The model that is asked.
        labels: Those of its labels to choose from.
        explain: Whether the answers are explained; where they are NDJSON.
        format: That of the answer.
    """

    service: SentimentService
    model: Classifier
    labels: Labels
    explain: bool
    format: RowFormat

    async def of(self, texts: Sequence[Text]) -> list[Cells]:
        """Classify the texts of some rows; whatever is wrong with a row is its answer.

        Where too much work waits, so do these rows: what slows down is the stream.

        Returns:
            What is written of each row: the added cells of a table, or else a line.
        """
        limit = self.service.settings.max_characters
        wrong = [complaint(text, limit) for text in texts]
        good = [text for text, error in zip(texts, wrong, strict=True) if isinstance(text, str) and not error]
        found = iter(await self._results(good)) if good else iter(())
        return [self.refusal(error) if error else next(found) for error in wrong]

    async def _results(self, texts: list[str]) -> list[Cells]:
        while True:
            try:
                if self.explain:
                    return await self.service.explain_rows(self.model, texts, self.labels, self._explained_cells)
                return await self.service.classify_rows(self.model, texts, self.labels, self._cells)
            except Busy as busy:
                await asyncio.sleep(min(busy.retry_after, _SLOWEST_RETRY))

    def _cells(self, found: Classification) -> Cells:
        if self.format == "ndjson":
            return (sentiment_json(found, self.model.id),)
        if self.format == "text":
            return (plain_text(found),)
        return cells(found.label, rounded(found.probabilities)[found.best], found.warnings)

    def _explained_cells(self, text: str, found: Explained | TooManyWords) -> Cells:
        if isinstance(found, TooManyWords):
            return self.refusal(str(found))
        return (explained_json(found, text, self.model.id),)

    def refusal(self, error: str) -> Cells:
        """Return what is written in place of a row that is not classified."""
        if self.format == "ndjson":
            return (error_json(error),)
        if self.format == "text":
            return (f"error: {error}",)
        return no_cells(error)


def complaint(text: Text, limit: int) -> str:
    """Say what is wrong with the text of a row, if anything."""
    if text is None:
        return _EMPTY
    if isinstance(text, RowError):
        return text.detail[:1].upper() + text.detail[1:]
    return f"The text has {len(text):,} characters; at most {limit:,} are taken." if len(text) > limit else ""


class Rows:
    """The rows of a table that is read in a thread of its own, as reading waits for what is sent."""

    def __init__(self, answers: RowAnswers) -> None:
        """Begin nothing yet.

        Args:
            answers: How the rows are answered.
        """
        self._answers = answers
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="rows", initializer=step_back)
        self._output = _Sink()
        self._stack = ExitStack()
        self._table: Table[Any]
        self._write: Write[Any]
        self._chunks: Chunks[Any]
        self._is_own = False
        self._is_open = True  # more may be read
        self._failure: InputError | None = None
        self._reading: asyncio.Future[Chunk[Any] | _End | None] | None = None
        self._underway: deque[tuple[Chunk[Any], asyncio.Task[list[Cells]]]] = deque()

    async def open(self, table: Callable[[bool], Table[Any]], *, own: bool) -> None:
        """Open the table.

        Args:
            table: Opens it, told whether its rows are written again; called in the thread.
            own: Whether the answer is a table of the same format, rather than lines.

        Raises:
            app.files.errors.InputError: It cannot be read.
        """
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._open, table, own)
        self._chunks = self._table.chunks()
        self._stack.callback(self._chunks.close)
        self._is_own = own
        output = cast(BinaryIO, self._output)
        writer = self._table.writer(output) if own else _lines(output)
        # In the thread, too: for a wide table of Parquet it takes a while.
        self._write = await loop.run_in_executor(self._thread, self._stack.enter_context, writer)

    @property
    def _is_parquet(self) -> bool:
        """Whether Parquet is written: in the thread that reads it, which never waits for what is still to be sent."""
        return self._is_own and self._table.unit == "rows"

    def _open(self, table: Callable[[bool], Table[Any]], own: bool) -> None:
        """Open the table in the thread, which closes it even if nobody waits for this any longer."""
        self._table = table(own)
        self._stack.callback(self._table.close)

    async def parts(self, watch: "asyncio.Future[None]") -> AsyncGenerator[bytes, None]:
        """Give the answer part by part, each as soon as it is there.

        Args:
            watch: What is done meanwhile. If it fails, so does this.

        Raises:
            app.files.errors.InputError: The table cannot be read any further. What was read before has been answered.
        """
        try:
            # How Parquet begins is of no use alone, and until there are rows the file may yet be refused.
            if not self._is_parquet and (part := self._output.take()):
                yield part
            while self._is_open or self._underway:
                await self._wait(watch)
                self._begin_what_was_read()
                while self._underway and self._underway[0][1].done():
                    chunk, job = self._underway.popleft()
                    await self._write_rows(chunk, job.result())
                    if part := self._output.take():
                        yield part
            if self._failure is not None:
                raise self._failure
            await asyncio.get_running_loop().run_in_executor(self._thread, self._stack.close)
            if part := self._output.take():
                yield part
        finally:
            for _, job in self._underway:
                job.cancel()
            if self._reading is not None:
                self._reading.cancel()

    async def _wait(self, watch: "asyncio.Future[None]") -> None:
        """Have the next rows read, if there is room for them, and wait until they or the first answers are there."""
        threads = self._answers.service.compute.threads
        # Of rows that are very long, none are read ahead of those that are at work.
        held = sum(chunk.characters for chunk, _ in self._underway)
        if self._is_open and self._reading is None and len(self._underway) <= threads and held < _HELD:
            read = asyncio.get_running_loop().run_in_executor(self._thread, next, self._chunks, _END)
            self._reading = asyncio.ensure_future(read)
        waits: list[asyncio.Future[Any]] = [job for _, job in list(self._underway)[:1]]
        if self._reading is not None:
            waits.append(self._reading)
        if not watch.done():
            waits.append(watch)
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if watch.done():
            watch.result()

    def _begin_what_was_read(self) -> None:
        if self._reading is None or not self._reading.done():
            return
        try:
            chunk = self._reading.result()
        except InputError as error:
            chunk, self._failure = _END, error
        self._reading = None
        if isinstance(chunk, _End):
            self._is_open = False
        elif chunk is not None:
            self._underway.append((chunk, asyncio.create_task(self._answers.of(chunk.texts))))

    async def _write_rows(self, chunk: Chunk[Any], added: list[Cells]) -> None:
        """Write rows: in a thread, if they are long, or in Parquet, which compresses what it writes."""
        if self._is_parquet:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write, chunk.rows, added)
        elif (self._is_own or self._answers.explain) and chunk.characters > LONG:
            await asyncio.to_thread(self._write, chunk.rows, added)
        else:
            self._write(chunk.rows, added)

    def last_part(self, error: str) -> bytes:
        """Return what says, behind the last row, why the answer ends; nothing where that is Parquet."""
        refusal = [self._answers.refusal(error)]
        if not self._is_own:
            self._write([None], refusal)
        elif isinstance(self._table, CsvTable):
            self._write([self._table.empty_row], refusal)
        return self._output.take()

    def close(self, ended: Callable[[], object]) -> None:
        """Let go of the thread, which ends once what it reads has ended.

        Args:
            ended: Called in the event loop when it has.
        """
        loop = asyncio.get_running_loop()
        last = self._thread.submit(self._let_go)
        last.add_done_callback(lambda _: loop.call_soon_threadsafe(ended))
        self._thread.shutdown(wait=False)

    def _let_go(self) -> None:
        """Close the table and what is written, behind all else that the thread does, and drop the rows that are held.

        For a client that hung up nobody else does so: what is read half waits in a circle of references.
        """
        # With an error, so that rows which nobody reads are not compressed.
        self._stack.__exit__(GeneratorExit, GeneratorExit(), None)
        self._underway.clear()
        self._reading = None


class _End:
    """Stands behind the last chunk."""


_END: Final = _End()


class _Sink(io.RawIOBase):
    """What is written, until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._size += len(self._parts[-1])
        return len(self._parts[-1])

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        """Return what was written since it was last taken."""
        part = b"".join(self._parts)
        self._parts.clear()
        return part


@contextmanager
def _lines(output: BinaryIO) -> Iterator[Write[Any]]:
    """Write the first cell of each row as a line."""

    def write(_rows: Any, added: Sequence[Cells]) -> None:
        output.write("".join(f"{one[0]}\n" for one in added).encode())

    yield write
