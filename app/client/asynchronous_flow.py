"""Several requests under way at once, with asyncio. ``synchronous_flow.py`` has the same for threads."""

import asyncio
from asyncio import sleep
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

__all__ = ["Texts", "blocks", "in_order", "sleep"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Texts = Iterable[str] | AsyncIterable[str]


async def blocks(texts: Texts, size: int, characters: int) -> AsyncIterator[list[str]]:
    """Group texts into lists of at most so many texts and, but for a single one, about so many characters."""
    block: list[str] = []
    total = 0
    async for text in _each(texts):
        if block and total + len(text) > characters:
            yield block
            block, total = [], 0
        block.append(text)
        total += len(text)
        if len(block) == size:
            yield block
            block, total = [], 0
    if block:
        yield block


async def in_order(
    function: Callable[[Item], Awaitable[Result]], items: AsyncIterator[Item], most: int
) -> AsyncIterator[Result]:
    """Call a function once an item, for several at once, and give the results in the order of the items.

    Args:
        function: What to call.
        items: Read no further ahead of the results than there are calls under way.
        most: Calls under way at once.
    """
    underway: deque[asyncio.Future[Result]] = deque()
    try:
        async for item in items:
            underway.append(asyncio.ensure_future(function(item)))
            while underway and (len(underway) == most or underway[0].done()):
                yield await underway.popleft()
        while underway:
            yield await underway.popleft()
    finally:
        for call in underway:
            call.cancel()


async def _each(texts: Texts) -> AsyncIterator[str]:
    if isinstance(texts, AsyncIterable):
        async for text in texts:
            yield text
    else:
        for text in texts:
            yield text
