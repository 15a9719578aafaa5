"""Requests that come at random times, as those of many clients do, whether those before them are answered or not."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from time import perf_counter
from typing import Final, cast

import numpy as np
import uvloop

from bench.errors import BenchError

CONNECTIONS: Final = 512
"""More requests at a time wait for one of them to be answered; their time runs on meanwhile."""
LAST_SECONDS: Final = 30.0
_SEED: Final = 11


@dataclass
class Arrived:
    """What came back.

    Attributes:
        seconds: What each request took, from when it was due.
        failed: Number of those that were not answered with 200.
    """

    seconds: list[float] = field(default_factory=list)
    failed: int = 0

    def within(self, share: float) -> float:
        """Return within how many seconds a share of the requests was answered."""
        return sorted(self.seconds)[min(int(len(self.seconds) * share), len(self.seconds) - 1)]


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, arrived: Arrived, free: "asyncio.Queue[_Connection]") -> None:
        self._arrived = arrived
        self._free = free
        self._due = 0.0
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, content: bytes, due: float) -> None:
        self._due = due
        self._transport.write(content)

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        head, found, body = received.partition(b"\r\n\r\n")
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        if not found or len(body) < int(lowered[at + 15 :].split(b"\r\n", 1)[0]):
            self._received = received
            return
        self._received = b""
        if head.startswith(b"HTTP/1.1 200"):
            self._arrived.seconds.append(perf_counter() - self._due)
        else:
            self._arrived.failed += 1
        self._free.put_nowait(self)

    def close(self) -> None:
        self._transport.close()


def ask_at_random(port: int, contents: Sequence[bytes], rate: float, seconds: float) -> Arrived:
    """Ask a server at random times.

    Args:
        port: Its port on loopback.
        contents: Whole requests, which are sent in turn.
        rate: Requests a second on average, with exponential times between them.
        seconds: For how long.

    Raises:
        BenchError: Answers do not come.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_ask(port, contents, rate, seconds))


async def _ask(port: int, contents: Sequence[bytes], rate: float, seconds: float) -> Arrived:
    arrived, loop = Arrived(), asyncio.get_running_loop()
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    connections = []
    for _ in range(min(CONNECTIONS, 16 + int(rate / 10))):
        _, connection = await loop.create_connection(lambda: _Connection(arrived, free), "127.0.0.1", port)
        connections.append(connection)
        free.put_nowait(connection)
    gaps = np.random.default_rng(_SEED).exponential(1 / rate, max(1, int(rate * seconds)))
    begun = perf_counter() + 0.01
    for due, content in zip((begun + np.cumsum(gaps)).tolist(), cycle(contents), strict=False):
        # A timer is a millisecond late now and then, and what it woke up for is sent at once with what came meanwhile.
        if (ahead := due - perf_counter()) > 0:
            await asyncio.sleep(ahead)
        connection = free.get_nowait() if not free.empty() else await free.get()
        connection.ask(content, due)
    try:
        for _ in connections:
            await asyncio.wait_for(free.get(), LAST_SECONDS)
    except TimeoutError as error:
        raise BenchError(f"Some of {len(gaps):,} requests were not answered within {LAST_SECONDS:.0f} s.") from error
    finally:
        for connection in connections:
            connection.close()
    return arrived


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Have this thread run on one core for the block; on any, if it is ``None``."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
