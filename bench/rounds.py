"""Contenders measured in turns, so that whatever else the machine does meets all of them alike."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TypeVar

Measurement = TypeVar("Measurement")


def interleave(contenders: Mapping[str, Callable[[], Measurement]], rounds: int) -> dict[str, list[Measurement]]:
    """Measure every contender once a round.

    Args:
        contenders: Name to a function that measures once. Every other round takes them in reverse.
        rounds: Number of rounds.

    Returns:
        Name to what was measured, one item a round.
    """
    measured: dict[str, list[Measurement]] = {name: [] for name in contenders}
    for index in range(rounds):
        for name in list(contenders)[:: 1 if index % 2 == 0 else -1]:
            measured[name].append(contenders[name]())
    return measured


def stopwatch(function: Callable[[], object], calls: int) -> Callable[[], float]:
    """Return a function that calls another one so often, and gives the seconds a call."""

    def measure() -> float:
        start = perf_counter()
        for _ in range(calls):
            function()
        return (perf_counter() - start) / calls

    return measure
