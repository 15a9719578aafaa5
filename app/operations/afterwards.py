"""What can wait until the answers are sent."""

import asyncio
from collections.abc import Callable


class Afterwards:
    """Calls functions when the event loop has gone through all that was ready when the first of them was given.

    The counting and logging of the requests that end in one round of the loop is done in one go. That takes half the
    time: code that runs several times in a row finds itself in the processor's caches.
    """

    def __init__(self) -> None:
        self._calls: list[Callable[[], None]] = []

    def call(self, function: Callable[[], None]) -> None:
        """Call a function soon; from the thread of the event loop only."""
        self._calls.append(function)
        if len(self._calls) == 1:
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        calls, self._calls = self._calls, []
        for function in calls:
            function()
