"""The answer to a body of rows, which begins while the body is still being sent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from functools import partial
from typing import Final, Protocol

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.compute.callers import CALLER, NamedCaller
from app.files.errors import InputError
from app.http.compression import SHORTEST, Gzip, takes_gzip
from app.http.exchange import STREAMING
from app.http.headers import header
from app.http.problems import Problem
from app.sentiment.incoming_rows import IncomingRows
from app.sentiment.row_bodies import RowOptions, RowsBody
from app.sentiment.row_formats import MEDIA_TYPES, RowFormat, format_of_answer
from app.sentiment.row_stream import LONG, RowAnswers, Rows
from app.sentiment.service import SentimentService

_OWN: Final = frozenset({"csv", "tsv", "parquet"})
"""Formats in which the rows that were sent come back."""


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
    leave = service.compute.begin_stream()
    rows: Rows | None = None
    parts: AsyncGenerator[bytes, None] | None = None
    try:
        # The stream listens to its client itself: no part of its work needs to.
        CALLER.set(NamedCaller(CALLER.get().name))
        incoming = await IncomingRows.of(request, body, service)
        answer = format_of_answer(incoming.format, header(request.scope, b"accept"))
        if answer is None:
            raise Problem(
                406, f"Rows are answered as {MEDIA_TYPES[incoming.format]}, {MEDIA_TYPES['ndjson']} or text/plain."
            )
        if incoming.options.explain and answer != "ndjson":
            raise Problem(422, f"Explained rows are answered as {MEDIA_TYPES['ndjson']}; ask for it with `Accept`.")
        rows = Rows(asked(incoming.options, answer))

        def ended() -> None:
            incoming.leave()
            leave()

        stack.callback(rows.close, ended)
        table = await incoming.begin(stack)
        await incoming.opened(rows.open(table, own=answer == incoming.format and answer in _OWN))
        parts = rows.parts(incoming.watch)
        first = await incoming.opened(anext(parts, b""))
    except BaseException:
        if parts is not None:
            await parts.aclose()
        stack.close()
        if rows is None:
            leave()
        raise
    return RowsResponse(rows, incoming, answer, first, parts, stack)


class RowsResponse(Response):
    """Sends the answer part by part."""

    def __init__(
        self,
        rows: Rows,
        incoming: IncomingRows,
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
                data = part
                if gzip is not None:
                    compress = partial(gzip.part, part, last=last)
                    data = await asyncio.to_thread(compress) if len(part) > LONG else compress()
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
