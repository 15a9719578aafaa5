"""From the start of the process to ready, and the memory of one worker."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import Final

import httpx

from app.sentiment.tokenizer import Tokenizer
from bench.errors import BenchError
from bench.figures import Figure, Result
from bench.options import Options
from bench.processes import Tree, python_module
from bench.servers import PATH, free_port
from bench.texts import Writer

RUNS: Final = 5
REQUESTS: Final = 500
START_SECONDS: Final = 60.0
ANALOGIES: Final = "/analogies"
MEGABYTE: Final = 1e6

WORKERS: Final = 2
"""Workers of the service whose private memory is measured: what they share then is not private."""

METHOD: Final = (
    "`python -m app serve`, one worker, every model and vector space of the models folder: from the start of the "
    "process to the first 200 of `/health/ready`, asked for every 5 ms, and its resident memory after {requests} "
    "requests with texts as long as reviews are. The median of {runs} runs. Then, once, with {workers} workers and "
    "{requests} analogies besides, the memory that the larger worker has to itself (USS)."
)


def measure(options: Options) -> Result:
    """Start the service a few times."""
    runs = min(RUNS, options.rounds)
    words = Tokenizer.load(options.model / "tokenizer.json").words
    texts = list(Writer(words).reviews(REQUESTS))
    found = [_start(options, texts) for _ in range(runs)]
    private = _private(options, texts, words[:REQUESTS])
    return Result(
        METHOD.format(requests=REQUESTS, runs=runs, workers=WORKERS),
        [
            Figure("start to ready", median(seconds for seconds, _ in found), "s", below=2),
            Figure("resident memory of a worker", median(size for _, size in found) / MEGABYTE, "MB", below=200),
            Figure("memory private to a worker", private / MEGABYTE, "MB", below=150),
        ],
    )


def _start(options: Options, texts: list[str]) -> tuple[float, int]:
    """Start the service once and return the seconds to ready and the bytes of memory after the requests."""
    start = perf_counter()
    with _service(workers=1) as (client, tree):
        seconds = perf_counter() - start
        for text in texts:
            client.post(PATH, json={"text": text}).raise_for_status()
        size = tree.resident_bytes()
    options.say(f"ready after {seconds:.2f} s, {size / MEGABYTE:.0f} MB")
    return seconds, size


def _private(options: Options, texts: Sequence[str], words: Sequence[str]) -> int:
    """Return the bytes that the larger of some workers has to itself after requests of every kind."""
    with _service(workers=WORKERS) as (client, tree):
        for text, word in zip(texts, words, strict=True):
            client.post(PATH, json={"text": text}).raise_for_status()
            # Without keep-alive, so that the workers share the requests.
            client.post(ANALOGIES, json={"positive": [word]}, headers={"Connection": "close"})
        sizes = tree.private_bytes()
    options.say("private to the processes: " + ", ".join(f"{size / MEGABYTE:.0f} MB" for size in sizes))
    return max(sizes[1:])


@contextmanager
def _service(workers: int) -> Iterator[tuple[httpx.Client, Tree]]:
    """Start the service and wait until it is ready."""
    port = free_port()
    command = python_module("app", "serve", "--port", str(port), "--workers", str(workers))
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        tree = Tree(command, Path(folder) / "log")
        try:
            _wait(client, tree)
            yield client, tree
        finally:
            tree.end()


def _wait(client: httpx.Client, tree: Tree) -> None:
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        tree.check()
        try:
            if client.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        sleep(0.005)
    raise BenchError(f"The service was not ready within {START_SECONDS:.0f} s.")
