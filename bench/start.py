"""From the start of the process to ready, and the memory of one worker."""

import tempfile
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
PATIENCE: Final = 60.0
MEGABYTE: Final = 1e6

METHOD: Final = (
    "`python -m app serve`, one worker, every model of the models folder: from the start of the process to the first "
    "200 of `/health/ready`, asked for every 5 ms, and its resident memory after {requests} requests with texts as "
    "long as reviews are. The median of {runs} runs."
)


def measure(options: Options) -> Result:
    """Start the service a few times."""
    runs = min(RUNS, options.rounds)
    texts = list(Writer(Tokenizer.load(options.model / "tokenizer.json").words).reviews(REQUESTS))
    found = [_start(options, texts) for _ in range(runs)]
    return Result(
        METHOD.format(requests=REQUESTS, runs=runs),
        [
            Figure("start to ready", median(seconds for seconds, _ in found), "s", below=2),
            Figure("resident memory of a worker", median(size for _, size in found) / MEGABYTE, "MB", below=200),
        ],
    )


def _start(options: Options, texts: list[str]) -> tuple[float, int]:
    """Start the service once and return the seconds to ready and the bytes of memory after the requests."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        start = perf_counter()
        tree = Tree(python_module("app", "serve", "--port", str(port)), Path(folder) / "log")
        try:
            _wait(client, tree)
            seconds = perf_counter() - start
            for text in texts:
                client.post(PATH, json={"text": text}).raise_for_status()
            size = tree.resident_bytes()
        finally:
            tree.end()
    options.say(f"ready after {seconds:.2f} s, {size / MEGABYTE:.0f} MB")
    return seconds, size


def _wait(client: httpx.Client, tree: Tree) -> None:
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        tree.check()
        try:
            if client.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        sleep(0.005)
    raise BenchError(f"The service was not ready within {PATIENCE:.0f} s.")
