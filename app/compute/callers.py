"""Who asks: by whom work is counted, and how one learns that nobody waits for it any more."""

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Final

HungUp = Callable[[], Coroutine[Any, Any, None]]


class Caller:
    """The client of a request.

    Attributes:
        name: By which its work is counted: its API key or its address.
        hung_up: Waits until the client has hung up, and raises an exception that says so; ``None`` where nobody can
            tell.
    """

    __slots__ = ("hung_up", "name")

    def __init__(self, name: str, hung_up: HungUp | None = None) -> None:
        self.name = name
        self.hung_up = hung_up


CALLER: Final[ContextVar[Caller]] = ContextVar("caller", default=Caller(""))  # noqa: B039 - it is never changed
"""The client of the request that the current task answers."""
