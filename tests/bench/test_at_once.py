import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import pytest

from bench import at_once
from bench.errors import BenchError
from bench.servers import Server

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Endpoint:
    """Answers whatever comes with the same."""

    def __init__(self, answer: bytes) -> None:
        self.heads: set[bytes] = set()
        self._answer = answer
        self._sizes = iter([5, 9, 7])
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def resident_bytes(self) -> int:
        return next(self._sizes, 1)

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.heads.add(connection.recv(2**16)[:25])
            connection.sendall(self._answer)


@contextmanager
def endpoint(answer: bytes) -> Iterator[Endpoint]:
    found = Endpoint(answer)
    yield found
    found.close()


def attacked(found: Endpoint, seconds: float = 4.0) -> float:
    requests = [at_once.head("/one", 0), at_once.head("/other", 0)]
    return at_once.most_memory(cast(Server, cast(Any, found)), requests, seconds)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_once, "SLOW_CONNECTIONS", 3)
    monkeypatch.setattr(at_once, "STALLED", 2)


def test_all_ways_are_tried_and_the_most_memory_is_found() -> None:
    with endpoint(OK) as found:
        assert attacked(found) == 9
    starts = b"\n".join(found.heads)
    for start in (b"GET /health/live", b"POST /one", b"POST /other", b"POST /sentiment", b"POST /pad"):
        assert start in starts
    assert b"G" in found.heads  # of a connection that sends a byte at a time


def test_an_answer_that_says_that_the_service_failed_is_told() -> None:
    with endpoint(OK.replace(b"200 OK", b"500 Internal Server Error")) as found, pytest.raises(BenchError, match="500"):
        attacked(found)


def test_a_busy_answer_is_no_failure() -> None:
    with endpoint(OK.replace(b"200 OK", b"503 Service Unavailable")) as found:
        assert attacked(found) == 9


def test_too_few_descriptors_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise OSError(24, "Too many open files")

    with endpoint(OK) as found:
        monkeypatch.setattr(at_once._Attack, "_connection", refuse)
        with pytest.raises(BenchError, match=r"Too many open files\); try ulimit"):
            attacked(found)
