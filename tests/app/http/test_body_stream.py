"""Bodies of any length, block by block, without a server."""

import asyncio
import gzip

import pytest
from starlette.types import Message, Scope

from app.http.bodies import FREE_BYTES
from app.http.body_stream import BodyStream
from app.http.problems import Problem

GZIPPED: Scope = {"type": "http", "headers": [(b"content-encoding", b"gzip")]}


def read(body: bytes, *, ratio: int) -> bytes:
    """Return what a gzipped body becomes that comes in one piece."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def blocks() -> list[bytes]:
        return [block async for block in BodyStream(GZIPPED, receive, idle_seconds=1, ratio=ratio).blocks()]

    return b"".join(asyncio.run(blocks()))


def test_a_body_that_becomes_far_too_large_is_refused_however_many_steps_it_takes() -> None:
    body = gzip.compress(bytes(2**24))
    with pytest.raises(Problem, match="becomes more than 100 times larger") as caught:
        read(body, ratio=100)
    assert caught.value.status == 413
    assert len(read(body, ratio=2_000)) == 2**24


def test_what_becomes_no_more_than_a_little_may_be_packed_as_well_as_it_likes() -> None:
    assert len(read(gzip.compress(bytes(FREE_BYTES)), ratio=1)) == FREE_BYTES
