"""Where work runs: on the event loop if it is short, else in a thread pool with a bounded queue."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Result = TypeVar("Result")

INLINE_SECONDS: Final = 0.005
"""Work that takes no longer is done where the request is handled, though nothing else is handled meanwhile. Longer work
goes to a thread: that costs the handover and, as threads share the interpreter, the others' time all the same."""


class Busy(Exception):
    """All places for long work are taken.

    Attributes:
        retry_after: Seconds after which to try again.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__("The service is busy with other long requests; try again in a second.")
        self.retry_after = retry_after


def is_short(seconds: float) -> bool:
    """Whether work that is estimated to take so long is done on the event loop."""
    return seconds <= INLINE_SECONDS


class Compute:
    """A few threads, and a limit to the requests that may wait for them."""

    def __init__(self, threads: int, max_pending: int) -> None:
        """Make the pool; its threads start when they are needed.

        Args:
            threads: Number of threads.
            max_pending: Requests of long work that may be under way or waiting; those beyond it are refused.
        """
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="compute")
        self._max_pending = max_pending
        self.pending = 0

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Take a place for one request of long work.

        Raises:
            Busy: There is none.
        """
        if self.pending >= self._max_pending:
            raise Busy(retry_after=1)
        self.pending += 1
        try:
            yield
        finally:
            self.pending -= 1

    async def run(self, function: Callable[[], Result]) -> Result:
        """Call a function in a thread and wait for its result; for those who have taken a place."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)

    async def call(self, function: Callable[[], Result], *, seconds: float) -> Result:
        """Call a function: here, if it is short, else in a thread.

        Args:
            function: What to call.
            seconds: How long that will take, as a rough estimate.

        Raises:
            Busy: It needs a place among the long requests, and there is none.
        """
        if is_short(seconds):
            return function()
        with self.place():
            return await self.run(function)

    def close(self) -> None:
        """Wait for the threads to end."""
        self._pool.shutdown()
