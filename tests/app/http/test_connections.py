"""What connections hold together, on sockets of this process."""

import asyncio
import json
import socket
from types import SimpleNamespace

from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from app.http.connections import Connections
from app.http.limits import Limits
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
