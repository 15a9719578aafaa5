"""Worker threads for work that would hold up the event loop."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.http.problems import Problem

Result = TypeVar("Result")


class Workers:
    """A few threads, and a limit to the requests that may wait for them."""

    def __init__(self, threads: int, max_pending: int) -> None:
        """Start the pool.

        Args:
            threads: Number of threads.
            max_pending: Requests that may be under way or waiting; those beyond it are turned away.
        """
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="worker")
        self._max_pending = max_pending
        self.pending = 0

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take a place for one request of long work.

        Raises:
            Problem: 503, if there is none.
        """
        if self.pending >= self._max_pending:
            raise Problem(
                503,
                "The service is busy with other long requests; try again in a second.",
                headers={"Retry-After": "1"},
            )
        self.pending += 1
        try:
            yield
        finally:
            self.pending -= 1

    async def run(self, function: Callable[[], Result]) -> Result:
        """Call a function in a thread and wait for its result."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    async def call(self, function: Callable[[], Result], *, inline: bool) -> Result:
        """Call a function: here, if it is quick, or else in a thread.

        Raises:
            Problem: 503, if it needs a place and there is none.
        """
        if inline:
            return function()
        with self.place():
            return await self.run(function)

    def close(self) -> None:
        """Wait for the threads to end."""
        self._pool.shutdown()
