import asyncio
import signal
from types import SimpleNamespace

import httpx
import pytest

from app import lifecycle
from app.lifecycle import Lifecycle


def test_the_event_loop_beats_while_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that the test sets."""
    now = 100.0
    monkeypatch.setattr(lifecycle, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(lifecycle, "BEAT_SECONDS", 0.001)
    one = Lifecycle(0)

    async def go_on() -> None:
        nonlocal now
        with one.beating():
            for _ in range(5):
                now += lifecycle.HANG_SECONDS - 1
                assert not one.is_hanging
                async with asyncio.timeout(60):
                    while one._beat < now:  # noqa: ASYNC110 - nothing tells
                        await asyncio.sleep(0.001)
            now += lifecycle.HANG_SECONDS + 1
            assert one.is_hanging

    asyncio.run(go_on())


def test_a_service_that_hangs_is_not_alive(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/health/live").status_code == 200
    monkeypatch.setattr(Lifecycle, "is_hanging", True)
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The service hangs.")


def test_a_second_sigterm_does_not_cut_the_drain_short_but_ctrl_c_does() -> None:
    taken: list[int] = []

    async def end() -> None:
        one = Lifecycle(60)
        with one.signals(lambda: None):
            for number in (signal.SIGTERM, signal.SIGTERM):
                signal.raise_signal(number)
            await asyncio.sleep(0.05)
            assert (one.draining, taken) == (True, [])
            signal.raise_signal(signal.SIGINT)
            assert taken == [signal.SIGINT]

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number in before:
            signal.signal(number, lambda number, _frame: taken.append(number))
        asyncio.run(end())
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_hang_up_looks_for_models_unless_the_terminal_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(lifecycle, "_has_terminal", lambda: True)

    async def hang_up() -> None:
        one = Lifecycle(60)
        with one.signals(lambda: looked.append("looked")):
            signal.raise_signal(signal.SIGHUP)
            await asyncio.sleep(0.05)
            assert (looked, one.draining) == (["looked"], False)
            monkeypatch.setattr(lifecycle, "_has_terminal", lambda: False)
            signal.raise_signal(signal.SIGHUP)
            await asyncio.sleep(0.05)
            assert (looked, one.draining) == (["looked"], True)

    before = signal.getsignal(signal.SIGHUP)
    asyncio.run(hang_up())
    assert signal.getsignal(signal.SIGHUP) == before
