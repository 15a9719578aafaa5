"""How much memory a client can have the service take that tries everything at once."""

import json
import socket
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from itertools import cycle
from time import monotonic, sleep
from typing import Final

from bench.errors import BenchError
from bench.servers import Server

STALLED: Final = 60
STALLED_BYTES: Final = 15_000_000
SLOW_READERS: Final = 16
SLOW_CONNECTIONS: Final = 1_500
HEADER_CLIENTS: Final = 2
BODY_CLIENTS: Final = 4
BLOCK: Final = b"x" * 2**16
LOOK: Final = 0.05
"""Seconds between two looks at the memory."""
UNREAD: Final = json.dumps({"sequences": [[1]] * 4_000, "maxlen": 1_000}).encode()
"""Answered with some megabytes by ``/pad``."""
METHOD: Final = (
    "At once, for {seconds:.0f} s: {headers} clients that send headers without end, {bodies} that send the bodies of "
    "errors and the large texts in turn, {stalled} bodies of 15 MB that lack their end, {readers} clients that do not "
    "read large answers, and {slow:,} connections that send a byte a second, of a request's head."
)


def method(seconds: float) -> str:
    """Say what is done."""
    return METHOD.format(
        seconds=seconds,
        headers=HEADER_CLIENTS,
        bodies=BODY_CLIENTS,
        stalled=STALLED,
        readers=SLOW_READERS,
        slow=SLOW_CONNECTIONS,
    )


def head(path: str, length: int, kind: str = "application/json") -> bytes:
    """Return the head of a ``POST``."""
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Type: {kind}", f"Content-Length: {length}", "", ""]
    return "\r\n".join(lines).encode()


def most_memory(server: Server, requests: Iterable[bytes], seconds: float) -> float:
    """Return the most bytes of memory that a service has while it is attacked in all ways.

    Args:
        server: The service.
        requests: Whole requests, which are sent in turn.
        seconds: For how long.

    Raises:
        BenchError: There are too few descriptors for so many connections, the service does not take them, or an answer
            says that it failed.
    """
    attack = _Attack(server.port)
    each = cycle(list(requests))
    ways: list[Callable[[], None]] = [
        *[attack.endless_header] * HEADER_CLIENTS,
        *[partial(attack.send, each)] * BODY_CLIENTS,
        *[attack.stall] * STALLED,
        *[attack.never_read] * SLOW_READERS,
        attack.dribble,
    ]
    threads = [threading.Thread(target=attack.again, args=(way,), daemon=True) for way in ways]
    for thread in threads:
        thread.start()
    most, end = 0, monotonic() + seconds
    while monotonic() < end:
        most = max(most, server.resident_bytes())
        sleep(LOOK)
    attack.ended.set()
    for thread in threads:
        thread.join()
    if attack.failures:
        raise BenchError(attack.failures[0])
    return most


class _Attack:
    """What clients of one attacker do, each on connections of its own, until it has ended.

    Attributes:
        ended: Whether it has.
        failures: What should not have been answered.
    """

    def __init__(self, port: int) -> None:
        self.ended = threading.Event()
        self.failures: list[str] = []
        self._port = port
        self._lock = threading.Lock()

    def again(self, way: Callable[[], None]) -> None:
        """Do something again and again; the service may hang up whenever it likes."""
        while not self.ended.wait(0.05):
            try:
                way()
            except (ConnectionError, TimeoutError):
                pass
            except OSError as error:
                self.failures.append(f"No connection can be made ({error.strerror}); try ulimit -n 4096.")
                self.ended.set()

    def endless_header(self) -> None:
        with self._connection() as connection:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\nX: ")
            while not self.ended.is_set():
                connection.sendall(BLOCK)

    def send(self, each: "cycle[bytes]") -> None:
        with self._lock:
            request = next(each)
        with self._connection() as connection:
            connection.sendall(request)
            answer = connection.recv(2**16)
        if answer[9:12] in {b"500", b"502", b"504"}:
            self.failures.append(f"A body was answered with {answer[:200]!r}.")

    def stall(self) -> None:
        with self._connection() as connection:
            connection.sendall(head("/sentiment", STALLED_BYTES + 1) + b" " * STALLED_BYTES)
            self._wait(connection)

    def never_read(self) -> None:
        with self._connection(receive=4096) as connection:
            connection.sendall(head("/pad", len(UNREAD)) + UNREAD)
            self.ended.wait(5)

    def dribble(self) -> None:
        with ExitStack() as stack:
            slow = [stack.enter_context(self._connection()) for _ in range(SLOW_CONNECTIONS)]
            for byte in cycle(b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000):
                for connection in slow:
                    with suppress(OSError):
                        connection.send(bytes([byte]))
                if self.ended.wait(1):
                    return

    def _connection(self, receive: int | None = None) -> socket.socket:
        connection = socket.socket()
        connection.settimeout(5)
        if receive:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        connection.connect(("127.0.0.1", self._port))
        return connection

    def _wait(self, connection: socket.socket) -> None:
        """Wait until the service says something, or hangs up."""
        while not self.ended.is_set():
            with suppress(TimeoutError):
                connection.recv(1)
                return
