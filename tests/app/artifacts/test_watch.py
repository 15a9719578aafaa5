import queue
import threading

import pytest

from app.artifacts import watch
from app.artifacts.watch import ModelWatch

SECONDS = 30
"""After which what is waited for does not come."""


class Reload:
    """Notes how it is called, and by which thread."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: queue.Queue[bool] = queue.Queue()
        self.threads: set[str] = set()
        self._error = error

    def __call__(self, at_once: bool) -> bool:
        self.threads.add(threading.current_thread().name)
        self.calls.put(at_once)
        if self._error:
            raise self._error
        return True


def test_it_looks_every_so_often_in_a_thread_of_its_own() -> None:
    reload = Reload()
    before = set(threading.enumerate())  # other tests serve in this process
    with ModelWatch(0.01).watching(reload):
        assert [reload.calls.get(timeout=SECONDS) for _ in range(3)] == [False] * 3
    assert reload.threads == {watch.NAME}
    assert set(threading.enumerate()) <= before


def test_it_looks_when_told_and_takes_what_is_there_for_complete() -> None:
    reload = Reload()
    models = ModelWatch(0)
    with models.watching(reload):
        with pytest.raises(queue.Empty):
            reload.calls.get(timeout=0.1)
        models.look_now()
        assert reload.calls.get(timeout=SECONDS) is True
    assert reload.calls.empty()


def test_an_error_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    reload = Reload(RuntimeError("broken"))
    with ModelWatch(0.01).watching(reload):
        for _ in range(3):
            reload.calls.get(timeout=SECONDS)
    assert "The models cannot be looked for." in caplog.text
