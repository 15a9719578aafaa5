"""One client's dear or many requests: the others are answered, and soon."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest

from tests.e2e.conftest import Service, serving
from tests.hostile.asking import JSON, client_at

ATTACKER, NEIGHBOUR = "127.0.0.2", "127.0.0.3"
DEAR = {"text": "a! " * 500, "explain": True, "model": "sentiment-lecture"}
BATCH = {"texts": ["This film was long, but I did like some of it."] * 200}
SENTENCE = {"text": "A wonderful film, I loved every moment.", "explain": True}


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("admission") / "log.jsonl") as running:
        httpx.post(f"{running.url}/sentiment", json=SENTENCE)
        yield running


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that takes little work at once."""
    with serving(tmp_path_factory.mktemp("admission") / "log.jsonl", MAX_WAITING_SECONDS="4") as running:
        httpx.post(f"{running.url}/sentiment", json=SENTENCE)
        yield running


def attacking(service: Service, clients: int, ask: Callable[[httpx.Client], int], seconds: float) -> list[int]:
    """Ask again and again from many connections; return the statuses."""
    end = time.perf_counter() + seconds
    statuses: list[int] = []

    def one(client: httpx.Client) -> None:
        while time.perf_counter() < end:
            status = ask(client)
            statuses.append(status)
            if status != 200:
                time.sleep(0.1)

    with client_at(service, ATTACKER) as client:
        threads = [threading.Thread(target=one, args=(client,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return statuses


def test_dear_requests_of_one_client_neither_refuse_nor_delay_others(service: Service) -> None:
    def ask(client: httpx.Client) -> int:
        return client.post("/sentiment", json=DEAR).status_code

    with ThreadPoolExecutor(1) as pool, client_at(service, NEIGHBOUR) as neighbour:
        attack = pool.submit(attacking, service, 34, ask, 4)
        time.sleep(1)
        took = {"/sentiment": 0.0, "/sentiment/batch": 0.0}
        while not attack.done():
            for path, body in (("/sentiment", SENTENCE), ("/sentiment/batch", BATCH)):
                start = time.perf_counter()
                assert neighbour.post(path, json=body).status_code == 200
                took[path] = max(took[path], time.perf_counter() - start)
    assert {200, 429} == set(attack.result())
    assert took["/sentiment"] < 1
    assert took["/sentiment/batch"] < 1.5


def test_single_texts_are_admitted_too(small: Service) -> None:
    text = {"text": "a word or two of " * 250}

    def ask(client: httpx.Client) -> int:
        return client.post("/sentiment", json=text).status_code

    with ThreadPoolExecutor(1) as pool, client_at(small, NEIGHBOUR) as neighbour:
        attack = pool.submit(attacking, small, 60, ask, 3)
        time.sleep(1)
        statuses = {neighbour.post("/sentiment", json={"text": "a fine film"}).status_code for _ in range(5)}
    assert {200, 429} == set(attack.result())
    assert statuses == {200}


def test_who_comes_back_when_told_is_answered(small: Service) -> None:
    texts = ["This film was long, but I did like some of it. " * 60] * 600
    with client_at(small, ATTACKER) as client, ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/sentiment/batch", json={"texts": texts})
        time.sleep(0.3)
        refused = client.post("/sentiment/batch", json={"texts": texts[:500]})
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        time.sleep(int(refused.headers["retry-after"]))
        assert client.post("/sentiment/batch", json={"texts": texts[:500]}).status_code == 200
        assert first.result().status_code == 200


def test_work_of_a_client_that_hung_up_is_dropped(service: Service) -> None:
    process = psutil.Process(service.process.pid)
    body = {"texts": ["This film was long, but I did like some of it. " * 20] * 8_000}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{service.url}/sentiment/batch", json=body, headers=JSON, timeout=httpx.Timeout(20, read=0.7))
    time.sleep(0.3)
    before = process.cpu_times().user
    time.sleep(1.5)
    assert process.cpu_times().user - before < 0.5
