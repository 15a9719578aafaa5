"""``python -m app classify --ray``: files of a folder or of an object store, classified by a Ray cluster."""

import argparse
import logging
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO, StringIO
from math import inf
from pathlib import Path
from typing import Any, Final

from app.cli.bulk.blocks import blocks
from app.cli.bulk.scorer import Job, Model, Outcome, Scorer
from app.cli.bulk.stores import PARTIAL, SUCCESS, Store, StoredFile, find, finds_below
from app.cli.scoring import COLUMN, bar, labels_of, load
from app.files.errors import InputError, reason
from app.files.tables import FORMATS, Format, format_of
from app.settings import Settings

HERE: Final = "local"
"""The address of a cluster of this machine alone, which is started and ended."""
OBJECT_STORE_BYTES: Final = 128 * 2**20
"""Of that cluster. The model and a number a block is all that goes through it."""
STARTS: Final = 3
"""Times that its start is tried: Ray's own limit of half a minute is short for a machine with much else to do."""
CONNECT_SECONDS: Final = 10.0
CORE: Final = 0.99
"""Of each actor. The hundredth that is left is for Ray's own tasks, which would wait for ever where actors take all."""
_NAMED: Final = 20
"""Damaged files that are named at the end, at most."""


@dataclass
class Totals:
    """What a run did.

    Attributes:
        rows: Rows classified.
        missing: How many of them have no text.
        damaged: What is wrong with each file that was skipped, by its path.
        written: The files of which there is a part.
        began: When the first block was begun, in seconds since 1970.
        seconds: From then to the end.
    """

    rows: int = 0
    missing: int = 0
    damaged: dict[str, str] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    began: float = inf
    seconds: float = 0.0


def run(arguments: argparse.Namespace, settings: Settings) -> None:
    """Classify what is not yet done of the files, and mark the output as complete.

    Args:
        arguments: Those of :func:`app.cli.classify.add_arguments`.
        settings: The settings.

    Raises:
        InputError: A file is damaged, or cannot be read or written, or Ray is not there.
        app.artifacts.manifest.ArtifactError: The model cannot be used.
        app.artifacts.registry.UnknownName: There is no such model.
    """
    _check(arguments)
    ray = _import_ray(arguments.ray)
    classifier = load(settings, arguments.model)
    labels = labels_of(classifier, arguments.labels)
    column = COLUMN if arguments.column is None else arguments.column
    source, files = find(arguments.file)
    target = Store.at(str(arguments.output))
    if finds_below(arguments.file, target):
        raise InputError(f"--output {target.name} lies in the folder that is read; choose another one.")
    found = [block for file, kind in _kinds(arguments, source.name, files) for block in blocks(source, file, kind)]
    decisive = [classifier.manifest.files[name] for name in sorted(classifier.manifest.files)]
    decisive += [*classifier.id, classifier.engine_name, *labels, column, arguments.prefix or ""]
    named = {block.part(decisive): block for block in found}
    there = _parts_there(target, set(named))
    left = {part: block for part, block in named.items() if part not in there}
    totals = Totals(written={named[part].file.relative for part in there})
    if left:
        target.delete(SUCCESS)
        job = Job(
            Model.of(classifier), labels, column, arguments.prefix, source, target, list(left.values()), list(left)
        )
        with _cluster(ray, arguments.ray):
            _classify(ray, job, arguments, totals)
    for file in target.listed():
        if file.relative.endswith(PARTIAL):
            target.delete(file.relative)
    target.put(BytesIO(), SUCCESS)
    _report(totals, len(there))


def _check(arguments: argparse.Namespace) -> None:
    if arguments.file is None or arguments.output is None:
        raise InputError("--ray goes with --file, a file, a folder or a pattern, and with --output, a folder.")
    if arguments.server is not None:
        raise InputError("Give --ray or --server, not both.")
    if arguments.file == "-":
        raise InputError("--ray reads files, not standard input.")


def _import_ray(address: str) -> Any:
    # Ray reads them when it is imported: it reports its use unless told not to.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Of actors: Ray has them step back behind all else that the machine does.
    os.environ.setdefault("RAY_worker_niceness", "0")
    if address == HERE and "RAY_AUTH_MODE" not in os.environ:
        # Ray would make a token itself, and leave it in the home folder.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex())
    try:
        import ray
        import ray.data
    except ImportError as missing:
        raise InputError("--ray needs Ray, which is not installed; install the extra `ray`.") from missing
    return ray


def _kinds(arguments: argparse.Namespace, shown: str, files: Sequence[StoredFile]) -> list[tuple[StoredFile, Format]]:
    """Return the format of each file; those whose names do not say it are passed over."""
    kinds = [(file, arguments.format or format_of(file.relative)) for file in files]
    known = [(file, kind) for file, kind in kinds if kind is not None]
    if not known:
        raise InputError(f"No name of a file at {shown} says its format; give --format {', '.join(FORMATS)}.")
    return known


def _parts_there(target: Store, parts: set[str]) -> set[str]:
    """Return the parts that are done.

    Raises:
        InputError: There are others, of another run.
    """
    there = {file.relative for file in target.listed() if file.relative != SUCCESS}
    there = {name for name in there if not name.endswith(PARTIAL)}
    others = sorted(there - parts)
    if others:
        raise InputError(
            f"{target.name} has {others[0]}, which comes from other files or other options; choose another "
            "--output, or empty this one."
        )
    return there


