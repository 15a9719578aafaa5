"""What connections hold together, on sockets of this process."""

import asyncio
import gc
import json
import socket
import weakref
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.http.connections import ITERATION_SECONDS, STARTS, Connections
from app.http.exchange import Exchange
from app.http.limits import Limits
from app.http.protocol import SLICE, Protocol
from app.settings import Settings

BODY = json.dumps({"text": "good " * 10_000}).encode()
REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


async def unanswered(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def test_what_waits_behind_another_request_is_free_again_when_the_client_hangs_up() -> None:
    limit = 2**16
    connections = Connections(Limits.of(Settings(max_held_bytes=limit)))

    async def ask_twice_and_hang_up() -> None:
        loop = asyncio.get_running_loop()
        config = SimpleNamespace(loaded_app=unanswered, root_path="")
        ours, theirs = socket.socketpair()
        state = ServerState()
        await loop.connect_accepted_socket(lambda: connections(config, state, {}, loop), ours)
        theirs.setblocking(False)
        await loop.sock_sendall(theirs, REQUEST + REQUEST[: len(REQUEST) // 4])
        await asyncio.sleep(0.05)
        theirs.close()
        await asyncio.wait(state.tasks)

    asyncio.run(ask_twice_and_hang_up())
    assert connections.hold(limit)


def test_a_client_is_seen_to_hang_up_though_nothing_is_read_behind_its_next_request() -> None:
    connections = Connections(Limits.of(Settings()))
    noticed = asyncio.Event()

    async def work(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            working.set()
        noticed.set()

    async def ask_twice_and_hang_up() -> None:
        loop = asyncio.get_running_loop()
        config = SimpleNamespace(loaded_app=work, root_path="")
        ours, theirs = socket.socketpair()
        await loop.connect_accepted_socket(lambda: connections(config, ServerState(), {}, loop), ours)
        theirs.setblocking(False)
        await loop.sock_sendall(theirs, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await working.wait()
        await asyncio.sleep(0)  # it waits for the end now
        await loop.sock_sendall(theirs, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.05)  # the next one has come
        theirs.close()
        await asyncio.wait_for(noticed.wait(), 60)

    working = asyncio.Event()
    asyncio.run(ask_twice_and_hang_up())


def test_a_body_that_comes_after_its_head_takes_a_turn_of_its_own() -> None:
    connections = Connections(Limits.of(Settings()))
    begun: list[str] = []
    waiting, done = asyncio.Event(), asyncio.Event()

    async def read(_scope: Scope, receive: Receive, _send: Send) -> None:
        waiting.set()
        while (await receive())["more_body"]:
            pass
        begun.append("body")
        done.set()

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        config = SimpleNamespace(loaded_app=read, root_path="")
        ours, theirs = socket.socketpair()
        await loop.connect_accepted_socket(lambda: connections(config, ServerState(), {}, loop), ours)
        theirs.setblocking(False)
        await loop.sock_sendall(theirs, REQUEST[: -len(BODY)])
        await waiting.wait()
        await asyncio.sleep(0.05)
        await loop.sock_sendall(theirs, BODY)
        for _ in range(20 * STARTS):
            connections.start(cast(Exchange, Waiting("/others", begun)), loop, is_first=False)
        await done.wait()
        theirs.close()

    asyncio.run(ask())
    assert begun == [*["/others"] * 20 * STARTS, "body"]


@pytest.mark.parametrize("root", ["", "/below"])
def test_a_probe_is_known_below_the_path_of_a_proxy(root: str) -> None:
    scope = {"path": f"{root}/health/live", "root_path": root}
    exchange = Exchange(cast(Protocol, None), unanswered, scope, keep_alive=True, expects_continue=False)
    assert exchange.path == "/health/live"


def test_a_connection_that_is_lost_leaves_nothing_to_the_collector_of_garbage() -> None:
    connections = Connections(Limits.of(Settings()))

    async def connect_and_hang_up() -> "weakref.ref[Protocol]":
        loop = asyncio.get_running_loop()
        config = SimpleNamespace(loaded_app=unanswered, root_path="")
        ours, theirs = socket.socketpair()
        _, made = await loop.connect_accepted_socket(lambda: connections(config, ServerState(), {}, loop), ours)
        found = weakref.ref(made)
        del made
        theirs.close()
        await asyncio.sleep(0.05)
        return found

    gc.disable()
    try:
        assert asyncio.run(connect_and_hang_up())() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(("made", "going_on"), [(0, 5), (2, 3), (5, 2), (9, 2)])
def test_of_too_many_handshakes_those_end_that_take_longest(
    made: int, going_on: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.http.connections.HANDSHAKES", 2)
    connections = Connections(replace(Limits.of(Settings()), connections=5))

    async def agree() -> None:
        task = asyncio.current_task()
        assert task is not None
        with connections.handshake(task, made):
            await asyncio.sleep(60)

    async def work() -> list[bool]:
        tasks = [asyncio.create_task(agree()) for _ in range(7)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ended = [task.cancelled() for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        return ended

    assert asyncio.run(work()) == [True] * (7 - going_on) + [False] * going_on


class Waiting:
    """Stands for a request that has come; notes when it begins to be answered."""

    def __init__(self, path: str, begun: list[str], method: str = "GET") -> None:
        self.path = path
        self.scope: dict[str, Any] = {"method": method, "client": None}
        self._begun = begun

    def start(self) -> None:
        self._begun.append(self.path)


def test_a_probe_overtakes_all_requests_that_wait_for_their_turn() -> None:
    begun: list[str] = []
    connections = Connections(Limits.of(Settings()), frozenset({"/probe"}))

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        for path in [*["/sentiment"] * 2_000, "/probe"]:
            connections.start(cast(Exchange, Waiting(path, begun)), loop, is_first=True)
        assert begun == [*["/sentiment"] * STARTS, "/probe"]
        # The loop gets to connections and probes between every few of the others.
        await asyncio.sleep(0)
        assert len(begun) == 2 * STARTS + 1
        while len(begun) < 2_001:
            before = len(begun)
            await asyncio.sleep(0)
            assert len(begun) - before <= STARTS

    asyncio.run(ask())


@pytest.mark.parametrize(("method", "is_first"), [("GET", False), ("PUT", True)])
def test_no_other_request_to_a_probe_overtakes(method: str, is_first: bool) -> None:
    begun: list[str] = []
    connections = Connections(Limits.of(Settings()), frozenset({"/probe"}))

    async def ask() -> None:
        for _ in range(2 * STARTS):
            waiting = cast(Exchange, Waiting("/probe", begun, method))
            connections.start(waiting, asyncio.get_running_loop(), is_first=is_first)
        assert len(begun) == STARTS

    asyncio.run(ask())


def test_only_the_first_request_of_a_connection_may_overtake() -> None:
    class Noting(Connections):
        def start(self, exchange: Exchange, loop: asyncio.AbstractEventLoop, *, is_first: bool) -> None:
            first.append(is_first)
            if len(first) == 3:
                all_begun.set()
            super().start(exchange, loop, is_first=is_first)

    first: list[bool] = []
    all_begun = asyncio.Event()

    async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        connections = Noting(Limits.of(Settings()), frozenset({"/probe"}))
        config = SimpleNamespace(loaded_app=answer, root_path="")
        ours, theirs = socket.socketpair()
        await loop.connect_accepted_socket(lambda: connections(config, ServerState(), {}, loop), ours)
        theirs.setblocking(False)
        await loop.sock_sendall(theirs, b"GET /probe HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        await all_begun.wait()
        theirs.close()

    asyncio.run(ask())
    assert first == [True, False, False]


class Dear(Waiting):
    """Takes two milliseconds of the event loop, by its own clock, once it has begun."""

    def __init__(self, path: str, begun: list[str], clock: list[float]) -> None:
        super().__init__(path, begun)
        self._clock = clock

    def start(self) -> None:
        super().start()
        asyncio.get_running_loop().call_soon(self._answer)

    def _answer(self) -> None:
        self._clock[0] += 0.002


def test_fewer_dear_requests_are_begun_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    clock = [0.0]
    connections = Connections(Limits.of(Settings()))
    steps: list[int] = []

    async def go_on(count: int) -> None:
        while len(begun) < count:
            before = len(begun)
            await asyncio.sleep(0)
            steps.append(len(begun) - before)

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda: clock[0])
        for _ in range(200):
            connections.start(cast(Exchange, Dear("/sentiment", begun, clock)), loop, is_first=False)
        await go_on(200)
        assert max(steps[3:]) <= ITERATION_SECONDS / 0.002
        assert min(steps[3:-1]) > 1
        steps.clear()
        # Others are quick again: one more each time.
        for _ in range(1_000):
            connections.start(cast(Exchange, Waiting("/quick", begun)), loop, is_first=False)
        await go_on(1_200)
        assert max(steps) == STARTS
        assert max(later - earlier for earlier, later in pairwise(steps)) == 1

    asyncio.run(ask())


def test_the_time_between_requests_is_none_that_they_took(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    clock = [0.0]
    connections = Connections(Limits.of(Settings()))

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "time", lambda: clock[0])
        for _ in range(3):
            connections.start(cast(Exchange, Waiting("/sentiment", begun)), loop, is_first=False)
            for _ in range(3):
                await asyncio.sleep(0)
            clock[0] += 5
        for _ in range(STARTS):
            connections.start(cast(Exchange, Waiting("/sentiment", begun)), loop, is_first=False)
        assert len(begun) == 3 + STARTS

    asyncio.run(ask())


def test_of_a_flood_of_headers_few_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    on_header = Protocol.on_header

    def counted(self: Protocol, *arguments: Any) -> None:
        nonlocal read
        read += 1
        on_header(self, *arguments)

    monkeypatch.setattr(Protocol, "on_header", counted)
    line = b"a: b\r\n"
    connections = Connections(Limits.of(Settings()))

    async def send() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        config = SimpleNamespace(loaded_app=unanswered, root_path="")
        with theirs:
            _, protocol = await loop.connect_accepted_socket(lambda: connections(config, ServerState(), {}, loop), ours)
            protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n" + line * 250_000 + b"\r\n")
            theirs.setblocking(False)
            async with asyncio.timeout(60):
                assert (await loop.sock_recv(theirs, 100)).startswith(b"HTTP/1.1 431 ")
            protocol.abort()

    asyncio.run(send())
    assert read <= SLICE / len(line)
