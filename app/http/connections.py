"""All connections of a process: what they take together, which come first, and which have had their time."""

import asyncio
import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from app.http import framing
from app.http.exchange import Exchange
from app.http.limits import Limits
from app.http.protocol import Protocol
from app.http.turns import Turns

SWEEP_SECONDS: Final = 0.25
"""How often deadlines are looked at: one timer for all connections costs a request nothing."""
STARTS: Final = 32
"""Requests begun in an iteration of the event loop; more would hold up new connections and probes."""
ITERATION_SECONDS: Final = 0.01
"""How long an iteration may take: where the requests of the one before took longer, fewer are begun in the next."""
HANDSHAKES: Final = 100
"""How many may go on where all connections are taken; there are descriptors left for these."""
HUNG_UP: Final = getattr(select, "POLLRDHUP", select.POLLHUP)
"""What a socket is ready for whose client has closed it, whether all that came before was read or not: on Linux."""
_READING: Final = frozenset({"GET", "HEAD"})


class Connections:
    """What Uvicorn takes as ``http``: makes the protocol of each connection, and holds what the connections share.

    Attributes:
        limits: The limits.
        waiting: Connections that wait for their clients, those that have waited longest first.
    """

    def __init__(self, limits: Limits, urgent: frozenset[str] = frozenset()) -> None:
        """Prepare for connections.

        Args:
            limits: The limits.
            urgent: Paths that are asked for without waiting for a turn: the probes.
        """
        self.limits = limits
        self.waiting: dict[Protocol, None] = {}
        self._urgent = urgent
        self._turns = Turns()
        self._started = 0
        self._counted = 0
        self._under_way = 0
        self._starts = STARTS
        self._looked = 0.0
        self._goes_on = False
        self._held = 0
        self._holders: dict[Exchange, int] = {}
        self._unread: dict[Exchange, int] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._handshakes: dict[asyncio.Task[None], None] = {}

    def __call__(
        self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: asyncio.AbstractEventLoop | None = None
    ) -> Protocol:
        """Make the protocol of a connection; the arguments are those of Uvicorn's own protocol classes."""
        return Protocol(self, config, server_state, app_state, _loop or asyncio.get_running_loop())

    def watch(self, protocols: set[Protocol], loop: asyncio.AbstractEventLoop) -> None:
        """Look for connections whose time has run out, from now on and while there are any."""
        if self._sweeping is None:
            self._sweeping = loop.call_later(SWEEP_SECONDS, self._sweep, loop, protocols)

    @contextmanager
    def handshake(self, task: "asyncio.Task[None]", made: int) -> Iterator[None]:
        """Count a connection for as long as client and service agree on how to encrypt it.

        Where that makes too many, those end that have taken longest: a client that says nothing would hold its
        descriptor for as long as a handshake may take.

        Args:
            task: Is cancelled to end it.
            made: How many connections are made already.
        """
        most = max(self.limits.connections - made, HANDSHAKES)
        while len(self._handshakes) >= most:
            longest = next(iter(self._handshakes))
            del self._handshakes[longest]
            longest.cancel()
        self._handshakes[task] = None
        try:
            yield
        finally:
            self._handshakes.pop(task, None)

    def start(self, exchange: Exchange, loop: asyncio.AbstractEventLoop, *, is_first: bool) -> None:
        """Have the app answer a request: at once, or in its turn where many came in this iteration of the loop.

        Args:
            exchange: The request, or one that the app began to answer and whose body has come since.
            loop: The event loop.
            is_first: Whether it is the first of its connection. Only such a probe waits for no turn, or whoever sends
                many probes in one go, or with a method that they do not take, would hold up all others.
        """
        if is_first and exchange.path in self._urgent and exchange.scope["method"] in _READING:
            exchange.start()
        elif self._started < self._starts and not self._turns:
            exchange.start()
            self._started += 1
            if not self._goes_on:
                self._goes_on = True
                loop.call_soon(self._go_on, loop)
        else:
            self._turns.add(exchange)

    def hold(self, count: int, exchange: Exchange | None = None) -> bool:
        """Count bytes of a request that stay in memory, and say whether there is room for them.

        Where there is none, larger requests that wait for their clients fail in favour of this one. One alone may be
        larger than the limit, as its size has a limit of its own.

        Args:
            count: The bytes.
            exchange: The request, once its head is there.
        """
        self._held += count
        if exchange is not None:
            self._holders[exchange] = self._holders.get(exchange, 0) + count
        own = self._holders[exchange] if exchange is not None else count
        while self._held > max(self.limits.held_bytes, own):
            others = [one for one in self._holders if one is not exchange and one.waits_for_body]
            largest = max(others, key=self._holders.__getitem__, default=None)
            if largest is None or self._holders[largest] < own:
                return False
            largest.fail(framing.too_much_held())
            largest.end()
        return True

    def release(self, count: int, exchange: Exchange | None = None) -> None:
        """Count bytes of a request that do not stay any longer; see :meth:`hold`."""
        self._held -= count
        if exchange is not None:
            self._holders.pop(exchange, None)

    def make_room(self) -> bool:
        """Close the connection that has waited longest for its client, and say whether there was one."""
        longest = next(iter(self.waiting), None)
        if longest is None:
            return False
        longest.wait_no_longer()
        longest.make_room()
        return True

    def keep(self, exchange: Exchange, count: int) -> None:
        """Note how many bytes of an answer wait for their reader, 0 for none.

        Where all answers together are too many bytes, those that were sent first are cut off. One alone may be larger.
        """
        if count == 0:
            self._unread.pop(exchange, None)
            return
        is_new = exchange not in self._unread
        self._unread[exchange] = count
        while is_new and len(self._unread) > 1 and sum(self._unread.values()) > self.limits.unread_bytes:
            oldest = next(iter(self._unread))
            del self._unread[oldest]
            oldest.cut_off()

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin the next requests, in the next iteration of the loop: as many as it has time for."""
        now = loop.time()
        if self._under_way:
            each = (now - self._looked) / self._under_way
            # At most one more than before: a quick iteration may have been one of other requests, or of heads alone.
            fitting = int(ITERATION_SECONDS / each) if each else STARTS
            self._starts = max(1, min(STARTS, self._starts + 1, fitting))
        self._looked = now
        fresh = self._started - self._counted
        self._started = 0
        while self._turns and self._started < self._starts:
            self._turns.next().start()
            self._started += 1
        self._counted = self._started
        self._under_way = fresh + self._started
        # One alone is not measured: the iteration that it takes would cost each request of a single client.
        self._goes_on = self._started > 0 or self._under_way > 1
        if self._goes_on:
            loop.call_soon(self._go_on, loop)
        else:
            self._under_way = 0  # the time up to the next request is none that this one took

    def _sweep(self, loop: asyncio.AbstractEventLoop, protocols: set[Protocol]) -> None:
        """Look for connections whose time has run out, and for clients that hung up while nothing is read of them."""
        now = loop.time()
        unread = select.poll()
        by_descriptor: dict[int, Protocol] = {}
        for protocol in list(protocols):
            if protocol.deadline <= now:
                protocol.expire()
            elif (descriptor := protocol.unread_descriptor) is not None:
                unread.register(descriptor, HUNG_UP)
                by_descriptor[descriptor] = protocol
        if by_descriptor:
            for descriptor, _ in unread.poll(0):
                by_descriptor[descriptor].abort()
        self._sweeping = loop.call_later(SWEEP_SECONDS, self._sweep, loop, protocols) if protocols else None
