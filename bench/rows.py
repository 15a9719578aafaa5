"""Rows that stream through the service: beside the command line, what memory they take, and how long others wait."""

import json
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from time import monotonic, perf_counter, sleep
from typing import Final

import psutil

from app.sentiment.classifier import Classifier
from bench.errors import BenchError
from bench.figures import Figure, Result
from bench.options import Options
from bench.paths import ROOT
from bench.processes import Tree, python_module, run
from bench.rounds import interleave
from bench.servers import PATH, free_port
from bench.streams import Rows, blocks
from bench.texts import Writer

REVIEWS: Final = 25_000
ROWS: Final = 1_000_000
STREAMS: Final = 2
ROUNDS: Final = 3
SHORT_SECONDS: Final = 10.0
PAUSE: Final = 0.005
"""Seconds between two short texts."""
START_SECONDS: Final = 60.0
MEGABYTE: Final = 1e6
CLIENT: Final = "bench.streams"
TEXT: Final = "A fine film with lovely actors, and a story that moves."

METHOD: Final = (
    "{reviews:,} made-up reviews as NDJSON, classified by `python -m app classify` from the start of the process to "
    "its end, and through one connection of the service: they take turns, and the best of {rounds} rounds counts. "
    "Then {rows:,} short rows through one connection, with the memory of the worker from the first thousand answers "
    "on. Then a short text again and again, for {seconds:.0f} s, with nothing beside it and while {streams} clients "
    "stream reviews, each in a process of its own: they take turns, and the median of {rounds} rounds counts."
)


def measure(options: Options) -> Result:
    """Measure rates, memory and waits."""
    rounds = min(ROUNDS, options.rounds)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        writer = Writer(Classifier(options.model).tokenizer.words)
        lines = [json.dumps({"text": text}).encode() + b"\n" for text in writer.reviews(REVIEWS)]
        source = folder / "reviews.ndjson"
        source.write_bytes(b"".join(lines))
        with _service(options, folder) as (port, pid):
            rates = interleave(
                {
                    "command": lambda: REVIEWS / _command(options, source, folder / "labelled.ndjson"),
                    "service": lambda: REVIEWS / _stream(port, lines),
                },
                rounds,
            )
            growth, rate = _million(port, pid)
            options.say(f"{rate:,.0f} short rows/s")
            waits = interleave({"alone": lambda: _short(port), "beside": lambda: _beside(port, source)}, rounds)
    best = {name: max(found) for name, found in rates.items()}
    wait = {name: median(found) * 1000 for name, found in waits.items()}
    return Result(
        METHOD.format(reviews=REVIEWS, rounds=rounds, rows=ROWS, seconds=SHORT_SECONDS, streams=STREAMS),
        [
            Figure("one connection / python -m app classify", best["service"] / best["command"], at_least=0.85),
            Figure("memory gained while a million rows pass", growth / MEGABYTE, "MB", below=30),
            Figure("99 % of short texts alone within", wait["alone"], "ms"),
            Figure("99 % of short texts beside two streams within", wait["beside"], "ms", below=10),
        ],
    )


@contextmanager
def _service(options: Options, folder: Path) -> Iterator[tuple[int, int]]:
    """Start the service; give its port and the number of its process."""
    port = free_port()
    own = ["--models-dir", str(options.model.parent), "--default-model", options.model.name, "--log-level", "warning"]
    tree = Tree(python_module("app", "serve", "--port", str(port), *own), folder / "log")
    try:
        deadline = monotonic() + START_SECONDS
        while not _is_ready(port):
            tree.check()
            if monotonic() > deadline:
                raise BenchError("The service did not start.")
            sleep(0.05)
        yield port, tree.pid
    finally:
        tree.end()


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _command(options: Options, source: Path, output: Path) -> float:
    own = ["--models-dir", str(options.model.parent), "--model", options.model.name]
    start = perf_counter()
    run(python_module("app", "classify", "--file", str(source), "--output", str(output), *own))
    seconds = perf_counter() - start
    options.say(f"python -m app classify: {REVIEWS / seconds:,.0f} reviews/s")
    return seconds


def _stream(port: int, lines: list[bytes]) -> float:
    """Send rows, and return the seconds until all are answered."""
    start = perf_counter()
    rows = Rows(port)

    def send() -> None:
        for block in blocks(lines):
            rows.send(block)
        rows.end()

    threading.Thread(target=send, daemon=True).start()
    count = max(rows.answers())
    rows.close()
    # A name may be cut by the end of a block that was received; of many thousands, some are.
    if count < len(lines) * 0.99:
        raise BenchError(f"Of {len(lines):,} rows {count:,} were answered.")
    return perf_counter() - start


def _million(port: int, pid: int) -> tuple[float, float]:
    """Send a million short rows; return the bytes of memory gained, and the rows a second."""
    block = (json.dumps({"text": TEXT}).encode() + b"\n") * 500
    rows, process = Rows(port), psutil.Process(pid)

    def send() -> None:
        for _ in range(ROWS // 500):
            rows.send(block)
        rows.end()

    start = perf_counter()
    threading.Thread(target=send, daemon=True).start()
    first, most, looked = 0, 0, 0.0
    for count in rows.answers():
        if count >= 1_000 and perf_counter() - looked > 0.5:
            looked = perf_counter()
            resident = process.memory_info().rss
            first = first or resident
            most = max(most, resident)
    rows.close()
    return most - first, ROWS / (perf_counter() - start)


def _short(port: int) -> float:
    """Classify a short text again and again; return the seconds within which 99 % were answered."""
    body = json.dumps({"text": TEXT}).encode()
    head = [
        f"POST {PATH} HTTP/1.1",
        "Host: a",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "",
        "",
    ]
    request = "\r\n".join(head).encode() + body
    found = []
    end = monotonic() + SHORT_SECONDS
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        while monotonic() < end:
            start = perf_counter()
            # In one piece, as browsers and curl send what is small; http.client wakes the service once more.
            connection.sendall(request)
            answer = connection.recv(2**16)
            found.append(perf_counter() - start)
            if not answer.startswith(b"HTTP/1.1 200 ") or not answer.endswith(b"}"):
                raise BenchError(f"The service answered {answer[:100]!r}.")
            sleep(PAUSE)
    return quantiles(found, n=100)[-1]


def _beside(port: int, source: Path) -> float:
    with _streaming(port, source):
        return _short(port)


@contextmanager
def _streaming(port: int, source: Path) -> Iterator[None]:
    """Have clients stream rows meanwhile, each in a process of its own."""
    command = python_module(CLIENT, str(port), str(source))
    with ExitStack() as stack:
        for _ in range(STREAMS):
            client = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
            stack.enter_context(client)
            stack.callback(_end, client)
            if client.stdout is None or client.stdout.readline() != "busy\n":
                raise BenchError("A client that streams was not answered.")
        yield


def _end(client: "subprocess.Popen[str]") -> None:
    client.communicate()
    if client.returncode:
        raise BenchError("A client that streams was not answered to the end.")
