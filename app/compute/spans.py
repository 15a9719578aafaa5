"""Where the steps of the work of a request are noted, if they are: as spans of its trace."""

from collections.abc import Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")


class Spans(Protocol):
    """Notes steps of the request that the current task, or thread, works for."""

    def record(self, name: str, start: float, seconds: float) -> None:
        """Note a step that has ended.

        Args:
            name: What was done: ``tokenize``, ``wait``, ``predict``.
            start: When it began, as ``time.perf_counter`` has it.
            seconds: How long it took.
        """

    def timed(self, name: str, function: Callable[[], Result]) -> Callable[[], Result]:
        """Return a function that does what another does, and notes that as a step."""

    def carried(self, function: Callable[[], Result]) -> Callable[[], Result]:
        """Return a function for a thread to call: it works for the current request, and notes how long it waited."""
