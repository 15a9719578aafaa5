"""Bytes on a connection to the service, and what comes back."""

import contextlib
import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import h11
import httpx
import psutil

from tests.e2e.conftest import Service

TEXT = b'{"text": "good"}'
PATIENCE = 120.0
"""Seconds after which what is waited for does not come; far more than it takes, however busy the machine is."""
QUIET = 0.2
"""Seconds of silence after which a connection is asked whether it is still open."""
LAST_ID = "asked-last"


@dataclass
class Answer:
    """An answer as a client reads it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> Any:
        assert self.headers["content-type"] == "application/problem+json", self
        problem = json.loads(self.body)
        assert problem["status"] == self.status
        assert problem["detail"].endswith(".")
        return problem


@dataclass
class Answers:
    """All that came on a connection: whole answers, and whether the server closed it (`None`: it is still open)."""

    answers: list[Answer]
    end: str | None

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]


def connect(service: Service, timeout: float = PATIENCE) -> socket.socket:
    url = httpx.URL(service.url)
    return socket.create_connection((url.host, url.port), timeout=timeout)


def head(method: str = "POST", path: str = "/sentiment", *lines: str, host: str = "a") -> bytes:
    fields = [f"{method} {path} HTTP/1.1", f"Host: {host}", *lines, "", ""]
    return "\r\n".join(fields).encode()


def post(body: bytes = TEXT, *lines: str) -> bytes:
    return head("POST", "/sentiment", "Content-Type: application/json", f"Content-Length: {len(body)}", *lines) + body


def send(service: Service, *segments: bytes, wait: float | None = None, pause: float = 0.05) -> Answers:
    """Send segments one after the other, and read all answers; with `wait`, as :func:`read` does."""
    with connect(service) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index, segment in enumerate(segments):
            if index:
                time.sleep(pause)
            try:
                connection.sendall(segment)
            except (BrokenPipeError, ConnectionResetError):
                break
        return read_all(connection) if wait is None else read(connection, wait)


def read_all(connection: socket.socket) -> Answers:
    """Read all answers, to whole requests, of a connection that may stay open.

    Nothing depends on how long they take: one more request is sent that closes the connection; its answer comes last.
    """
    before = received_of(connection, QUIET)
    if before.end is not None:
        return before.answers
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(head("GET", "/health/live", "Connection: close", f"X-Request-ID: {LAST_ID}"))
    after = received_of(connection, PATIENCE)
    found = Received(before.content + after.content, after.end).answers
    if found.answers and found.answers[-1].headers.get("x-request-id") == LAST_ID:
        return Answers(found.answers[:-1], None)
    return found


def read(connection: socket.socket, wait: float = PATIENCE) -> Answers:
    """Read until the server closes, or is silent for so many seconds."""
    return received_of(connection, wait).answers


@dataclass
class Received:
    """What came on a connection, and whether the server closed it."""

    content: bytes
    end: str | None

    @property
    def answers(self) -> Answers:
        return Answers(list(parse(self.content)), self.end)


def received_of(connection: socket.socket, wait: float) -> Received:
    received = b""
    end: str | None = "closed"
    connection.settimeout(wait)
    try:
        while data := connection.recv(65_536):
            received += data
    except TimeoutError:
        end = None
    except ConnectionResetError:
        end = "reset"
    return Received(received, end)


def parse(received: bytes) -> Iterator[Answer]:
    """Read answers to `POST` requests."""
    while received:
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method="POST", target="/", headers=[("Host", "a")]))
        client.send(h11.EndOfMessage())
        client.receive_data(received)
        response, body = None, b""
        while (event := client.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Response):
                response = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
        else:
            raise AssertionError(f"half an answer: {received!r}")
        assert response is not None
        headers = {name.decode(): value.decode() for name, value in response.headers}
        yield Answer(response.status_code, headers, body)
        received = client.trailing_data[0]


def rss(service: Service) -> int:
    """Resident bytes of the service."""
    return int(psutil.Process(service.process.pid).memory_info().rss)


def probe(service: Service, path: str = "/health/live") -> None:
    """Ask on a new connection."""
    with connect(service) as connection:
        connection.sendall(head("GET", path, "Connection: close"))
        received = b""
        while data := connection.recv(65_536):
            received += data
    assert received.startswith(b"HTTP/1.1 200 "), received


def end_drain(process: subprocess.Popen[str]) -> None:
    """Have a service that drains drain no longer: SIGINT tells each of its processes so."""
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(process.pid)
        for one in [*first.children(recursive=True), first]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGINT)


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@contextlib.contextmanager
def many(service: Service, count: int) -> Iterator[list[socket.socket]]:
    """Open so many connections."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(service)) for _ in range(count)]
