"""The service against itself: another revision, and what a middleware, FastAPI's own way or tracing cost."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import product
from pathlib import Path
from time import perf_counter
from typing import Final

from app.sentiment.tokenizer import Tokenizer
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.over_http import CONNECTIONS, WORDS, Found, case, load, rate, write_scripts
from bench.paths import ROOT
from bench.processes import python_module, run
from bench.rounds import interleave
from bench.servers import SERVICE, Contender, service, started, two_cores
from bench.texts import Writer

BEFORE: Final = "the other revision"
MIDDLEWARE: Final = "a middleware added"
PLAIN: Final = "without the fast path"
TRACED: Final = "service with telemetry"
STARTS: Final = 11
MEGABYTE: Final = 1e6
FIRST: Final = {"text": "A first text."}

METHOD: Final = (
    "This checkout against revision `{revision}`, both under the same Python with the same packages, and against "
    "itself with a middleware that does nothing, without the fast path (FastAPI's own way), and with every request "
    "and its steps traced, whose spans are encoded but sent nowhere. wrk on one core, each server with one worker "
    "pinned to another; those that are not measured are held still. They take turns, {rounds} rounds of {seconds} s; "
    "requests a second are those of the best round, processor time a request that of the least. Start is from the "
    "process to the first answer, the least of {starts}, in turns."
)


def measure(options: Options) -> Result:
    """Measure all of them with short and long texts, on one connection and on many.

    Raises:
        BenchError: No revision is named, or there is no such one.
    """
    if options.revision is None:
        raise BenchError("Name the revision to compare with: --revision REV.")
    server_core, load_core = two_cores()
    writer = Writer(Tokenizer.load(options.model / "tokenizer.json").words)
    with tempfile.TemporaryDirectory(prefix="bench-") as name, checkout(options.revision, Path(name)) as other:
        folder = Path(name)
        scripts = write_scripts(writer, folder)
        contenders = [
            service(SERVICE, options.model),
            # Its own models: those of this checkout may be more than it can read.
            service(BEFORE, other / "models" / options.model.name, folder=other),
            _variant(MIDDLEWARE, "middleware", options.model),
            _variant(PLAIN, "plain", options.model),
            _variant(TRACED, "traced", options.model),
        ]
        starts = _starts(contenders[:2], server_core, folder, options)
        with started(contenders, server_core, folder, FIRST) as servers:
            found = {
                (words, connections): case(
                    servers, partial(load, scripts[words], connections, options=options, core=load_core), options
                )
                for words, connections in product(WORDS, CONNECTIONS)
            }
            memory = {server.contender.name: server.resident_bytes() / MEGABYTE for server in servers}
    method = METHOD.format(
        revision=options.revision, rounds=options.rounds, seconds=options.seconds, starts=len(starts[SERVICE])
    )
    return Result(method, _figures(found, starts, memory), _tables(found))


@contextmanager
def checkout(revision: str, folder: Path) -> Iterator[Path]:
    """Check a revision out beside the repository for the block.

    Raises:
        BenchError: There is no such revision.
    """
    path = folder / "checkout"
    git = ["git", "-C", str(ROOT), "worktree"]
    run([*git, "add", "--detach", str(path), revision])
    try:
        yield path
    finally:
        run([*git, "remove", "--force", str(path)])


def _variant(name: str, variant: str, model: Path) -> Contender:
    return Contender(name, python_module("bench.peers.variants", variant, "{port}", str(model)))


def _starts(contenders: list[Contender], core: int, folder: Path, options: Options) -> dict[str, list[float]]:
    def start(contender: Contender) -> float:
        begun = perf_counter()
        with started([contender], core, folder, FIRST):
            return perf_counter() - begun

    return interleave({one.name: partial(start, one) for one in contenders}, STARTS if options.rounds > 1 else 1)


def _figures(found: Found, starts: Mapping[str, list[float]], memory: Mapping[str, float]) -> list[Figure]:
    def label(words: int, connections: int) -> str:
        return f"{words} words, {connections} connection{'s' * (connections > 1)}"

    ratios = [
        Figure(
            f"service / {peer}, {label(*key)}",
            rate(turns[SERVICE]) / rate(turns[peer]),
            at_least=0.9 if peer == BEFORE else None,
        )
        for peer in (BEFORE, MIDDLEWARE, PLAIN, TRACED)
        for key, turns in found.items()
    ]
    return [
        *ratios,
        Figure(f"start: service / {BEFORE}", min(starts[SERVICE]) / min(starts[BEFORE]), below=1.1),
        Figure(f"memory: service / {BEFORE}", memory[SERVICE] / memory[BEFORE], below=1.05),
    ]


def _tables(found: Found) -> list[Table]:
    rates, times = {}, {}
    for (words, connections), turns in found.items():
        label = f"{words} words, {connections} connection{'s' * (connections > 1)}"
        rates[label] = {name: rate(some) for name, some in turns.items()}
        times[label] = {name: min(turn.processor for turn in some) for name, some in turns.items()}
    return [Table("requests a second", rates), Table("processor time a request, µs", times)]
