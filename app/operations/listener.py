"""Health and metrics on a port of their own, served by a thread of its own, which no load on the other port reaches."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from app.http.listener import bind_address

log = logging.getLogger("uvicorn.error")


def bind(host: str, port: int) -> socket.socket:
    """Bind a socket to a port that other processes of the service may share.

    Raises:
        OSError: The address cannot be used.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
    return bind_address(family, kind, protocol, address, shared=True)


@contextmanager
def listening(app: ASGIApp, host: str, port: int, http: Any) -> Iterator[None]:
    """Serve an app on a port for the block.

    Args:
        app: What to serve; its lifespan is not run.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        http: What makes the protocol of a connection.
    """
    with bind(host, port) as bound:
        config = uvicorn.Config(
            app,
            http=http,
            loop="app.http.listener:Loop",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([bound],), name="operations", daemon=True)
        thread.start()
        log.info("Health and metrics on http://%s:%d", host, bound.getsockname()[1])
        try:
            yield
        finally:
            server.should_exit = True
            thread.join()
