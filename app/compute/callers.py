"""Who asks: by whom work is counted, and how one learns that nobody waits for it any more."""

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, Protocol

HungUp = Callable[[], Coroutine[Any, Any, None]]


class Caller(Protocol):
    """The client of a request."""

    @property
    def name(self) -> str:
        """By which its work is counted: its API key or its address."""

    @property
    def hung_up(self) -> HungUp | None:
        """Waits until the client has hung up, and raises an exception that says so; ``None`` if nobody can tell."""


class NamedCaller(NamedTuple):
    """A client whose name is known."""

    name: str
    hung_up: HungUp | None = None


CALLER: Final[ContextVar[Caller]] = ContextVar("caller", default=NamedCaller(""))  # noqa: B039 - a tuple
"""The client of the request that the current task answers."""
