"""An exchange: one request and its answer, as ASGI's ``receive`` and ``send``."""

import asyncio
import logging
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Scope

from app.http import framing
from app.http.limits import Allowance
from app.http.problems import Problem

if TYPE_CHECKING:
    from app.http.protocol import Protocol

READ_AHEAD: Final = 65_536
"""Bytes of a body that wait for the app; beyond it no more is read from the connection."""
SLICE: Final = 65_536
"""Bytes of an answer that are written at a time; the next ones follow once the client has read most of them."""
FREE_BYTES: Final = 4_096
"""Bytes of a request that are not counted: a text is let through while others' bodies fill the memory."""
STREAMING: Final = "app.streaming"
"""The ASGI extension of a request whose body and answer are streams: this exchange, for :meth:`Exchange.stream`."""
NEVER: Final = float("inf")
PIECE_BYTES: Final = 64
"""What a piece of a body takes besides its bytes."""

_LENGTH_SIZE, _CONNECTION_SIZE = len("content-length"), len("connection")

log = logging.getLogger("uvicorn.error")


@lru_cache
def status_line(status: int) -> bytes:
    """Return the first line of an answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


class Exchange:
    """One request and its answer.

    Attributes:
        scope: That of ASGI.
        keep_alive: Whether the connection stays open after the answer.
        answered: Whether the whole answer has been sent.
        is_sending: Whether the answer waits for the client to read.
    """

    __slots__ = (
        "_answer_allowance",
        "_answer_deadline",
        "_app",
        "_arrived",
        "_begun",
        "_body",
        "_body_allowance",
        "_body_deadline",
        "_chunked",
        "_connection",
        "_delivered",
        "_expects_continue",
        "_failure",
        "_head",
        "_held",
        "_idle_seconds",
        "_is_endless",
        "_is_queued",
        "_left",
        "_more_body",
        "_received",
        "_size",
        "_started",
        "_unread",
        "_waiter",
        "_weight",
        "answered",
        "is_sending",
        "keep_alive",
        "scope",
    )

    def __init__(
        self, connection: "Protocol", app: ASGIApp, scope: Scope, *, keep_alive: bool, expects_continue: bool
    ) -> None:
        scope["extensions"] = {STREAMING: self}
        self.scope = scope
        self.keep_alive = keep_alive
        self.answered = False
        self.is_sending = False
        self._connection = connection
        self._app = app
        self._expects_continue = expects_continue
        self._body: list[bytes] = []
        self._size = 0  # of the body that waits for the app
        self._received = 0
        self._weight = 0
        self._held = 0
        self._more_body = True
        self._delivered = False
        self._failure: Problem | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._begun = False
        self._is_queued = False  # for a turn, as a part of the body has come that the app waits for
        self._arrived = 0.0  # when it came
        self._body_allowance: Allowance | None = None
        self._body_deadline = NEVER
        self._answer_allowance: Allowance | None = None
        self._answer_deadline = NEVER
        self._idle_seconds: float | None = None  # of a stream
        self._started = False
        self._head = b""
        self._chunked = False
        self._is_endless = False  # ends with the connection
        self._left = 0  # of the answer, as its Content-Length says
        self._unread = 0  # bytes that wait for the client

    def start(self) -> None:
        """Have the app answer, or go on with what has come of the body."""
        if self._begun:
            self._is_queued = False
            self.wake()
        elif self._connection.is_lost:
            self.end()
        else:
            self._begun = True
            self._connection.run(self._answer())

    @property
    def path(self) -> str:
        """The path, without that below which a proxy has the service."""
        path: str = self.scope["path"]
        return path.removeprefix(self.scope["root_path"])

    # The request.

    def weigh(self, count: int) -> None:
        """Count bytes that the request takes in memory; where those of all requests are too many, it fails."""
        self._weight += count
        if self._weight > FREE_BYTES:
            more = self._weight - self._held
            self._held = self._weight
            if not self._connection.connections.hold(more, self):
                self.fail(framing.too_much_held())

    def feed(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self.answered or self._failure:
            return
        self._body.append(data)
        self._size += len(data)
        self._received += len(data)
        self.weigh(len(data) + PIECE_BYTES)
        if self._size > READ_AHEAD:
            self._connection.pause_reading()
        self._go_on_in_turn()

    def complete(self) -> None:
        """Note that the whole body is there."""
        self._more_body = False
        self._go_on_in_turn()

    def _go_on_in_turn(self) -> None:
        """Have the app go on, if it waits for the body: what it does then may take as long as what a request begins."""
        if self._is_queued or self._waiter is None or self._waiter.done():
            return
        self._is_queued = True
        self._arrived = self._connection.time()
        self._body_deadline = NEVER
        self._wait_for_client()
        self._connection.take_turn(self)

    def stream(self, idle_seconds: float) -> None:
        """Note that the app keeps nothing of the body that it receives, and answers while it comes.

        What was received is not counted as held any longer, and the body may be as long as it likes.

        Args:
            idle_seconds: How long the client may send nothing.
        """
        self._idle_seconds = idle_seconds

    def cut_short(self) -> None:
        """End an answer that is not complete, once the client has read it so far: it sees that the end is missing."""
        if not self.answered and not self._connection.is_lost:
            self.answered = True
            self.keep_alive = False
            if self._is_endless:
                self._connection.abort()
            self._connection.on_answered(self)

    def fail(self, problem: Problem) -> None:
        """Have ``receive`` raise a problem instead of giving the rest of the body, so that the app answers with it."""
        self.keep_alive = False
        self._failure = self._failure or problem
        self._body = []
        self.wake()

    @property
    def waits_for_body(self) -> bool:
        """Whether the app waits for more of the body."""
        return self._waiter is not None and not self._delivered

    @property
    def waits_for_end(self) -> bool:
        """Whether the app has the whole body, and waits for the client to hang up."""
        return self._waiter is not None and self._delivered

    def end(self) -> None:
        """Note that the app is done, or will not be called: nothing is held any longer."""
        self._body = []
        self.scope.pop("extensions", None)  # which would keep scope and exchange in a circle
        if self._failure is not None:
            self._failure.__traceback__ = None  # its frames hold what the app had read, and this exchange
        self._connection.connections.release(self._held, self)
        self._held = 0

    def wake(self) -> None:
        """Have ``receive`` look again at what has changed."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> Message:
        """Give the next piece of the body; ASGI's ``receive``.

        Raises:
            app.http.problems.Problem: The rest of the body cannot be read, did not come in time, or is too much.
        """
        if self._expects_continue and not self._started:
            self._expects_continue = False
            self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self._is_over and (self._delivered or (self._more_body and not self._body)):
            await self._wait()
        if self._failure and (not self._started or self._idle_seconds is not None):
            raise self._failure
        if self._is_over:
            return {"type": "http.disconnect"}
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body = []
        self._size = 0
        self._delivered = not self._more_body
        if self._idle_seconds is not None:
            self._connection.connections.release(self._held, self)
            self._held = self._weight = 0
        return {"type": "http.request", "body": body, "more_body": self._more_body}

    @property
    def _is_over(self) -> bool:
        return self.answered or self._failure is not None or self._connection.is_lost

    async def _wait(self) -> None:
        """Wait for more of the body or, where there is no more, for the end of the exchange."""
        connection = self._connection
        connection.resume_reading()
        self._waiter = connection.future()
        if self._delivered:
            await self._waiter
        else:
            before = self._received
            if self._idle_seconds is not None:
                self._body_allowance = Allowance(self._idle_seconds, 1)
            elif self._body_allowance is None:
                self._body_allowance = connection.allowance_of_body()
            self._body_deadline = self._body_allowance.wait(connection.time())
            self._wait_for_client()
            await self._waiter
            if self._received > before or not self._more_body:
                self._body_allowance.got(self._received - before, self._arrived)
            else:
                self._body_deadline = NEVER
                self._wait_for_client()
        self._waiter = None

    def _wait_for_client(self) -> None:
        """Have the connection wait for what is due first of the client: more of the body, or that it reads on."""
        deadline = min(self._body_deadline, self._answer_deadline)
        if deadline == NEVER:
            self._connection.wait_no_longer()
        else:
            self._connection.wait_until(deadline)

    # The answer.

    async def send(self, message: Message) -> None:
        """Send a part of the answer, as soon as the client has read most of what was sent before; ASGI's ``send``."""
        kind = message["type"]
        if self._connection.is_lost:
            return
        if kind == "http.response.start" and not self._started:
            self._start(message)
        elif kind == "http.response.body" and self._started and not self.answered:
            await self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"The ASGI message {kind!r} comes at the wrong time.")

    def cut_off(self) -> None:
        """Give the answer up, as its reader is too slow."""
        self._connection.abort()

    def _start(self, message: Message) -> None:
        """Put the head of the answer together. It is written with the first bytes of the body, where those are near."""
        status = message["status"]
        headers = [*self._connection.default_headers, *message.get("headers", ())]
        lines = [status_line(status), *[b"%b: %b\r\n" % header for header in headers]]
        length = None
        closes = False
        for name, value in headers:
            size = len(name)  # tells most names apart in less time than to lower them
            if size == _LENGTH_SIZE and name.lower() == b"content-length":
                length = int(value)
            elif size == _CONNECTION_SIZE and name.lower() == b"connection" and b"close" in value.lower():
                closes = True
        # Without `100 Continue`, nobody knows whether a body follows.
        self.keep_alive = self.keep_alive and not closes and not self._expects_continue
        if self._connection.is_ending:
            self.keep_alive = False
        count = len(headers)
        if not self.keep_alive and not closes:
            lines.append(b"connection: close\r\n")
            count += 1
        has_body = self.scope["method"] != "HEAD" and status not in (204, 304)
        # A client of HTTP/1.0 takes the end of the connection for that of the answer.
        is_old = self.scope["http_version"] == "1.0"
        self._chunked = has_body and length is None and not is_old
        self._is_endless = has_body and length is None and is_old
        if self._chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
            count += 1
        lines.append(b"\r\n")
        self._head = b"".join(lines)
        if self._head.count(b"\n") != count + 2 or self._head.count(b"\r") != count + 2:
            raise RuntimeError("A header of the answer has a line break.")
        self._started = True
        self._left = length or 0 if has_body else 0
        if self._chunked:
            self._flush_head()

    def _flush_head(self) -> None:
        self._connection.write(self._head)
        self._head = b""

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        elif self._chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        elif not self._is_endless:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("The answer is not as long as its Content-Length says.")
        head, self._head = self._head, b""
        if len(body) <= SLICE:
            if self._connection.is_full:
                await self._drain()
            self._connection.write(head + body)
        else:
            self._connection.write(head)
            await self._send_slices(memoryview(body))
        if not more:
            self.answered = True
            self.wake()
            self._connection.on_answered(self)

    async def _send_slices(self, body: memoryview) -> None:
        connections = self._connection.connections
        try:
            for start in range(0, len(body), SLICE):
                if self._connection.is_full:
                    connections.keep(self, len(body) - start)
                    await self._drain()
                if self._connection.is_lost:
                    return
                self._connection.write(body[start : start + SLICE])
        finally:
            connections.keep(self, 0)

    async def _drain(self) -> None:
        """Wait until the client has read most of what was written, which adds to its allowance."""
        connection = self._connection
        if not self.is_sending or self._answer_allowance is None:
            self._answer_allowance = connection.allowance_of_answer()
        self.is_sending = True
        self._unread = connection.unread
        self._answer_deadline = self._answer_allowance.wait(connection.time())
        self._wait_for_client()
        await connection.drained()
        self._answer_deadline = NEVER
        self._wait_for_client()
        self._answer_allowance.got(self._unread - connection.unread, connection.time())

    def expire(self) -> bool:
        """Give up a client whose time has run out, unless it has read enough of the answer meanwhile.

        Returns:
            Whether it is waited for any longer.
        """
        now = self._connection.time()
        if self._answer_deadline <= now and not self._goes_on():
            self._connection.abort()
            return False
        if self._body_deadline <= now:
            self.fail(framing.too_slow("body"))
            return False
        self._wait_for_client()
        return True

    def _goes_on(self) -> bool:
        """Whether the client has read enough meanwhile to be waited for; then that begins."""
        connection = self._connection
        if not self.is_sending or self._answer_allowance is None:
            return False
        self._answer_allowance.got(self._unread - connection.unread, connection.time())
        self._unread = connection.unread
        self._answer_deadline = self._answer_allowance.wait(connection.time())
        return self._answer_deadline > connection.time()

    # The app.

    async def _answer(self) -> None:
        """Call the app, and make up for what it leaves undone."""
        try:
            await self._app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._connection.abort()
            raise
        except Exception:
            log.exception("Exception in ASGI application")
            await self._give_up()
        else:
            if not self.answered and not self._connection.is_lost:
                log.error("The ASGI application ended without a whole answer.")
                await self._give_up()
        finally:
            self.end()

    async def _give_up(self) -> None:
        if self._started:
            self._connection.abort()
            return
        problem = Problem(500, "Something went wrong in the service; its log has the details.")
        await problem.response()(self.scope, self.receive, self.send)
