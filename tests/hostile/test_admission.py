"""One client's dear or many requests: the others are answered, and before them.

The server runs in this process, and what the attacker asks for is held in its threads: nothing depends on how fast the
machine is. What time others are answered in is measured by `python -m bench attacks`.
"""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.loaded import Loaded
from app.operations.metrics import Metrics
from app.sentiment import estimates
from app.sentiment.batching import DynamicBatcher
from app.sentiment.classifier import Classifier
from app.settings import Settings
from tests.conftest import running
from tests.hostile.raw import PATIENCE, post, until

ATTACKER, NEIGHBOUR = "127.0.0.2", "127.0.0.3"
THREADS = 2
HELD = "plot"
"""A text that begins so is not done before it is let go."""
LONG = {"text": "plot " * 80}
"""Four tenths of a second, as an estimate; a client may have five seconds of such work, and all together ten."""
LONG_OF_NEIGHBOUR = {"text": "cast " * 80}
AT_ONCE = 12
BRIEF = {"texts": ["film"] * 10}
SHORT = {"text": "film"}


class Held:
    """A running service, in which work of the attacker is held.

    Attributes:
        called: The texts that threads began to work on.
    """

    def __init__(self, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        values = {"models_dir": models_dir, "default_model": "sentiment-tiny", "port": 0, "threads": THREADS}
        self.settings = Settings.model_validate({**values, "max_waiting_seconds": 10})
        self.loaded = Loaded.load(self.settings, Metrics())
        self.called: list[str] = []
        self._released = threading.Event()
        monkeypatch.setattr(estimates, "SECONDS_A_CHARACTER", 0.001)
        classify, classify_all, classify_soon = Classifier.classify, Classifier.classify_all, DynamicBatcher.classify

        def held(model: Classifier, text: str) -> Any:
            self._hold(text)
            return classify(model, text)

        def all_held(model: Classifier, texts: Any) -> Any:
            self._hold(texts[0])
            return classify_all(model, texts)

        async def held_on_the_loop(batcher: DynamicBatcher, text: str, due: float = 0.0) -> Any:
            if text.startswith(HELD):
                await asyncio.to_thread(self._released.wait, PATIENCE)
            return await classify_soon(batcher, text, due)

        monkeypatch.setattr(Classifier, "classify", held)
        monkeypatch.setattr(Classifier, "classify_all", all_held)
        monkeypatch.setattr(DynamicBatcher, "classify", held_on_the_loop)

    def let_go(self) -> None:
        self._released.set()

    @property
    def waiting(self) -> float:
        """Estimated seconds of long work that is not done."""
        return self.loaded.compute.admission.long.seconds

    def _hold(self, text: str) -> None:
        self.called.append(text)
        if text.startswith(HELD):
            assert self._released.wait(PATIENCE)


@pytest.fixture
def held(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    found = Held(models_dir, monkeypatch)
    yield found
    found.let_go()
    found.loaded.compute.close()


Work = Callable[[httpx.AsyncClient, httpx.AsyncClient], Coroutine[Any, Any, None]]


def between(held: Held, work: Work) -> None:
    """Run the service, and do some work with a client at the attacker's address and one at the neighbour's."""

    def client_at(address: str, url: str) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(local_address=address, limits=httpx.Limits(max_connections=None))
        return httpx.AsyncClient(base_url=url, transport=transport, timeout=PATIENCE)

    async def run(url: str) -> None:
        async with client_at(ATTACKER, url) as attacker, client_at(NEIGHBOUR, url) as neighbour:
            try:
                async with asyncio.timeout(2 * PATIENCE):
                    await work(attacker, neighbour)
            finally:
                held.let_go()

    with running(held.settings, held.loaded) as url:
        asyncio.run(run(url))


async def soon(condition: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, condition)


Asked = list[asyncio.Task[httpx.Response]]


async def attack(client: httpx.AsyncClient, body: dict[str, Any], refused: int, admitted: int) -> tuple[Asked, Asked]:
    """Ask so often that so many are refused; return these, and those that are not answered yet."""
    going = [asyncio.create_task(client.post("/sentiment", json=body)) for _ in range(refused + admitted)]
    while sum(task.done() for task in going) < refused:
        await asyncio.wait([task for task in going if not task.done()], return_when=asyncio.FIRST_COMPLETED)
    done = [task for task in going if task.done()]
    for task in done:
        answer = task.result()
        assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
        assert int(answer.headers["retry-after"]) >= 1
    return done, [task for task in going if not task.done()]


async def statuses(tasks: Asked) -> set[int]:
    return {answer.status_code for answer in await asyncio.gather(*tasks)}


def test_dear_requests_of_one_client_neither_refuse_nor_delay_others(held: Held) -> None:
    async def work(attacker: httpx.AsyncClient, neighbour: httpx.AsyncClient) -> None:
        refused, admitted = await attack(attacker, LONG, 8, AT_ONCE)
        for path, body in (
            ("/sentiment", SHORT),
            ("/sentiment", {**SHORT, "explain": True}),
            ("/sentiment/batch", BRIEF),
            ("/sentiment/batch", {**BRIEF, "explain": True}),
        ):
            assert (await neighbour.post(path, json=body)).status_code == 200
        waiting = held.waiting
        late = asyncio.create_task(neighbour.post("/sentiment", json=LONG_OF_NEIGHBOUR))
        await soon(lambda: held.waiting > waiting or late.done())
        assert not late.done()  # nor is its long work refused
        assert (len(refused), len(admitted)) == (8, AT_ONCE)
        assert not any(task.done() for task in admitted)
        held.let_go()
        assert await statuses([late, *admitted]) == {200}
        # There is room for who comes back.
        assert (await attacker.post("/sentiment", json=LONG)).status_code == 200

    between(held, work)


def test_what_a_client_may_have_is_not_what_all_may_have(held: Held) -> None:
    async def work(attacker: httpx.AsyncClient, neighbour: httpx.AsyncClient) -> None:
        _, admitted = await attack(attacker, LONG, 1, AT_ONCE)
        going = [asyncio.create_task(neighbour.post("/sentiment", json=LONG)) for _ in range(AT_ONCE)]
        await soon(lambda: held.waiting >= 2 * AT_ONCE * 0.4)
        async with httpx.AsyncClient(base_url=neighbour.base_url, timeout=PATIENCE) as third:
            busy = await third.post("/sentiment", json=LONG)
        assert (busy.status_code, int(busy.headers["retry-after"]) >= 1) == (503, True)
        held.let_go()
        assert await statuses([*admitted, *going]) == {200}

    between(held, work)


def test_single_texts_are_admitted_too(held: Held) -> None:
    async def work(attacker: httpx.AsyncClient, neighbour: httpx.AsyncClient) -> None:
        _, admitted = await attack(attacker, {"text": HELD}, 20, 41)  # a sixth of a second of them
        assert (await neighbour.post("/sentiment", json=SHORT)).status_code == 200
        assert not any(task.done() for task in admitted)
        held.let_go()
        assert await statuses(admitted) == {200}
        assert (await attacker.post("/sentiment", json=SHORT)).status_code == 200

    between(held, work)


def test_work_of_a_client_that_hung_up_is_dropped(held: Held) -> None:
    texts = b'{"texts": ["' + b'", "'.join([b"plot " * 80] * 20) + b'"]}'
    with running(held.settings, held.loaded) as url:
        address = httpx.URL(url)
        with socket.create_connection((address.host, address.port or 0), timeout=PATIENCE) as connection:
            connection.sendall(post(texts).replace(b"/sentiment", b"/sentiment/batch", 1))
            until(lambda: len(held.called) == THREADS)
        until(lambda: held.waiting == 0)
        held.let_go()
        answer = httpx.post(f"{url}/sentiment", json=LONG_OF_NEIGHBOUR, timeout=PATIENCE)
        assert answer.status_code == 200
    assert len(held.called) == THREADS + 1
