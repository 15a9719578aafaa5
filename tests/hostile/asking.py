"""What the tests of this folder share: a look at the server's process."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from tests.e2e.conftest import Service

JSON = {"Content-Type": "application/json"}
MEGABYTE = 2**20


@dataclass
class Watched:
    """What was seen of a server's process meanwhile.

    Attributes:
        megabytes: By how much its memory grew at most.
    """

    megabytes: float = 0.0


@contextlib.contextmanager
def watching(service: Service) -> Iterator[Watched]:
    process = psutil.Process(service.process.pid)
    found, ended = Watched(), threading.Event()
    memory = process.memory_info().rss

    def look() -> None:
        while not ended.wait(0.01):
            found.megabytes = max(found.megabytes, (process.memory_info().rss - memory) / MEGABYTE)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