@contextmanager
def _cluster(ray: Any, address: str) -> Iterator[None]:
    """Be part of a cluster for the block; one of this machine is started, and leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        here = {
            "include_dashboard": False,
            "object_store_memory": OBJECT_STORE_BYTES,
            "_temp_dir": folder,
        }
        with _quiet():
            try:
                _start(ray, address, here if address == HERE else {})
                yield
            finally:
                ray.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop for the block what Ray logs, prints and, in C++, writes itself; the progress bar still gets through.

    What matters of it is said in a sentence at the end.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    logging.disable(logging.ERROR)
    with (
        Path(os.devnull).open("wb") as nothing,
        os.fdopen(kept, "w", buffering=1) as terminal,
        redirect_stdout(StringIO()),
        redirect_stderr(terminal),
    ):
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            logging.disable(logging.NOTSET)


def _start(ray: Any, address: str, options: dict[str, Any]) -> None:
    """Start or join a cluster.

    Raises:
        InputError: There is none.
    """
    left = STARTS if address == HERE else 1
    host, colon, port = address.rpartition(":")
    if colon and host and "/" not in address and port.isdecimal():
        # Ray itself tries for minutes.
        try:
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        except OSError as error:
            raise InputError(f"There is no Ray cluster at {address} ({reason(error)}).") from error
    while True:
        left -= 1
        try:
            ray.init(address, logging_level="error", log_to_driver=False, **options)
        except Exception as error:  # Ray raises that very class where its processes take long to start
            ray.shutdown()
            if left:
                continue
            what = "No Ray cluster can be started here" if address == HERE else f"There is no Ray cluster at {address}"
            raise InputError(f"{what} ({_cause(error)}).") from error
        return


def _classify(ray: Any, job: Job, arguments: argparse.Namespace, totals: Totals) -> None:
    """Have the actors classify all blocks.

    Raises:
        InputError: One is damaged and may not be skipped, or a store refuses, or the cluster ends.
    """
    shown = sys.stderr.isatty() if arguments.progress is None else bool(arguments.progress)
    with bar(sum(block.size for block in job.blocks), "B", shown=shown) as progress:
        for outcome in _outcomes(ray, job):
            _take(outcome, job, arguments, totals)
            progress.update(job.blocks[outcome.index].size)
    totals.seconds = time.time() - totals.began


def _outcomes(ray: Any, job: Job) -> Iterator[Outcome]:
    """Give what became of each block, as they are done."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    actors = max(1, min(int(ray.cluster_resources().get("CPU", 1)), len(job.blocks)))
    # A dataset of one row a block, each in a task of its own: what an actor that dies leaves undone is one block.
    indices = ray.data.from_items(
        [{"index": index} for index in range(len(job.blocks))], override_num_blocks=len(job.blocks)
    )
    done = indices.map_batches(
        Scorer,
        fn_constructor_args=(partial(ray.get, ray.put(job)),),
        batch_size=None,
        num_cpus=CORE,
        compute=ray.data.ActorPoolStrategy(size=actors, max_tasks_in_flight_per_actor=2),
    )
    try:
        for row in done.iter_rows():
            yield Outcome(**row)
    except ray.exceptions.RayError as error:
        raise InputError(
            f"The Ray cluster does not go on ({_cause(error)}); run the command again, and it does the rest."
        ) from error


def _cause(error: Exception) -> str:
    """Return the line of Ray's message that says why: the last one of the first traceback, else the first of all."""
    first = str(error).partition("\n\nThe above exception was")[0]
    lines = [line.strip() for line in first.splitlines() if line.strip()] or [type(error).__name__]
    traced = any(line.startswith('File "') for line in lines)
    return lines[-1 if traced else 0].rstrip(".")


def _take(outcome: Outcome, job: Job, arguments: argparse.Namespace, totals: Totals) -> None:
    """Note what became of a block.

    Raises:
        InputError: It is damaged and may not be skipped, or a store refuses.
    """
    if outcome.refusal:
        raise InputError(outcome.refusal)
    if outcome.damage and not arguments.skip_damaged:
        raise InputError(f"{outcome.damage} What is done stays done; --skip-damaged passes over such files.")
    path = job.blocks[outcome.index].file.relative
    if outcome.damage:
        totals.damaged.setdefault(path, outcome.damage)
    else:
        totals.written.add(path)
    totals.began = min(totals.began, outcome.began)
    totals.rows += outcome.rows
    totals.missing += outcome.missing


def _report(totals: Totals, done_before: int) -> None:
    """Say on standard error what was done."""
    say = sys.stderr.write
    for path, damage in list(totals.damaged.items())[:_NAMED]:
        say(f"skipped{' in part' if path in totals.written else ''}: {damage}\n")
    if len(totals.damaged) > _NAMED:
        say(f"skipped: {len(totals.damaged) - _NAMED:,} more damaged files.\n")
    before = f"; {done_before:,} parts were there already" if done_before else ""
    rate = totals.rows / totals.seconds if totals.seconds else 0
    say(
        f"{totals.rows:,} rows, {totals.missing:,} of them without a text and so without a label, in "
        f"{totals.seconds:,.1f} s: {rate:,.0f} rows a second{before}.\n"
    )
