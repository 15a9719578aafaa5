"""HTTP/1.1 on one connection: bytes in, exchanges out, in order, within limits."""

import asyncio
import logging
import urllib.parse
from collections import deque
from collections.abc import Coroutine
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
from starlette.types import Scope

from app.http import framing
from app.http.exchange import FREE_BYTES, Exchange, status_line
from app.http.framing import NOTED
from app.http.limits import Allowance
from app.http.problems import Problem

if TYPE_CHECKING:
    from app.http.connections import Connections

TARGET_BYTES: Final = 32_000
"""Of a request's target at most. RFC 9112, section 3, asks for 8,000 at least, and two words of 1,000 characters of
four bytes, each byte as ``%`` and two digits, are 24,000."""
PARAMETERS: Final = 100
"""Of a query at most: thousands take long to read."""
SLICE: Final = 65_536
"""Bytes that are parsed at a time, so that little more than the limit is ever held of a head."""
PIPELINE: Final = 64
"""Requests of a connection that wait for the one before them."""
HEADER_BYTES: Final = 128
"""What a header takes in memory besides its bytes."""
EXCHANGE_BYTES: Final = 2_048
"""What a request takes that waits for the one before it."""
NEVER: Final = float("inf")
LAST_SECONDS: Final = 5.0
"""How long the request of a connection that was made at the very end is waited for."""


log = logging.getLogger("uvicorn.error")


class Stop(Exception):
    """Raised in a callback of the parser, to have it end."""


