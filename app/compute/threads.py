"""Threads that do the most urgent work first."""

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from typing import Any, Final, TypeVar

from app.priority import step_back

Result = TypeVar("Result")

_Job = tuple[float, int, list[Callable[[], Any]], "Future[Any]"]
"""When it is due, its number, what is to be called unless it was cancelled, and its result to come."""
NAME: Final = "compute"


class Threads:
    """Threads for all work, and one more for brief work alone, which so never waits for a long piece to end."""

    def __init__(self, number: int) -> None:
        """Make the pool; its threads start with the first piece of work.

        Args:
            number: Threads for all work.
        """
        self._number = number
        self._brief: list[_Job] = []
        self._long: list[_Job] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def submit(self, function: Callable[[], Result], *, due: float, brief: bool) -> "Future[Result]":
        """Have a function called.

        Args:
            function: What to call.
            due: What is due first is done first.
            brief: Whether it takes little time.

        Returns:
            Its result to come. It can be cancelled until the function is called.
        """
        future: Future[Result] = Future()
        with self._changed:
            if not self._threads:
                self._start()
            box = [function]
            heapq.heappush(self._brief if brief else self._long, (due, next(self._numbers), box, future))
            self._changed.notify_all()
        # What is cancelled waits for its turn all the same, but without what it would have read.
        future.add_done_callback(lambda done: box.clear() if done.cancelled() else None)
        return future

    def close(self) -> None:
        """Do what is waiting, and wait for the threads to end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        for index in range(self._number + 1):
            brief_only = index == self._number
            name = f"{NAME}-{'brief' if brief_only else index}"
            self._threads.append(threading.Thread(target=self._work, args=(brief_only,), name=name, daemon=True))
        for thread in self._threads:
            thread.start()

    def _work(self, brief_only: bool) -> None:
        if not brief_only:
            step_back()
        while (job := self._next(brief_only)) is not None:
            _, _, box, future = job
            if future.set_running_or_notify_cancel():
                _call(box.pop(), future)
            del job, box, future

    def _next(self, brief_only: bool) -> _Job | None:
        with self._changed:
            while True:
                heaps = [heap for heap in (self._brief, None if brief_only else self._long) if heap]
                if heaps:
                    return heapq.heappop(min(heaps, key=lambda heap: heap[0][:2]))
                if self._closed:
                    return None
                self._changed.wait()


def _call(function: Callable[[], Result], future: "Future[Result]") -> None:
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - whatever it is, who waits is told
        future.set_exception(error)
    else:
        future.set_result(result)
    finally:
        # The error knows this frame by its traceback, and so would keep itself and all that the function read.
        del function, future
