from functools import partial

import pytest

from bench import rounds
from bench.rounds import interleave, stopwatch


def test_every_other_round_takes_the_contenders_in_reverse() -> None:
    called: list[str] = []
    interleave({name: partial(called.append, name) for name in "ab"}, 4)
    assert "".join(called) == "abbaabba"


def test_a_stopwatch_gives_the_seconds_of_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[int] = []
    # A clock that each call moves on by a quarter of a second.
    monkeypatch.setattr(rounds, "perf_counter", lambda: len(called) / 4)
    measure = stopwatch(partial(called.append, 1), 8)
    assert measure() == measure() == 0.25
    assert len(called) == 16
