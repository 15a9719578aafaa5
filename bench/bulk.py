"""Many reviews through Ray on this machine, beside the command without it, and what dies on the way."""

import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from app.sentiment.tokenizer import Tokenizer
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.processes import Tree, python_module, run
from bench.texts import Writer

COPIES: Final = 10
"""Times that the test set is classified."""
KILLS: Final = 20
KILLED_ROWS: Final = 6_000
"""Reviews of a run in which an actor is killed."""
FILES: Final = 30
MADE_UP: Final = 25_000
GIGABYTE: Final = 1e9
TOLERANCE: Final = 1e-6
LIMIT: Final = 3600.0
PREFIX: Final = "predicted_"

METHOD: Final = (
    "{rows:,} reviews in a Parquet file, classified with `{model}` by `python -m app classify` into another one, from "
    "the start of the process to its end, and by `python -m app classify --ray` into a folder, from when the first "
    "actor begins, as it says itself. Memory is the sum of the resident sets of all its processes, at most, which "
    "counts what they share more than once. Then {kills} runs with {killed:,} reviews in {files} files, in each of "
    "which an actor is killed with SIGKILL once the first part is there."
)


def measure(options: Options) -> Result:
    """Measure.

    Raises:
        BenchError: Ray is not installed, or a run fails.
    """
    return measure_bulk(options, COPIES, KILLS)


def measure_bulk(options: Options, copies: int, kills: int) -> Result:
    """Do so with the test set so many times over, and so many runs in which an actor is killed."""
    if find_spec("ray") is None:
        raise BenchError("Ray is not installed; `make test-ray` installs it: .venv-ray/bin/python -m bench bulk")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        reviews = _reviews(options)
        source = folder / "reviews.parquet"
        rows = len(reviews) * copies
        table = pa.table({"id": range(rows), "text": reviews * copies})
        pq.write_table(table, source)
        plain = _plain(options, source, folder / "plain.parquet")
        options.say(f"python -m app classify: {rows / plain:,.0f} reviews/s")
        rate, memory = _with_ray(options, source, folder / "parts")
        options.say(f"with --ray: {rate:,.0f} reviews/s, {memory / GIGABYTE:.1f} GB")
        labels, difference = _compare(folder / "plain.parquet", folder / "parts", rows)
        wrong = sum(_killed(options, table.slice(0, KILLED_ROWS), folder / "killed") for _ in range(kills))
    figures = [
        Figure("reviews a second with --ray / without", rate / (rows / plain), at_least=0.9),
        Figure("labels that differ", labels, "", exactly=0),
        Figure("largest difference of a score", difference, "", below=2 * TOLERANCE),
        Figure("memory of all processes", memory / GIGABYTE, "GB", below=4),
        Figure(f"rows lost or doubled in {kills} runs with an actor killed", wrong, "", exactly=0),
    ]
    method = METHOD.format(rows=rows, model=options.model.name, kills=kills, killed=min(KILLED_ROWS, rows), files=FILES)
    return Result(method, figures, [Table("reviews a second", {"all": {"--ray": rate, "without": rows / plain}})])


def _reviews(options: Options) -> list[str]:
    test = options.data / "test.parquet"
    if test.is_file():
        found: list[str] = pq.read_table(test, columns=["text"])["text"].to_pylist()
        return found
    return list(Writer(Tokenizer.load(options.model / "tokenizer.json").words).reviews(MADE_UP))


def _model(options: Options) -> list[str]:
    return ["--models-dir", str(options.model.parent), "--model", options.model.name, "--prefix", PREFIX]


def _plain(options: Options, source: Path, output: Path) -> float:
    start = perf_counter()
    run(python_module("app", "classify", "--file", str(source), "--output", str(output), *_model(options)))
    return perf_counter() - start


def _started(options: Options, source: Path, output: Path) -> Tree:
    log = output.with_name(f"{output.name}.log")
    return Tree(
        python_module("app", "classify", "--ray", "--file", str(source), "--output", str(output), *_model(options)), log
    )


def _watched(tree: Tree) -> Iterator[list[psutil.Process]]:
    """Give the processes of a run again and again until it ends.

    Raises:
        BenchError: It takes too long.
    """
    first = psutil.Process(tree.pid)
    begun = perf_counter()
    while first.is_running() and first.status() != psutil.STATUS_ZOMBIE:
        if perf_counter() - begun > LIMIT:
            raise BenchError("`python -m app classify --ray` does not end.")
        with suppress(psutil.NoSuchProcess):
            yield [first, *first.children(recursive=True)]
        sleep(0.05)


def _with_ray(options: Options, source: Path, output: Path) -> tuple[float, int]:
    """Return the rows a second that the command tells, and the bytes of memory that it took at most."""
    tree, most = _started(options, source, output), 0
    try:
        for processes in _watched(tree):
            most = max(most, sum(map(_resident, processes)))
        said = tree.last_words()
    finally:
        tree.end()
    rate = re.search(r"([\d,]+) rows a second", said)
    if rate is None:
        raise BenchError(f"`python -m app classify --ray` failed: {said}")
    return float(rate[1].replace(",", "")), most


def _resident(process: psutil.Process) -> int:
    try:
        size: int = process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return size


def _compare(plain: Path, parts: Path, rows: int) -> tuple[int, float]:
    """Return how many labels differ, and the largest difference of a score.

    Raises:
        BenchError: A row is missing or there twice.
    """
    found = _read(parts)
    wanted = pq.read_table(plain).sort_by("id")
    if found["id"].to_pylist() != list(range(rows)):
        raise BenchError("With --ray, rows are lost or doubled.")
    labels = zip(found[f"{PREFIX}label"].to_pylist(), wanted[f"{PREFIX}label"].to_pylist(), strict=True)
    scores = zip(found[f"{PREFIX}score"].to_pylist(), wanted[f"{PREFIX}score"].to_pylist(), strict=True)
    differences = [abs(one - other) for one, other in scores if one is not None and other is not None]
    return sum(one != other for one, other in labels), max(differences, default=0.0)


def _read(parts: Path) -> Any:
    return pa.concat_tables([pq.read_table(path) for path in sorted(parts.glob("*.parquet"))]).sort_by("id")


def _killed(options: Options, table: Any, folder: Path) -> int:
    """Kill an actor of a run, and return how many rows are lost or doubled."""
    shutil.rmtree(folder, ignore_errors=True)
    source, output = folder / "in", folder / "out"
    source.mkdir(parents=True)
    rows = table.num_rows
    for number in range(FILES):
        start, stop = rows * number // FILES, rows * (number + 1) // FILES
        pq.write_table(table.slice(start, stop - start), source / f"{number:03}.parquet")
    tree, killed = _started(options, source, output), False
    try:
        for processes in _watched(tree):
            if not killed and output.exists() and any(output.glob("*.parquet")):
                killed = _kill_actor(processes)
        said = tree.last_words()
    finally:
        tree.end()
    if not killed or not (output / "_SUCCESS").exists():
        raise BenchError(f"A run with an actor killed did not succeed: {said}")
    found = _read(output)["id"].to_pylist()
    options.say(f"an actor killed: {len(found):,} rows of {rows:,}")
    return len(set(range(rows)) - set(found)) + len(found) - len(set(found))


def _kill_actor(processes: list[psutil.Process]) -> bool:
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if "MapWorker" in " ".join(process.cmdline()):
                process.send_signal(signal.SIGKILL)
                return True
    return False
