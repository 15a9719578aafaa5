"""What the tests of this folder share: clients at addresses of their own, and a look at the server's process."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psutil

from tests.e2e.conftest import Service

JSON = {"Content-Type": "application/json"}
MEGABYTE = 2**20


@contextlib.contextmanager
def client_at(service: Service, address: str, **options: object) -> Iterator[httpx.Client]:
    """A client that has another address of this machine."""
    transport = httpx.HTTPTransport(local_address=address, limits=httpx.Limits(max_connections=None))
    with httpx.Client(base_url=service.url, transport=transport, timeout=60, **options) as client:  # type: ignore[arg-type]
        yield client


@dataclass
class Watched:
    """What was seen of a server's process meanwhile.

    Attributes:
        seconds: Processor time that it took.
        megabytes: By how much its memory grew at most.
        slowest: Seconds that the slowest answer to a liveness probe on a new connection took.
    """

    seconds: float = 0.0
    megabytes: float = 0.0
    slowest: float = 0.0


@contextlib.contextmanager
def watching(service: Service) -> Iterator[Watched]:
    process = psutil.Process(service.process.pid)
    found, ended = Watched(), threading.Event()
    before, memory = process.cpu_times(), process.memory_info().rss

    def look() -> None:
        while not ended.wait(0.01):
            found.megabytes = max(found.megabytes, (process.memory_info().rss - memory) / MEGABYTE)

    def probe() -> None:
        with httpx.Client(headers={"Connection": "close"}, timeout=60) as client:
            while not ended.wait(0.02):
                start = time.perf_counter()
                client.get(f"{service.url}/health/live")
                found.slowest = max(found.slowest, time.perf_counter() - start)

    threads = [threading.Thread(target=look), threading.Thread(target=probe)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        after = process.cpu_times()
        found.seconds = after.user + after.system - before.user - before.system
