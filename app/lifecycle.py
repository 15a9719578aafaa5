"""The end of the process in good order: told by a signal, it is no longer ready, answers on, and then stops."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn

BEAT_SECONDS: Final = 1.0
HANG_SECONDS: Final = 30.0
"""No request, however large, keeps the event loop so long from going on; a deadlock does."""


class Terminal:
    """The terminal in which a process was started, if it was."""

    def __init__(self) -> None:
        self._was_there = _has_terminal()

    @property
    def is_gone(self) -> bool:
        """Whether it was closed meanwhile."""
        return self._was_there and not _has_terminal()


def _has_terminal() -> bool:
    return os.isatty(0)


class Lifecycle:
    """Whether the process is told to end.

    Attributes:
        draining: Whether it is: then it is not ready, and every answer closes its connection.
    """

    def __init__(self, drain_seconds: float) -> None:
        """Begin.

        Args:
            drain_seconds: How long connections are still accepted then, so that load balancers can notice.
        """
        self.draining = False
        self._seconds = drain_seconds
        self._beat = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_hanging(self) -> bool:
        """Whether the event loop that answers has stood still for :data:`HANG_SECONDS`."""
        return time.monotonic() - self._beat > HANG_SECONDS

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Note for the block that the event loop goes on."""
        task = asyncio.create_task(self._keep_beating())
        try:
            yield
        finally:
            task.cancel()

    @contextmanager
    def signals(self, hang_up: Callable[[], None]) -> Iterator[None]:
        """Drain the process on SIGINT and SIGTERM, for the block, before Uvicorn's handlers get them.

        Those stop listening at once and close all idle connections, and requests that are on their way are lost.

        Args:
            hang_up: Called on SIGHUP, in the event loop; unless it is a terminal that hung up, which ends the process.
        """
        if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
            yield
            return
        loop = asyncio.get_running_loop()
        handlers: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        # Uvicorn's server may have been told before this.
        server = getattr(handlers[signal.SIGTERM], "__self__", None)
        self.draining = isinstance(server, uvicorn.Server) and server.should_exit

        def take(number: int, frame: FrameType | None) -> None:
            if not self.draining:
                self.draining = True
                loop.call_soon_threadsafe(begin, number)
            elif number == signal.SIGINT:  # of a person who does not want to wait
                handlers[number](number, frame)

        def begin(number: int) -> None:
            self._task = loop.create_task(self._drain(number, handlers[number]))

        terminal = Terminal()

        def take_hang_up(_number: int, frame: FrameType | None) -> None:
            if terminal.is_gone:
                take(signal.SIGTERM, frame)
            else:
                loop.call_soon_threadsafe(hang_up)

        for number in handlers:
            signal.signal(number, take)
        handlers[signal.SIGHUP] = signal.signal(signal.SIGHUP, take_hang_up)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    async def _keep_beating(self) -> None:
        while True:
            self._beat = time.monotonic()
            await asyncio.sleep(BEAT_SECONDS)

    async def _drain(self, number: int, handler: Any) -> None:
        await asyncio.sleep(self._seconds)
        handler(number, None)
