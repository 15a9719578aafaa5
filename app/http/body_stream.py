"""A request body of any length, block by block: decompressed, and passed on no faster than it is read."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from app.http.bodies import FREE_BYTES, is_gzipped
from app.http.exchange import STREAMING
from app.http.problems import Problem

_BLOCK: Final = 2**17
"""Bytes that are decompressed at once."""
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class BodyStream:
    """The body of one request."""

    def __init__(self, scope: Scope, receive: Receive, *, idle_seconds: float, ratio: int) -> None:
        """Begin to read; nothing of the body is kept.

        Args:
            scope: The request.
            receive: ASGI's.
            idle_seconds: How long the client may send nothing.
            ratio: Times that a gzipped body may become larger, where more than 64 KiB become of it.

        Raises:
            Problem: 415 if the body has another content coding than gzip.
        """
        self._receive = receive
        self._ratio = ratio
        self._decoder = zlib.decompressobj(_GZIP_WINDOW) if is_gzipped(scope) else None
        self._sent = self._became = 0
        exchange = scope.get("extensions", {}).get(STREAMING)
        if exchange is not None:
            exchange.stream(idle_seconds)

    @property
    def is_gzipped(self) -> bool:
        """Whether the body is decompressed as it comes."""
        return self._decoder is not None

    @property
    def growth(self) -> int:
        """How many times larger the body has become so far, rounded up; 1 of one that is not gzipped."""
        return max(1, -(-self._became // max(1, self._sent)))

    async def blocks(self) -> AsyncIterator[bytes]:
        """Give the body.

        Raises:
            Problem: 408 if it stalls, 400 if it is not what its coding says, 413 if it becomes far too large.
            ClientDisconnect: The client hung up.
        """
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body, more = message.get("body", b""), message.get("more_body", False)
            if self._decoder is None:
                yield body
                continue
            found = self._decompressed(self._decoder, body)
            yield found
            while len(found) == _BLOCK:
                # Where much becomes of little, others get their turn in between.
                await asyncio.sleep(0)
                found = self._decompressed(self._decoder, self._decoder.unconsumed_tail)
                yield found
        if self._decoder is not None and not self._decoder.eof:
            raise Problem(400, "The gzipped body is incomplete.")

    async def hung_up(self) -> None:
        """Wait, after the last block, until the client hangs up.

        Raises:
            ClientDisconnect: It did.
        """
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    def _decompressed(self, decoder: "zlib._Decompress", body: bytes) -> bytes:
        if decoder.eof:
            if body:
                raise Problem(400, "Something follows the end of the gzipped body.")
            return b""
        try:
            found = decoder.decompress(body, _BLOCK)
        except zlib.error as error:
            raise Problem(400, "The body is not gzipped, or is damaged.") from error
        if decoder.unused_data:
            raise Problem(400, "Something follows the end of the gzipped body.")
        self._sent += len(body) - len(decoder.unconsumed_tail)
        self._became += len(found)
        if self._became > max(FREE_BYTES, self._ratio * self._sent):
            raise Problem(413, f"The body becomes more than {self._ratio} times larger when it is decompressed.")
        return found
