import asyncio
import threading

import pytest

from app.compute import INLINE_SECONDS, Busy, Compute


def _name() -> str:
    return threading.current_thread().name


@pytest.mark.parametrize(("seconds", "in_thread"), [(0, False), (INLINE_SECONDS, False), (2 * INLINE_SECONDS, True)])
def test_long_work_alone_is_done_in_a_thread(seconds: float, in_thread: bool) -> None:
    compute = Compute(threads=1, max_pending=1)
    name = asyncio.run(compute.call(_name, seconds=seconds))
    compute.close()
    assert name.startswith("compute") is in_thread


def test_short_work_needs_no_place() -> None:
    compute = Compute(threads=1, max_pending=1)
    with compute.place():
        assert asyncio.run(compute.call(_name, seconds=0)) == _name()
        with pytest.raises(Busy):
            asyncio.run(compute.call(_name, seconds=1))
    assert asyncio.run(compute.call(_name, seconds=1)) != _name()
    compute.close()


def test_places_are_given_back() -> None:
    compute = Compute(threads=1, max_pending=2)
    with compute.place(), compute.place():
        assert compute.pending == 2
    with pytest.raises(ZeroDivisionError), compute.place():
        _ = 1 / 0
    assert compute.pending == 0
    compute.close()


def test_who_finds_no_place_is_told_when_to_come_again() -> None:
    compute = Compute(threads=1, max_pending=1)
    with compute.place(), pytest.raises(Busy) as caught, compute.place():
        pass
    compute.close()
    assert caught.value.retry_after == 1
