"""The end of the process in good order: told by a signal, it is no longer ready, answers on, and then stops."""

import asyncio
import ctypes
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import dup
from types import FrameType
from typing import Any, Final

import uvicorn

ACCEPT_SECONDS: Final = 0.1
"""How long connections are accepted that were made before no more are let in."""
SO_ATTACH_FILTER: Final = 26
"""Linux' socket option; Python does not name it."""


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
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Drain the process on SIGINT and SIGTERM, for the block, before Uvicorn's handlers get them.

        Those stop listening at once and close all idle connections, and requests that are on their way are lost.
        """
        if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
            yield
            return
        loop = asyncio.get_running_loop()
        handlers: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def take(number: int, frame: FrameType | None) -> None:
            if not self.draining:
                self.draining = True
                loop.call_soon_threadsafe(begin, number)
            elif number == signal.SIGINT:  # of a person who does not want to wait
                handlers[number](number, frame)

        def begin(number: int) -> None:
            self._task = loop.create_task(self._drain(number, handlers[number]))

        for number in handlers:
            signal.signal(number, take)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    async def _drain(self, number: int, handler: Any) -> None:
        """Answer on for a while, let no more connections in, and hand the signal on."""
        await asyncio.sleep(self._seconds)
        server = getattr(handler, "__self__", None)
        if isinstance(server, uvicorn.Server):
            for listener in server.servers:
                for one in listener.sockets:
                    _let_no_more_in(one.fileno())
            await asyncio.sleep(ACCEPT_SECONDS)
        handler(number, None)


def _let_no_more_in(descriptor: int) -> None:
    """Have a listening socket drop new connections, which the kernel would take and reset once the socket is closed.

    Clients try again a second later, and are refused then. Only Linux knows this; elsewhere a connection may be reset.
    """
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0
    program = struct.pack("HL", 1, ctypes.addressof(drop_all))
    with suppress(OSError), socket.socket(fileno=dup(descriptor)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
