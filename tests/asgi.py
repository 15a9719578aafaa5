"""Asking an app in this process, without a server."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from fastapi import FastAPI

from app.compute import Compute

Result = TypeVar("Result")


def ask(app: FastAPI, work: Callable[[httpx.AsyncClient], Awaitable[Result]]) -> Result:
    """Start an app, and do some work with a client of it."""

    async def run() -> Result:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://a") as client,
        ):
            return await work(client)

    return asyncio.run(run())


@contextmanager
def full(compute: Compute, caller: str = "somebody else") -> Iterator[None]:
    """Have a client's work take all the room in threads."""
    lanes = (compute.admission.brief, compute.admission.long)
    for lane in lanes:
        lane.enter(caller, 30.0)
    yield
    for lane in lanes:
        lane.leave(caller, 30.0)
