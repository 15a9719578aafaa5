"""Several requests under way at once, in threads. ``asynchronous_flow.py`` has the same for asyncio."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import sleep
from typing import TypeVar

__all__ = ["Texts", "blocks", "in_order", "sleep"]

Item = TypeVar("Item")
Result = TypeVar("Result")
Texts = Iterable[str]


def blocks(texts: Texts, size: int, characters: int) -> Iterator[list[str]]:
    """Group texts into lists of at most so many texts and, but for a single one, about so many characters."""
    block: list[str] = []
    total = 0
    for text in texts:
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


def in_order(function: Callable[[Item], Result], items: Iterator[Item], most: int) -> Iterator[Result]:
    """Call a function once an item, for several at once, and give the results in the order of the items.

    Args:
        function: What to call.
        items: Read no further ahead of the results than there are calls under way.
        most: Calls under way at once.
    """
    underway: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(most, thread_name_prefix="requests")
    try:
        for item in items:
            underway.append(pool.submit(function, item))
            while underway and (len(underway) == most or underway[0].done()):
                yield underway.popleft().result()
        while underway:
            yield underway.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
