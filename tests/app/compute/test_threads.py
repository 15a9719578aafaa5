import gc
import threading
import weakref
from functools import partial

import pytest

from app.compute.threads import Threads


def held(threads: Threads, *, brief: bool) -> threading.Event:
    """Keep a thread busy until an event is set."""
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> bool:
        begun.set()
        return go_on.wait(60)

    threads.submit(hold, due=0, brief=brief)
    assert begun.wait(60)
    return go_on


def test_brief_work_does_not_overtake_long_work_that_is_due_before() -> None:
    threads = Threads(1)
    of_all = held(threads, brief=False)
    of_brief = held(threads, brief=True)
    done: list[str] = []
    brief = threads.submit(lambda: done.append("brief"), due=2, brief=True)
    long = threads.submit(lambda: done.append("long"), due=1, brief=False)
    of_all.set()
    brief.result(60)
    long.result(60)
    of_brief.set()
    threads.close()
    assert done == ["long", "brief"]


class Body:
    """What a function reads."""


def test_what_failed_holds_nothing_once_its_error_is_let_go() -> None:
    threads = Threads(1)
    body = Body()
    held_body = weakref.ref(body)

    def refuse(read: Body) -> None:
        raise ValueError(read)

    gc.disable()
    try:
        with pytest.raises(ValueError, match="Body"):
            threads.submit(partial(refuse, body), due=0, brief=True).result(60)
        del body
        # The thread lets go of the work after it has told the result.
        threads.close()
        assert held_body() is None
    finally:
        gc.enable()