class Protocol(asyncio.Protocol):
    """One connection.

    Uvicorn's own protocol on httptools swallows the body of a request that wishes for an upgrade, and limits neither
    the head of a request nor the time that it takes. Of Uvicorn this needs what calls it: the arguments of the factory
    (:class:`app.http.connections.Connections`), ``connections``, ``tasks``, ``default_headers`` and
    ``total_requests`` of the server's state, and :meth:`shutdown`.

    Attributes:
        connections: What all connections share.
        deadline: When :meth:`expire` is due, in the event loop's time.
        is_lost: Whether the connection is gone.
        is_full: Whether the client has yet to read what was written.
    """

    def __init__(
        self,
        connections: "Connections",
        config: Any,
        state: Any,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.connections = connections
        self.deadline = NEVER
        self.is_lost = False
        self.is_full = False
        self._limits = connections.limits
        self._app = config.loaded_app
        self._root_path: str = config.root_path
        self._state = state
        self._app_state = app_state
        self._lifecycle: Any = app_state.get("lifecycle")
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)  # until the connection is made
        self._base: dict[str, Any] = {}
        self._writable: asyncio.Future[None] | None = None
        self._is_paused = False
        # Requests: the one that is answered, those that wait for it, and the one whose body is being read.
        self._active: Exchange | None = None
        self._pipeline: deque[Exchange] = deque()
        self._incoming: Exchange | None = None
        self._refusal: Problem | None = None
        self._is_deaf = False  # drops what the client sends
        self._has_asked = False  # has sent a whole head
        self._is_last = False  # closes after the answer
        self._lingers = True  # the client may be sending when the connection is closed
        # The head that is being read.
        self._fault: Problem | None = None
        self._in_head = False
        self._is_upgrade = False
        self._head_bytes = 0
        self._head_count = 0
        self._head_fed = 0  # bytes fed to the parser since it began the head
        self._head_held = 0
        self._has_body = False  # whether the bytes that came last were of a body
        self._url = b""
        self._pieces: list[bytes] = []
        self._headers: list[tuple[bytes, bytes]] = []
        self._noted: list[tuple[bytes, bytes]] = []

    # What the event loop calls.

    def handshake(self, task: "asyncio.Task[None]") -> AbstractContextManager[None]:
        """Count the connection before it is made; see :meth:`app.http.connections.Connections.handshake`."""
        return self.connections.handshake(task, len(self._state.connections))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, or refuse it."""
        self._transport = cast(asyncio.Transport, transport)
        self._base = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "server": _address(transport.get_extra_info("sockname")),
            "client": _address(transport.get_extra_info("peername")),
            "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
            "root_path": self._root_path,
        }
        others = len(self._state.connections)
        self._state.connections.add(self)
        self.connections.watch(self._state.connections, self._loop)
        if others >= self._limits.connections and not self.connections.make_room():
            self._lingers = False
            self._refuse(framing.too_many_connections())
        else:
            self.wait_until(self.time() + self._limits.header_seconds)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Tell the app that the client is gone."""
        self.is_lost = True
        self._state.connections.discard(self)
        self.wait_no_longer()
        self._release_head()
        self._drop_pipeline()
        if self._active is not None:
            self._active.wake()
        self.resume_writing()
        # The parser holds the protocol: what the connection took would stay until garbage is collected.
        del self._parser

    def pause_writing(self) -> None:
        """Note that the client has yet to read what was written."""
        self.is_full = True

    def resume_writing(self) -> None:
        """Note that the client has read most of what was written."""
        self.is_full = False
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Parse bytes."""
        if len(data) <= SLICE:
            self._feed(data)
            return
        view = memoryview(data)
        for start in range(0, len(data), SLICE):
            self._feed(view[start : start + SLICE])

    def _feed(self, data: bytes | memoryview) -> None:
        if self._is_deaf:
            return
        self._has_body = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data, upgrade.args[0])
            return
        except httptools.HttpParserError:
            self._refuse(self._fault or framing.refused("The request cannot be read."))
        self._give_body()
        if self._is_deaf:
            return
        if self._in_head:
            self._wait_for_head(len(data))
        elif self._incoming is not None:
            self._wait_for_body(len(data))

    def _give_body(self) -> None:
        """Give the request what came of its body: in one piece, as thousands of chunks would take long one by one."""
        if not self._pieces:
            return
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces = []
        if self._incoming is not None:
            self._incoming.feed(body)

    def _wait_for_head(self, count: int) -> None:
        """Note that the head goes on past the bytes that came, and see that it stays within its limits."""
        self._head_fed += count
        if self._active is None and self._head_fed == count:
            self.deadline = self.time() + self._limits.header_seconds
        if self._head_fed > self._limits.header_bytes + SLICE:
            self._refuse(framing.head_too_large(f"{self._limits.header_bytes:,} bytes"))
        elif self._head_fed > FREE_BYTES:
            self._head_held += count
            if not self.connections.hold(count):
                self._refuse(framing.too_much_held())

    def _wait_for_body(self, count: int) -> None:
        """See that what came, if it was no part of the body, stays within the limits of a head.

        It is the extension of a chunk then, or a trailer, which httptools keeps until it is complete.
        """
        self._head_fed = 0 if self._has_body else self._head_fed + count
        if self._head_fed > self._limits.header_bytes + SLICE:
            self._refuse(framing.head_too_large(f"{self._limits.header_bytes:,} bytes"))

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a request."""
        if self._is_upgrade:
            return
        self._in_head = True
        self._head_bytes = self._head_count = self._head_fed = 0
        self._url = b""
        self._headers = []
        self._noted = []

    def on_url(self, url: bytes) -> None:
        """Take a part of the request's target."""
        if self._is_upgrade:
            return
        self._url += url
        self._measure_head(len(url))
        if len(self._url) > TARGET_BYTES:
            self._fault = framing.target_too_long(f"{TARGET_BYTES:,} bytes")
            raise Stop

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, which is dropped."""
        if self._is_upgrade:
            return
        self._head_count += 1
        self._measure_head(len(name) + len(value) + 4)
        if self._in_head:
            header = name.lower(), value
            self._headers.append(header)
            if header[0] in NOTED:
                self._noted.append(header)

    def on_headers_complete(self) -> None:
        """Begin the exchange, if it is certain where the request ends."""
        if self._is_upgrade:
            return
        version = self._parser.get_http_version()
        self._fault = framing.problem_of(version, self._noted)
        if self._url.count(b"&") >= PARAMETERS:
            self._fault = self._fault or framing.target_too_long(f"{PARAMETERS} parameters")
        if len(self._pipeline) >= PIPELINE:
            self._is_deaf = self._is_last = True  # The client sends the rest again on another connection.
        if self._fault or self._is_deaf:
            raise Stop
        self._in_head = False
        self._release_head()
        expects_continue = any(name == b"expect" and value.lower() == b"100-continue" for name, value in self._noted)
        exchange = Exchange(
            self,
            self._app,
            self._scope(version),
            keep_alive=version != "1.0" and self._parser.should_keep_alive() and not self._is_connect,
            expects_continue=expects_continue and version != "1.0",
        )
        self._head_fed = 0
        self._incoming = exchange
        exchange.weigh(self._head_bytes + HEADER_BYTES * self._head_count)
        if self._active is None:
            self._begin(exchange)
        else:
            exchange.weigh(EXCHANGE_BYTES)
            self._pipeline.append(exchange)
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._has_body = True
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """End a request."""
        exchange = self._incoming
        if exchange is None or (self._parser.should_upgrade() and not self._is_upgrade):
            return  # what httptools takes for the end of a request that wishes for an upgrade
        self._is_upgrade = False
        self._give_body()
        self._incoming = None
        exchange.complete()
        if not exchange.keep_alive:
            self._is_deaf = True
            self._lingers = False
        if self._active is None:
            self._idle()

    def _ignore_upgrade(self, data: bytes | memoryview, offset: int) -> None:
        """Have the body of a request that wishes for an upgrade parsed, as of any other.

        httptools stops after the head. So another parser goes on, after a head that frames the body in the same way.
        """
        self._is_upgrade = True
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing.body_header(self._noted) + b"\r\n")
        self._feed(memoryview(data)[offset:])

    def _measure_head(self, count: int) -> None:
        self._head_bytes += count
        if self._head_bytes > self._limits.header_bytes:
            self._fault = framing.head_too_large(f"{self._limits.header_bytes:,} bytes")
        elif self._head_count > self._limits.headers:
            self._fault = framing.head_too_large(f"{self._limits.headers:,} headers")
        else:
            return
        raise Stop

    def _scope(self, version: str) -> Scope:
        """Return what ASGI tells the app of the request; the target is that of the path, or a whole URL."""
        path, _, query = self._url.partition(b"?")
        if not path.startswith(b"/") or b"#" in self._url:
            parsed = httptools.parse_url(self._url)
            path, query = parsed.path or b"/", parsed.query or b""
        text = path.decode("ascii")
        return {
            **self._base,
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "path": self._root_path + (urllib.parse.unquote(text) if "%" in text else text),
            "raw_path": self._root_path.encode("ascii") + path,
            "query_string": query,
            "headers": self._headers,
            "state": self._app_state.copy(),
        }

    @property
    def _is_connect(self) -> bool:
        return self._parser.should_upgrade() and self._parser.get_method() == b"CONNECT"

    # What an exchange needs.

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Headers that every answer has."""
        headers: list[tuple[bytes, bytes]] = self._state.default_headers
        return headers

    @property
    def unread(self) -> int:
        """Bytes that were written and that the client has yet to read."""
        return self._transport.get_write_buffer_size()

    def time(self) -> float:
        """Return the event loop's time."""
        return self._loop.time()

    def future(self) -> "asyncio.Future[None]":
        """Make a future of the event loop."""
        return self._loop.create_future()

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine, for which Uvicorn waits when it shuts down."""
        task = self._loop.create_task(coroutine)
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    def take_turn(self, exchange: Exchange) -> None:
        """Have an exchange start in its turn; see :meth:`app.http.connections.Connections.start`."""
        self.connections.start(exchange, self._loop, is_first=False)

    def allowance_of_body(self) -> Allowance:
        """Return how long a body may be waited for."""
        return Allowance(self._limits.body_seconds, self._limits.bytes_per_second)

    def allowance_of_answer(self) -> Allowance:
        """Return how long an answer may wait for its reader."""
        return Allowance(self._limits.answer_seconds, self._limits.bytes_per_second)

    def write(self, data: bytes | memoryview) -> None:
        """Write bytes."""
        if not self.is_lost:
            self._transport.write(data)

    async def drained(self) -> None:
        """Wait until the client has read most of what was written."""
        while self.is_full and not self.is_lost:
            self._writable = self.future()
            await self._writable

    @property
    def unread_descriptor(self) -> int | None:
        """The socket, if nothing is read of it while the app waits for its client to hang up: requests follow then."""
        if not self._is_paused or self._active is None or not self._active.waits_for_end:
            return None
        return cast(int, self._transport.get_extra_info("socket").fileno())

    def pause_reading(self) -> None:
        """Read no more from the connection."""
        if not self._is_paused and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read from the connection again."""
        if self._is_paused and not self._transport.is_closing():
            self._is_paused = False
            self._transport.resume_reading()

    def wait_until(self, deadline: float) -> None:
        """Wait for the client, whose time runs out then; where connections are short, those go first that wait."""
        self.deadline = deadline
        self.connections.waiting.pop(self, None)
        self.connections.waiting[self] = None

    def wait_no_longer(self) -> None:
        """Note that nothing is waited for but the app."""
        self.deadline = NEVER
        self.connections.waiting.pop(self, None)

    @property
    def is_ending(self) -> bool:
        """Whether the answer that is sent now is the last one of the connection."""
        if self._pipeline or self._refusal is not None:
            return False
        return self._is_last or self._is_draining

    @property
    def _is_draining(self) -> bool:
        return self._lifecycle is not None and self._lifecycle.draining

    def on_answered(self, exchange: Exchange) -> None:
        """Go on after an answer."""
        self._state.total_requests += 1
        self._active = None
        if self.is_lost:
            return
        if not exchange.keep_alive:
            self._drop_pipeline()
            self._end()
        elif self._pipeline:
            self._begin(self._pipeline.popleft())
        elif self._refusal is not None:
            self._write_refusal(self._refusal)
        elif self._is_last and not self._in_head and self._incoming is None:
            self.close()
        else:
            self._idle()

    # The connection's own course.

    def _begin(self, exchange: Exchange) -> None:
        self._active = exchange
        is_first = not self._has_asked
        self._has_asked = True
        self.wait_no_longer()
        self.connections.start(exchange, self._loop, is_first=is_first)

    def _idle(self) -> None:
        """Wait for the next request, or for the rest of one that has been answered."""
        self.resume_reading()
        if self._is_deaf:
            return
        if self._incoming is not None:
            seconds = self._limits.body_seconds
        elif self._in_head:
            seconds = self._limits.header_seconds
        else:
            seconds = self._limits.keep_alive_seconds
        self.wait_until(self.time() + seconds)

    def _refuse(self, problem: Problem) -> None:
        """Read no further request. The answers that are due come first, then that of the problem, then the end."""
        if self._is_deaf:
            return
        self._is_deaf = True
        self._in_head = False
        self._release_head()
        if self._incoming is not None and not self._incoming.answered:
            self._incoming.fail(problem)
        elif self._incoming is not None:
            self._end()
        elif self._active is not None:
            self._refusal = problem
        else:
            self._write_refusal(problem)

    def _write_refusal(self, problem: Problem) -> None:
        host = (self._base["client"] or ("?",))[0]
        log.info("A request of %s was refused with %d: %s", host, problem.status, problem.detail)
        response = problem.response()
        lines = [
            name + b": " + value + b"\r\n" for name, value in [*self._state.default_headers, *response.raw_headers]
        ]
        self.write(b"".join([status_line(problem.status), *lines, b"\r\n", bytes(response.body)]))
        self._end()

    def _end(self) -> None:
        """Close the connection; where the client may still be sending, only after it has had time to read.

        A connection that is closed with bytes unread is reset, and the client may not see what was written before.
        """
        if not self._lingers:
            self.close()
            return
        self._is_deaf = True
        seconds = self._limits.answer_seconds if self.unread else self._limits.linger_seconds
        self.wait_until(self.time() + seconds)
        self.resume_reading()
        if not self._transport.is_closing() and self._transport.can_write_eof():
            self._transport.write_eof()

    def _drop_pipeline(self) -> None:
        for exchange in self._pipeline:
            exchange.end()
        self._pipeline.clear()

    def _release_head(self) -> None:
        if self._head_held:
            self.connections.release(self._head_held)
            self._head_held = 0

    def close(self) -> None:
        """Close the connection once the client has read what was written."""
        self._is_deaf = True
        self.wait_until(self.time() + self._limits.answer_seconds)
        self._transport.close()

    def make_room(self) -> None:
        """Close the connection in favour of another one."""
        if self._active is None and not self._is_deaf:
            self.close()
        else:
            self.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        if not self.is_lost:
            self._transport.abort()

    def shutdown(self) -> None:
        """Close the connection, after the answer if a request is being handled. Uvicorn calls this."""
        self._is_last = True
        if self._active is not None or self._is_deaf:
            return
        if self._in_head or (self._is_draining and not self._has_asked):
            self.wait_until(min(self.deadline, self.time() + LAST_SECONDS))
        else:
            self.close()

    def expire(self) -> None:
        """Give up what the client is too slow for."""
        self.wait_no_longer()
        if self._active is not None:
            self._is_deaf = not self._active.expire() or self._is_deaf
        elif self._is_deaf or self._incoming is not None:
            self.abort()
        elif self._in_head:
            self._refuse(framing.too_slow("head"))
        else:
            self.close()


def _address(name: object) -> tuple[str, int] | None:
    """Return the host and the port of a socket's address; nothing for other kinds of sockets."""
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
