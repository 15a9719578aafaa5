import asyncio
import gc
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from app.compute import INLINE_SECONDS, Busy, Compute
from app.compute.admission import Lane
from app.compute.callers import CALLER, NamedCaller

MINUTE = 60.0
"""After which what is waited for does not come."""


def _name() -> str:
    return threading.current_thread().name


class Gone(Exception):
    pass


async def as_caller(name: str, work: Callable[[], Any], hung_up: Any = None) -> Any:
    CALLER.set(NamedCaller(name, hung_up))
    return await work()


@pytest.mark.parametrize(("seconds", "in_thread"), [(0, False), (INLINE_SECONDS, False), (2 * INLINE_SECONDS, True)])
def test_long_work_alone_is_done_in_a_thread(seconds: float, in_thread: bool) -> None:
    compute = Compute(1)
    name = asyncio.run(compute.call(_name, seconds=seconds))
    compute.close()
    assert name.startswith("compute") is in_thread


def test_short_work_on_the_loop_and_work_in_threads_have_limits_of_their_own() -> None:
    compute = Compute(1, 1)
    with compute.place(1):
        assert asyncio.run(compute.call(_name, seconds=0)) == _name()
        with pytest.raises(Busy):
            asyncio.run(compute.call(_name, seconds=1))
        assert asyncio.run(compute.call(_name, seconds=0.05)) != _name()
        with compute.inline(0.01), compute.inline(0.005):
            pass
    assert asyncio.run(compute.call(_name, seconds=1)) != _name()
    compute.close()


def test_places_are_given_back() -> None:
    compute = Compute(1, 4)
    with compute.place(1), compute.place(1):
        assert compute.admission.long.seconds == 2
    with pytest.raises(ZeroDivisionError), compute.place(1):
        _ = 1 / 0
    assert compute.admission.long.seconds == 0
    compute.close()


def test_what_is_done_makes_room_before_the_rest_is() -> None:
    compute = Compute(1, 10)

    async def work() -> list[float]:
        with compute.place(2) as place:
            await place.run([_name], [0.5])
            found = [compute.admission.long.seconds]
            await place.run([_name], [1.5])
            return [*found, compute.admission.long.seconds]

    assert asyncio.run(work()) == [1.5, 0]
    compute.close()


def test_what_is_done_is_let_go_once() -> None:
    compute = Compute(1, 10)

    async def work() -> None:
        with compute.place(1) as place:
            await place.run([_name], [1])

    with compute.place(3):
        asyncio.run(work())
        assert compute.admission.long.seconds == 3
    compute.close()


def test_brief_work_does_not_wait_for_long_work() -> None:
    compute = Compute(1, 100)
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go_on.wait(MINUTE)

    async def work() -> None:
        long = [asyncio.create_task(compute.run(hold, seconds=3)) for _ in range(2)]
        assert await asyncio.to_thread(begun.wait, MINUTE)
        async with asyncio.timeout(MINUTE):
            await compute.run(_name, seconds=0.1)
        assert not any(one.done() for one in long)
        go_on.set()
        await asyncio.gather(*long)

    asyncio.run(work())
    compute.close()


def test_work_of_those_who_have_little_waiting_goes_first() -> None:
    compute = Compute(1, 100)
    called: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        called.append("many")
        begun.set()
        assert go_on.wait(MINUTE)

    async def work() -> None:
        tasks = [asyncio.create_task(as_caller("many", lambda: compute.run(hold, seconds=9))) for _ in range(5)]
        assert await asyncio.to_thread(begun.wait, MINUTE)
        few = as_caller("few", lambda: compute.run(partial(called.append, "few"), seconds=1))
        tasks.append(asyncio.create_task(few))
        await settle()
        go_on.set()
        await asyncio.gather(*tasks)

    asyncio.run(work())
    compute.close()
    assert called == ["many", "few", *["many"] * 4]


async def settle() -> None:
    """Let the event loop do all that does not wait for a thread."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until_all_was_called(compute: Compute) -> None:
    """Wait for work that is due after all that the tests here have waiting, unless that was dropped."""
    CALLER.set(NamedCaller("another"))
    await compute.run(_name, seconds=30)


def test_what_was_not_begun_is_dropped_when_the_client_hangs_up() -> None:
    compute = Compute(1, 100)
    done: list[int] = []
    logged: list[dict[str, Any]] = []
    begun, go_on = threading.Event(), threading.Event()

    def step(number: int) -> None:
        done.append(number)
        begun.set()
        go_on.wait()

    async def hung_up() -> None:
        await asyncio.to_thread(begun.wait)
        raise Gone

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: logged.append(context))
        with pytest.raises(Gone), compute.place(20) as place:
            await place.run([partial(step, number) for number in range(40)], [0.5] * 40)
        assert compute.admission.long.seconds == 0
        await settle()
        go_on.set()
        await until_all_was_called(compute)

    asyncio.run(as_caller("one", work, hung_up))
    compute.close()
    assert done == [0]
    gc.collect()
    assert logged == []


def test_what_was_not_begun_is_dropped_when_a_part_fails() -> None:
    compute = Compute(1, 100)
    done: list[int] = []
    go_on = threading.Event()

    def fail() -> None:
        raise ZeroDivisionError

    async def work() -> None:
        functions: list[Callable[[], Any]] = [fail, go_on.wait, *[partial(done.append, 1) for _ in range(9)]]
        with pytest.raises(ZeroDivisionError), compute.place(5) as place:
            await place.run(functions, [0.1] * len(functions))
        await settle()
        go_on.set()
        await until_all_was_called(compute)

    asyncio.run(work())
    compute.close()
    assert done == []


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_who_is_refused_is_told_by_how_long_work_took_lately() -> None:
    clock = Clock()
    compute = Compute(1, 10)
    compute.admission.long = Lane(10, 1, 1, clock)
    compute.admission.inline = Lane(1, 1, 1, clock)

    def take(seconds: float) -> None:
        clock.now += seconds

    asyncio.run(compute.run(partial(take, 8), seconds=4))
    with compute.place(10), pytest.raises(Busy) as caught:
        compute.place(9).__enter__()
    assert 25 <= caught.value.retry_after <= 30
    with compute.inline(0.5), compute.inline(0.5):
        take(2)
    with compute.inline(1), pytest.raises(Busy) as caught:
        compute.inline(1)
    assert caught.value.retry_after > 3
    compute.close()
