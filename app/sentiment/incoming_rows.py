"""The rows of a request as they come in: told apart by format, and passed on to the thread that reads their table."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from time import monotonic
from typing import IO, Any, Final, TypeVar

from fastapi import Request

from app.files.errors import InputError, UnknownColumn
from app.files.feed import Feed
from app.files.sources import GZIP, Source
from app.files.tables import Table
from app.http.body_stream import BodyStream
from app.http.dependencies import part_of
from app.http.file_parts import FilePart
from app.http.headers import header
from app.http.problems import Problem
from app.http.schemas import FieldError
from app.lifecycle import Lifecycle
from app.sentiment.row_bodies import RowOptions, RowsBody, check_charset, options_of
from app.sentiment.row_formats import (
    COLUMNS,
    ROWS,
    RowFormat,
    TextTable,
    added,
    format_of_file,
    format_of_media_type,
)
from app.sentiment.service import SentimentService

Result = TypeVar("Result")

_POLL_SECONDS: Final = 0.25
_PLACE_SECONDS: Final = 5.0
"""How long a file waits for those before it."""
_PLACE_POLL_SECONDS: Final = 0.05
_THE_FILE: Final = "The file"
_THE_BODY: Final = "The body"


class IncomingRows:
    """The bytes of the rows: where they come from, and the task that passes them on.

    Attributes:
        format: Of the rows.
        options: What is said of them.
        watch: The task.
    """

    def __init__(
        self,
        body: BodyStream,
        blocks: AsyncIterator[bytes],
        service: SentimentService,
        given: RowFormat,
        options: RowOptions,
        *,
        packed: bool,
        name: str,
        lifecycle: Lifecycle,
    ) -> None:
        self.format = given
        self.options = options
        self.watch: asyncio.Future[None]
        self._body = body
        self._blocks = blocks
        self._settings = service.settings
        self._compute = service.compute
        self._packed = packed
        self._name = name
        self._feed: Feed | None = None
        self._leave: Callable[[], None] | None = None
        self._lifecycle = lifecycle
        self._until_draining: asyncio.Task[None] | None = None
        self._problem: Problem | None = None

    @classmethod
    async def of(cls, request: Request, body: RowsBody, service: SentimentService) -> "IncomingRows":
        """Begin to read the body of a request: of a form, up to the file."""
        settings = service.settings
        lifecycle = part_of(request, Lifecycle)
        stream = BodyStream(
            request.scope,
            request.receive,
            idle_seconds=settings.stream_seconds,
            ratio=settings.max_compression_ratio,
        )
        if body.format is not None:
            blocks = stream.blocks()
            return cls(
                stream, blocks, service, body.format, body.options, packed=False, name=_THE_BODY, lifecycle=lifecycle
            )
        part = FilePart(header(request.scope, b"content-type"))
        blocks = _of_file(stream.blocks(), part)
        first = await anext(blocks)
        check_charset(part.charset)
        given = format_of_media_type(part.media_type) or format_of_file(part.filename)
        if part.media_type in ("", "text/plain", "application/octet-stream"):
            given = format_of_file(part.filename) or given
        if given is None:
            raise Problem(
                415, "The name of the file does not say its format; end it in .csv, .tsv, .ndjson, .txt or .parquet."
            )
        options = options_of(request, part.fields)
        packed = part.filename.lower().endswith(GZIP)
        if packed and stream.is_gzipped:
            raise Problem(415, "The body is gzipped, and so is the file in it; send one of them as it is.")
        blocks = _and_then(first, blocks)
        return cls(stream, blocks, service, given, options, packed=packed, name=_THE_FILE, lifecycle=lifecycle)

    async def begin(self, stack: ExitStack) -> Callable[[bool], Table[Any]]:
        """Begin to pass the rows on, and return what opens their table, told whether its rows are written again.

        Raises:
            Problem: There is no room for them.
            app.compute.Busy: Too many files are being read, of this client or in all.
        """
        if self.format == "parquet":
            # It has no name, so that it goes even if the process ends at once. The stack closes it.
            spooled = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            await self._spool(spooled)
            self._leave = await self._begin_process()
            self.watch = asyncio.create_task(self._body.hung_up())
            # Of a gzipped body, both together count.
            ratio = max(1, self._settings.max_compression_ratio // self._body.growth)
            return partial(_open_parquet, spooled, self.options, self._settings.max_characters, ratio)
        loop = asyncio.get_running_loop()
        room = asyncio.Event()
        feed = self._feed = Feed(lambda: loop.call_soon_threadsafe(room.set))
        self.watch = asyncio.create_task(self._pass_on(feed, room))
        self._until_draining = asyncio.create_task(self._end_with_the_service(feed))
        # A text somewhat too long is one row's error; a row of twice the length ends the answer.
        longest = min(2 * self._settings.max_characters, self._settings.max_body_bytes)
        ratio = self._settings.max_compression_ratio
        source = Source(feed, self._name, packed=self._packed, longest_line=longest, ratio=ratio)
        return partial(TextTable(self.format, self.options.column, self.options.prefix, longest).open, source)

    async def opened(self, opening: Awaitable[Result]) -> Result:
        """Wait for a step before the answer begins.

        Raises:
            Problem: The table cannot be read.
        """
        try:
            return await _unless(opening, self.watch)
        except InputError as error:
            self.end()
            if self._problem is not None:
                raise self._problem from error
            errors = [FieldError(pointer="#/query/column", detail="is not there")]
            raise Problem(422, str(error), errors=errors if isinstance(error, UnknownColumn) else None) from error
        except BaseException:
            self.end()
            raise

    @property
    def goes_on(self) -> bool:
        """Whether more of the body is to come."""
        return self._feed is not None and not self._feed.ended

    async def _end_with_the_service(self, feed: Feed) -> None:
        """Read no more once the service is told to end, so that what was read is answered before it does."""
        while not self._lifecycle.draining:  # noqa: ASYNC110 - a signal sets it, which knows no event loop
            await asyncio.sleep(_POLL_SECONDS)
        feed.end(InputError("The service is ending."))

    def end(self) -> None:
        """Stop to read."""
        if self._until_draining is not None:
            self._until_draining.cancel()
        if self.watch.done() and not self.watch.cancelled():
            self.watch.exception()  # has been raised where it matters, or came too late to matter
        self.watch.cancel()
        if self._feed is not None:
            self._feed.abandon()

    async def _begin_process(self) -> Callable[[], None]:
        """Wait for a place for the process that reads the file: the one before may just be ending."""
        until = monotonic() + _PLACE_SECONDS
        while not self._compute.has_process() and monotonic() < until:  # noqa: ASYNC110 - many may wait for one place
            await asyncio.sleep(_PLACE_POLL_SECONDS)
        return self._compute.begin_process()

    def leave(self) -> None:
        """Make room for the next file, once the thread that reads the table has ended."""
        if self._leave is not None:
            self._leave()

    async def _pass_on(self, feed: Feed, room: asyncio.Event) -> None:
        """Pass the body on as it comes and, once it has come, wait for the client to hang up."""
        try:
            async for block in self._blocks:
                room.clear()
                if not feed.feed(block):
                    await room.wait()
        except Problem as problem:
            self._problem = problem
            feed.end(InputError(problem.detail))
            return
        except BaseException as error:
            feed.end(InputError(f"{self._name} was cut off ({type(error).__name__})."))
            raise
        feed.end()
        await self._body.hung_up()

    async def _spool(self, file: IO[bytes]) -> None:
        size = 0
        async for block in self._blocks:
            size += len(block)
            if size > self._settings.max_spooled_bytes:
                raise Problem(
                    413,
                    f"The file is larger than {self._settings.max_spooled_bytes:,} bytes; send less at once.",
                    headers={"Connection": "close"},
                )
            try:
                file.write(block)
                file.flush()
            except OSError as error:
                raise Problem(
                    503,
                    "The service has no room on disk for the file; send less at once.",
                    headers={"Retry-After": "60"},
                ) from error


async def _of_file(blocks: AsyncIterator[bytes], part: FilePart) -> AsyncIterator[bytes]:
    """Give what of a form is the file's; the first block, which may be empty, once its part has begun."""
    begun = False
    async for block in blocks:
        found = part.feed(block)
        if part.filename and (found or not begun):
            begun = True
            yield found
    part.finish()


async def _and_then(first: bytes, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for block in blocks:
        yield block


async def _unless(opening: Awaitable[Result], watch: "asyncio.Future[None]") -> Result:
    """Wait for something, unless what is done meanwhile fails."""
    task = asyncio.ensure_future(opening)
    try:
        await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            watch.result()
        return await task
    finally:
        if task.cancel():
            await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # is raised above, or the watch's is


def _open_parquet(file: IO[bytes], options: RowOptions, characters: int, ratio: int, own: bool) -> Table[Any]:
    try:
        from app.files.parquet_apart import ParquetLimits, ParquetTableApart
    except InputError as error:
        raise InputError("This service does not read Parquet; send CSV or NDJSON.") from error
    return ParquetTableApart(
        file,
        options.column,
        added(options.prefix),
        name=_THE_FILE,
        most=ROWS,
        characters=characters,
        limits=ParquetLimits(columns=COLUMNS, ratio=ratio),
        only_texts=not own,
    )
