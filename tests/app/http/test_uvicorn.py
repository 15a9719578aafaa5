"""What this service needs of Uvicorn, whose protocol and whose sockets it replaces.

Where a test fails, read what changed in `uvicorn.server`, adapt `app/http/protocol.py` and `app/http/listener.py`, and
raise the bound in `pyproject.toml`.
"""

import asyncio
import inspect
import socket
import threading
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from app.http.listener import Listener, Loop


async def nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


class Recorder(asyncio.Protocol):
    """Notes how Uvicorn makes and ends a protocol."""

    made: list[dict[str, Any]] = []  # noqa: RUF012
    shut_down = 0

    is_made = threading.Event()

    def __init__(self, **arguments: Any) -> None:
        self.state = arguments["server_state"]
        Recorder.made.append(arguments)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.state.connections.add(self)
        Recorder.is_made.set()

    def shutdown(self) -> None:
        Recorder.shut_down += 1
        self.state.connections.discard(self)
        self.transport.close()


def test_uvicorn_makes_protocols_and_ends_them_as_it_did() -> None:
    config = uvicorn.Config(
        nothing,
        port=0,
        proxy_headers=False,
        http=Recorder,
        ws="none",
        lifespan="off",
        loop="app.http.listener:Loop",
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    assert isinstance(server.servers[0], Listener)
    assert isinstance(server.servers[0].get_loop(), Loop)
    port = server.servers[0].sockets[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        assert Recorder.is_made.wait(60)
        server.should_exit = True
        assert connection.recv(1) == b""
    thread.join(60)
    (arguments,) = Recorder.made
    assert set(arguments) == {"config", "server_state", "app_state", "_loop"}
    state = arguments["server_state"]
    assert (type(state.connections), type(state.tasks), type(state.total_requests)) == (set, set, int)
    assert all(isinstance(part, bytes) for header in state.default_headers for part in header)
    assert arguments["config"].loaded_app is nothing
    assert arguments["config"].root_path == ""


def test_uvicorn_waits_for_connections_and_tasks() -> None:
    source = inspect.getsource(uvicorn.Server)
    for part in ("connection.shutdown()", "self.server_state.connections", "self.server_state.tasks", "server.close()"):
        assert part in source
