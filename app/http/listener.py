"""Listening: accepts connections in step with how many wait, and leaves none behind at the end."""

import asyncio
import ctypes
import errno
import os
import socket
import ssl
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, cast

import uvloop

from app.http.protocol import Protocol

MOST_AT_ONCE: Final = 128
"""Connections accepted in one iteration of the event loop."""
RETRY_SECONDS: Final = 0.1
"""How long to wait for descriptors where there are none left."""
TLS_SECONDS: Final = 10.0
"""How long a client may take to agree on how to encrypt."""
LAST_TLS_SECONDS: Final = 1.0
"""The same at the end of the service."""
SO_ATTACH_FILTER: Final = 26
"""Linux' socket option; Python does not name it."""
SO_DETACH_FILTER: Final = 27
"""The same."""
LET_IN_SECONDS: Final = 1.0


class Listener(asyncio.AbstractServer):
    """Takes connections on sockets that listen.

    libuv accepts one connection in each iteration of the event loop: under load, a new one would wait for seconds. Here
    it is twice as many each time that more of them wait; not all at once, so that processes share them evenly.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sockets: Sequence[socket.socket],
        factory: Callable[[], Protocol],
        tls: ssl.SSLContext | None,
        *,
        shared: bool,
    ) -> None:
        self._loop = loop
        self._factory = factory
        self._tls = tls
        self._open = list(sockets)
        self._at_once = 1
        self._connecting: set[asyncio.Task[None]] = set()
        for one in sockets:
            self._watch(one)
        if shared:
            self._let_in()

    @property
    def sockets(self) -> Sequence[socket.socket]:
        """The sockets that listen."""
        return tuple(self._open)

    def is_serving(self) -> bool:
        """Whether connections are accepted."""
        return bool(self._open)

    async def start_serving(self) -> None:
        """Do nothing: connections are accepted from the beginning."""

    async def serve_forever(self) -> None:
        """Serve until cancelled.

        Raises:
            asyncio.CancelledError: It was cancelled.
        """
        await self._loop.create_future()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop."""
        return self._loop

    def close(self) -> None:
        """Accept the connections that clients have made already, and no more."""
        for one in self._open:
            self._loop.remove_reader(one)
            _let_no_more_in(one)
            while self._accept(one):
                pass
            one.close()
        self._open.clear()

    async def wait_closed(self) -> None:
        """Wait until the connections that were accepted last are made."""
        timeout = None if self._tls is None else LAST_TLS_SECONDS
        while self._connecting:
            _, late = await asyncio.wait(self._connecting, timeout=timeout)
            for task in late:
                task.cancel()

    def _let_in(self) -> None:
        """Let connections in again, every second: another process that has closed the socket has it drop them."""
        for one in self._open:
            with suppress(OSError):  # nothing is dropped
                one.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
        if self._open:
            self._loop.call_later(LET_IN_SECONDS, self._let_in)

    def _watch(self, one: socket.socket) -> None:
        if one.fileno() >= 0:
            self._loop.add_reader(one, self._accept_some, one)

    def _accept_some(self, one: socket.socket) -> None:
        for _ in range(self._at_once):
            if not self._accept(one):
                self._at_once = 1
                return
        self._at_once = min(2 * self._at_once, MOST_AT_ONCE)

    def _accept(self, one: socket.socket) -> bool:
        """Accept a connection, and say whether there was one."""
        try:
            connection, _ = one.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False
        except OSError:  # no descriptors are left: the socket stays readable, and must not keep the loop busy
            self._loop.remove_reader(one)
            self._loop.call_later(RETRY_SECONDS, self._watch, one)
            return False
        connection.setblocking(False)
        task = self._loop.create_task(self._connect(connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return True

    async def _connect(self, connection: socket.socket) -> None:
        with suppress(OSError):  # the client is gone again, or cannot agree on how to encrypt
            if self._tls is None:
                await self._loop.connect_accepted_socket(self._factory, connection)
                return
            protocol = self._factory()
            with protocol.handshake(cast("asyncio.Task[None]", asyncio.current_task())):
                await self._loop.connect_accepted_socket(
                    lambda: protocol, connection, ssl=self._tls, ssl_handshake_timeout=TLS_SECONDS
                )


class Loop(uvloop.Loop):
    """The event loop, whose servers are listeners; what Uvicorn takes as ``loop``."""

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        sock: socket.socket | None = None,
        backlog: int = 2048,
        ssl: ssl.SSLContext | None = None,
        **_options: Any,
    ) -> Listener:
        """Listen on a socket, or on all addresses of a host."""
        sockets = [sock] if sock else bind(host, port or 0)
        for one in sockets:
            one.listen(backlog)
            one.setblocking(False)
        return Listener(self, sockets, cast(Callable[[], Protocol], protocol_factory), ssl, shared=sock is not None)


def bind(host: str | None, port: int) -> list[socket.socket]:
    """Bind a socket to each address of a host that this machine has the family of.

    Raises:
        OSError: An address cannot be used.
    """
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with suppress(_FamilyError):
                sockets.append(bind_address(family, kind, protocol, address))
        if not sockets:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
    except OSError:
        for one in sockets:
            one.close()
        raise
    return sockets


class _FamilyError(OSError):
    """The machine has no addresses of a family."""


def bind_address(family: int, kind: int, protocol: int, address: Any, *, shared: bool = False) -> socket.socket:
    """Bind a socket to an address, given as :func:`socket.getaddrinfo` does.

    Args:
        family: Of the address.
        kind: Of the socket.
        protocol: Of the socket.
        address: The address.
        shared: Whether other processes may bind sockets of their own to it.

    Raises:
        OSError: The address cannot be used.
    """
    try:
        one = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _FamilyError(*error.args) from error
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(address)
    except OSError:
        one.close()
        raise
    return one


def _let_no_more_in(one: socket.socket) -> None:
    """Have a socket that listens drop new connections, which the kernel would take, and reset once it is closed.

    Their clients try again a second later, and are refused then. Only Linux knows this.
    """
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))  # BPF: return 0
    program = struct.pack("HL", 1, ctypes.addressof(drop_all))
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
