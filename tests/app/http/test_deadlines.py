"""What slow clients may take, by a clock that the tests set: nothing here depends on how fast the machine is."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.http.connections import SWEEP_SECONDS, Connections
from app.http.limits import Limits
from app.http.problems import Problem
from app.http.protocol import Protocol
from app.settings import Settings

LARGE = 3_000_000
"""Bytes of an answer that no socket holds."""


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still until it is set."""

    now = 1000.0

    def time(self) -> float:
        return self.now

    async def wait(self, seconds: float) -> None:
        """Let so much time pass, and all happen that is due meanwhile."""
        await self.settle()
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + SWEEP_SECONDS)
            await self.settle()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


class Connection:
    """A connection to an app, and the client's end of it."""

    def __init__(self, loop: Loop, protocol: Protocol, client: socket.socket) -> None:
        self.loop = loop
        self._protocol = protocol
        self._client = client

    def send(self, data: bytes) -> None:
        self._protocol.data_received(data)

    async def read(self) -> bytes:
        """Read what there is; it ends with what the server closed it with."""
        await self.loop.settle()
        try:
            return self._client.recv(65_536)
        except BlockingIOError:
            raise AssertionError("nothing came") from None

    @property
    def is_open(self) -> bool:
        return not self._protocol.is_lost


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body, and answer as many bytes as the path says, or as the body has."""
    count = 0
    more = True
    while more:
        try:
            message = await receive()
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        if message["type"] == "http.disconnect":
            return
        count += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"x" * int(scope["path"][1:] or count)
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


def connected(work: Callable[[Connection], Awaitable[None]], **settings: Any) -> None:
    """Do some work with a connection to the app."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        connections = Connections(Limits.of(Settings.model_validate(settings)))
        config = SimpleNamespace(loaded_app=app, root_path="")
        ours, theirs = socket.socketpair()
        for one in (ours, theirs):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
            one.setblocking(False)
        with theirs:
            state = ServerState()
            _, protocol = await loop.connect_accepted_socket(lambda: connections(config, state, {}, loop), ours)
            await work(Connection(loop, protocol, theirs))
            protocol.abort()
            await loop.settle()

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(run())


def post(length: int, path: str = "/") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode()


@pytest.mark.parametrize(("size", "status"), [(20, b"408"), (100, b"200")])
def test_a_body_slower_than_the_rate_is_given_up_and_a_faster_one_read(size: int, status: bytes) -> None:
    """Each takes far longer than a body may stall: 400 and 2,000 bytes a second."""

    async def work(connection: Connection) -> None:
        connection.send(post(6000))
        for _ in range(6000 // size):
            connection.send(b"x" * size)
            await connection.loop.wait(0.05)
        assert (await connection.read()).startswith(b"HTTP/1.1 %b " % status)

    connected(work, body_seconds=1, min_bytes_per_second=1000)


def test_what_comes_after_a_body_was_given_up_is_not_read() -> None:
    async def work(connection: Connection) -> None:
        connection.send(post(100))
        await connection.loop.wait(2)
        connection.send(b"x" * 100 + post(1) + b"x")
        await connection.loop.wait(0.1)
        answer = await connection.read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert answer.count(b"HTTP/1.1 ") == 1

    connected(work, body_seconds=1)


def test_a_head_that_trickles_is_given_up_though_each_byte_comes_soon() -> None:
    async def work(connection: Connection) -> None:
        connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nX: ")
        for _ in range(9):
            connection.send(b"x")
            await connection.loop.wait(0.1)
        assert connection.is_open
        connection.send(b"x")
        await connection.loop.wait(0.5)
        assert (await connection.read()).startswith(b"HTTP/1.1 408 ")

    connected(work, header_seconds=1)


def test_an_idle_connection_is_closed_and_a_busy_one_kept() -> None:
    async def work(connection: Connection) -> None:
        for _ in range(4):
            connection.send(post(4) + b"good")
            assert (await connection.read()).startswith(b"HTTP/1.1 200 ")
            await connection.loop.wait(4.5)
            assert connection.is_open
        await connection.loop.wait(1)
        assert await connection.read() == b""

    connected(work, keep_alive_seconds=5)


@pytest.mark.parametrize("pause", [0.1, 3.0])
def test_a_slow_reader_gets_its_whole_answer_and_one_that_stalls_does_not(pause: float) -> None:
    """The slow one takes several times as long as it may stall."""

    async def work(connection: Connection) -> None:
        connection.send(post(0, f"/{LARGE}"))
        received = 0
        while True:
            await connection.loop.wait(pause)
            data = await connection.read()
            received += len(data)
            if not data or received > LARGE:
                break
        assert (received > LARGE) is (pause < 1)

    connected(work, answer_seconds=1, min_bytes_per_second=100_000)
