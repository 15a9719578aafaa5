"""Large bodies are read in threads: while these are held, the event loop answers everybody else."""

import asyncio
import threading
from functools import partial

import httpx

from app.loaded import Loaded
from app.main import create_app
from app.operations.metrics import Metrics
from app.settings import Settings
from bench import attacks
from bench.attacks import JSON, Attack
from tests.asgi import ask

SIZE = 400_000
MINUTE = 60.0
"""After which what is waited for does not come."""
IDS = b'{"maxlen":1,"sequences":[' + b",".join([b"[%s]" % b",".join([b"12345"] * 50)] * 500) + b"]}"
TEXTS = b'{"texts":["' + b"a " * SIZE + b'"]}'
BODIES = {
    **attacks.wrong(SIZE),
    **attacks.large(SIZE),
    "ids": Attack("/pad", JSON, IDS, 200),
    "a text to tokenize": Attack("/tokenize", JSON, TEXTS, 200),
}


def test_large_bodies_are_read_in_threads() -> None:
    loaded = Loaded.load(Settings(threads=1), Metrics())
    threads = loaded.compute._threads

    async def attacked(client: httpx.AsyncClient, attack: Attack) -> bool:
        """Send a body while all threads are held, and say whether it was answered nevertheless."""
        released = threading.Event()
        holding = []
        for brief in (False, True):  # in this order, as the thread for long work takes brief work too
            begun = threading.Event()
            holding.append(threads.submit(partial(hold, begun, released), due=0, brief=brief))
            assert await asyncio.to_thread(begun.wait, MINUTE)
        asked = asyncio.create_task(client.post(attack.path, content=attack.body, headers=dict(attack.headers)))
        try:
            async with asyncio.timeout(MINUTE):
                while not (threads._brief or threads._long or asked.done()):  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.001)
            assert (await client.get("/health/live")).status_code == 200
            answered = asked.done()
        finally:
            released.set()
        assert (await asked).status_code in (attack.status, 200)  # a smaller one is taken
        for one in holding:
            await asyncio.wrap_future(one)
        return answered

    async def work(client: httpx.AsyncClient) -> list[str]:
        return [name for name, attack in BODIES.items() if await attacked(client, attack)]

    assert ask(create_app(loaded.settings, loaded), work) == []


def hold(begun: threading.Event, released: threading.Event) -> None:
    begun.set()
    assert released.wait(MINUTE)
