"""The answer to a body of rows, which begins while the body is still being sent."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, suppress
from functools import partial
from typing import IO, Any, Final, Protocol, TypeVar

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.compute.callers import CALLER, NamedCaller
from app.files.errors import InputError, UnknownColumn
from app.files.feed import Feed
from app.files.sources import GZIP, Source
from app.files.tables import Table
from app.http.body_stream import BodyStream
from app.http.compression import SHORTEST, Gzip, takes_gzip
from app.http.exchange import STREAMING
from app.http.file_parts import FilePart
from app.http.headers import header
from app.http.problems import Problem
from app.http.schemas import FieldError
from app.sentiment.row_bodies import RowOptions, RowsBody, options_of
from app.sentiment.row_formats import (
    MEDIA_TYPES,
    ROWS,
    RowFormat,
    TextTable,
    added,
    format_of_answer,
    format_of_file,
    format_of_media_type,
)
from app.sentiment.row_stream import RowAnswers, Rows
from app.sentiment.service import SentimentService

Result = TypeVar("Result")

_OWN: Final = frozenset({"csv", "tsv", "parquet"})
"""Formats in which the rows that were sent come back."""
_BYTES_A_CHARACTER: Final = 2
"""Of a line, about. A text somewhat too long is one row's error; a line of twice the characters ends the answer."""
_THE_FILE: Final = "The file"
_THE_BODY: Final = "The body"


class Asked(Protocol):
    """Says how rows are answered, once it is known what they ask for."""

    def __call__(self, options: RowOptions, answer: RowFormat) -> RowAnswers:
        """Return how; raises :class:`Problem` if there is no such model or label."""


async def rows_response(request: Request, body: RowsBody, service: SentimentService, asked: Asked) -> Response:
    """Begin to read rows, and return the answer.

    Args:
        request: The request.
        body: What it says of the rows.
        service: What classifies.
        asked: Says how the rows are answered.

    Raises:
        Problem: The rows cannot be read, or the answer not be given as asked.
        app.compute.Busy: There are too many streams.
    """
    stack = ExitStack()
    try:
        stack.enter_context(service.compute.stream())
        # The stream listens to its client itself: no part of its work needs to.
        CALLER.set(NamedCaller(CALLER.get().name))
        incoming = await _Incoming.of(request, body, service)
        answer = format_of_answer(incoming.format, header(request.scope, b"accept"))
        if answer is None:
            raise Problem(
                406, f"Rows are answered as {MEDIA_TYPES[incoming.format]}, {MEDIA_TYPES['ndjson']} or text/plain."
            )
        answers = asked(incoming.options, answer)
        rows = Rows(answers)
        stack.callback(rows.close)
        table = await incoming.begin(stack)
        await incoming.opened(rows.open(table, own=answer == incoming.format and answer in _OWN))
        parts = rows.parts(incoming.watch)
        first = await incoming.opened(anext(parts, b""))
    except BaseException:
        stack.close()
        raise
    return RowsResponse(rows, incoming, answer, first, parts, stack)


class RowsResponse(Response):
    """Sends the answer part by part."""

    def __init__(
        self,
        rows: Rows,
        incoming: "_Incoming",
        answer: RowFormat,
        first: bytes,
        parts: AsyncGenerator[bytes, None],
        stack: ExitStack,
    ) -> None:
        """Take what has begun.

        Args:
            rows: The rows.
            incoming: What they are read from.
            answer: The format of the answer.
            first: The first part of it; empty if there is none.
            parts: The other ones.
            stack: What is let go of at the end.
        """
        super().__init__(media_type=MEDIA_TYPES[answer])
        del self.headers["content-length"]
        # nginx would keep the answer back until it has some kilobytes of it.
        self.headers["X-Accel-Buffering"] = "no"
        self.headers["Vary"] = "Accept, Accept-Encoding"
        self._rows = rows
        self._incoming = incoming
        self._first = first
        self._parts = parts
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it is read elsewhere
        """Send the answer."""
        first = self._first
        try:
            # What is complete already and short is sent as it is.
            gzip = Gzip() if takes_gzip(scope) and (len(first) >= SHORTEST or self._incoming.goes_on) else None
            if gzip is not None:
                self.headers["Content-Encoding"] = "gzip"
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})

            async def give(part: bytes, *, last: bool = False) -> None:
                data = part if gzip is None else gzip.part(part, last=last)
                await send({"type": "http.response.body", "body": data, "more_body": not last})

            try:
                if first:
                    await give(first)
                async for part in self._parts:
                    await give(part)
            except InputError as error:
                await give(self._rows.last_part(f"{error} What follows is not read."))
                exchange = scope.get("extensions", {}).get(STREAMING)
                if exchange is not None:
                    # The client sees that the end is missing.
                    exchange.cut_short()
                    return
            await give(b"", last=True)
        finally:
            await self._parts.aclose()
            self._incoming.end()
            self._stack.close()


