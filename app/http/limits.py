"""What a connection, and all connections of a process together, may take."""

import resource
import sys
from dataclasses import dataclass
from typing import Final, Self

from app.settings import Settings

ENCRYPTED: Final = 4
"""Times as few connections are open where they are encrypted: each may take 0.45 MB, as uvloop keeps what it read of
one at once, up to 256 KiB, and OpenSSL almost as much."""
OTHER_DESCRIPTORS: Final = 200
"""Descriptors that are not connections: files, what listens, and connections that are just being accepted."""


@dataclass(frozen=True)
class Limits:
    """Limits of connections, each of which is a setting.

    Attributes:
        header_bytes: Size of the request line and the headers of a request.
        headers: Number of its headers.
        connections: Connections open at a time.
        held_bytes: Bytes of requests in memory, of all connections together.
        unread_bytes: Bytes of answers that wait for their readers, of all connections together.
        header_seconds: How long the head of a request may take.
        body_seconds: How long a body may stall.
        answer_seconds: How long the reading of an answer may stall.
        keep_alive_seconds: How long a connection may be idle between two requests.
        linger_seconds: How long the rest of a refused request is read and dropped.
        bytes_per_second: Slowest rate of a body, and of the reading of an answer, in the long run.
    """

    header_bytes: int
    headers: int
    connections: int
    held_bytes: int
    unread_bytes: int
    header_seconds: float
    body_seconds: float
    answer_seconds: float
    keep_alive_seconds: float
    linger_seconds: float
    bytes_per_second: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take the limits from the settings."""
        return cls(
            header_bytes=settings.max_header_bytes,
            headers=settings.max_headers,
            connections=min(_connections(settings), _descriptors()),
            held_bytes=settings.max_held_bytes,
            unread_bytes=settings.max_unread_bytes,
            header_seconds=settings.header_seconds,
            body_seconds=settings.body_seconds,
            answer_seconds=settings.answer_seconds,
            keep_alive_seconds=settings.keep_alive_seconds,
            linger_seconds=settings.linger_seconds,
            bytes_per_second=settings.min_bytes_per_second,
        )


def _connections(settings: Settings) -> int:
    return settings.max_connections if settings.tls_cert is None else max(1, settings.max_connections // ENCRYPTED)


def _descriptors() -> int:
    """Return how many connections the process may open: as ``ulimit -n`` says, without what else it opens."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return sys.maxsize
    return limit - min(limit // 2, OTHER_DESCRIPTORS)


class Allowance:
    """Seconds that a client may still let the service wait: they run out while it waits, and bytes add to them."""

    __slots__ = ("_left", "_most", "_rate", "_since")

    def __init__(self, seconds: float, rate: int) -> None:
        """Make a full allowance.

        Args:
            seconds: The most that can be left.
            rate: Bytes that add a second.
        """
        self._most = self._left = seconds
        self._rate = rate
        self._since = 0.0

    def wait(self, now: float) -> float:
        """Begin to wait, and return the time at which the allowance will have run out."""
        self._since = now
        return now + self._left

    def got(self, count: int, now: float) -> None:
        """End the wait with so many bytes."""
        self._left = min(self._most, self._left - (now - self._since) + count / self._rate)
