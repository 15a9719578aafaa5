import asyncio
import threading

import pytest

from app.compute import Workers
from app.http.problems import Problem


def test_work_is_done_in_a_thread_of_the_pool() -> None:
    workers = Workers(threads=1, max_pending=1)
    name = asyncio.run(workers.run(lambda: threading.current_thread().name))
    workers.close()
    assert name.startswith("worker")


def test_places_are_given_back() -> None:
    workers = Workers(threads=1, max_pending=2)
    with workers.place(), workers.place():
        assert workers.pending == 2
    with pytest.raises(ZeroDivisionError), workers.place():
        _ = 1 / 0
    assert workers.pending == 0
    workers.close()


def test_who_finds_no_place_is_told_when_to_come_again() -> None:
    workers = Workers(threads=1, max_pending=1)
    with workers.place(), pytest.raises(Problem) as caught, workers.place():
        pass
    workers.close()
    assert caught.value.status == 503
    assert caught.value.headers == {"Retry-After": "1"}