class _Incoming:
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
    ) -> None:
        self.format = given
        self.options = options
        self.watch: asyncio.Future[None]
        self._body = body
        self._blocks = blocks
        self._settings = service.settings
        self._packed = packed
        self._name = name
        self._feed: Feed | None = None
        self._problem: Problem | None = None

    @classmethod
    async def of(cls, request: Request, body: RowsBody, service: SentimentService) -> "_Incoming":
        """Begin to read the body of a request: of a form, up to the file."""
        settings = service.settings
        stream = BodyStream(
            request.scope,
            request.receive,
            idle_seconds=settings.stream_seconds,
            ratio=settings.max_compression_ratio,
        )
        if body.format is not None:
            blocks = stream.blocks()
            return cls(stream, blocks, service, body.format, body.options, packed=False, name=_THE_BODY)
        part = FilePart(header(request.scope, b"content-type"))
        blocks = _of_file(stream.blocks(), part)
        first = await anext(blocks)
        given = format_of_media_type(part.media_type) or format_of_file(part.filename)
        if part.media_type in ("", "text/plain", "application/octet-stream"):
            given = format_of_file(part.filename) or given
        if given is None:
            raise Problem(
                415, "The name of the file does not say its format; end it in .csv, .tsv, .ndjson, .txt or .parquet."
            )
        options = options_of({**part.fields, **dict(request.query_params)})
        packed = part.filename.lower().endswith(GZIP)
        return cls(stream, _and_then(first, blocks), service, given, options, packed=packed, name=_THE_FILE)

    async def begin(self, stack: ExitStack) -> Callable[[], Table[Any]]:
        """Begin to pass the rows on, and return what opens their table."""
        if self.format == "parquet":
            # The stack closes it.
            spooled = stack.enter_context(tempfile.NamedTemporaryFile(prefix="sentiment-rows-"))  # noqa: SIM115
            await self._spool(spooled)
            self.watch = asyncio.create_task(self._body.hung_up())
            return partial(_open_parquet, spooled.name, self.options)
        loop = asyncio.get_running_loop()
        room = asyncio.Event()
        feed = self._feed = Feed(lambda: loop.call_soon_threadsafe(room.set))
        self.watch = asyncio.create_task(self._pass_on(feed, room))
        longest = 2 * self._settings.max_characters
        line = min(longest * _BYTES_A_CHARACTER, self._settings.max_body_bytes)
        source = Source(feed, self._name, packed=self._packed, longest_line=line)
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

    def end(self) -> None:
        """Stop to read."""
        if self.watch.done() and not self.watch.cancelled():
            self.watch.exception()  # has been raised where it matters, or came too late to matter
        self.watch.cancel()
        if self._feed is not None:
            self._feed.end()

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
            file.write(block)
        file.flush()


async def _of_file(blocks: AsyncIterator[bytes], part: FilePart) -> AsyncIterator[bytes]:
    """Give what of a form is the file's; the first block, which may be empty, once its part has begun."""
    begun = False
    async for block in blocks:
        found = b"".join(part.feed(block))
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
    await asyncio.wait((task, watch), return_when=asyncio.FIRST_COMPLETED)
    if not task.done() and watch.exception() is not None:
        task.cancel()
        with suppress(InputError, asyncio.CancelledError):
            await task
        watch.result()
    return await task


def _open_parquet(path: str, options: RowOptions) -> Table[Any]:
    try:
        from app.files.parquet import ParquetTable
    except InputError as error:
        raise InputError("This service does not read Parquet; send CSV or NDJSON.") from error
    return ParquetTable(path, options.column, added(options.prefix), name=_THE_FILE, most=ROWS)
