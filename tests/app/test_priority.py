"""Threads that do long work step back behind that of the event loop."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.compute.threads import Threads
from app.priority import STEP, step_back

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_a_thread_steps_back_alone() -> None:
    before = niceness()
    with ThreadPoolExecutor(1, initializer=step_back) as pool:
        assert pool.submit(niceness).result() == min(before + STEP, 19)
    assert niceness() == before


def test_long_work_steps_back_and_brief_work_does_not() -> None:
    threads = Threads(1)
    held, going = threading.Event(), threading.Event()

    def hold() -> int:
        going.set()
        held.wait(30)
        return niceness()

    long = threads.submit(hold, due=0, brief=False)
    assert going.wait(30)
    brief = threads.submit(niceness, due=0, brief=True)
    assert brief.result(30) == niceness()
    held.set()
    assert long.result(30) == min(niceness() + STEP, 19)
    threads.close()
