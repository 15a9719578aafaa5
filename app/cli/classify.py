"""Classify texts: given, or lines of standard input, or a column of a CSV, JSON Lines or Parquet file.

Texts and lines are answered with a line each, such as `positive 0.9731`; where there is something to warn of, it ends
in codes, as in `negative 0.5371 not_english`. A file is written again with three columns more: `label`; `score`, the
probability of the label; and `warnings`, codes with commas between them, in JSON Lines and Parquet a list. They are
empty in a row that has no text. A file of any size is read and written piece by piece, and blank lines in it are left
out.
"""

import argparse
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from tqdm import tqdm

from app.artifacts.versions import ModelId
from app.files.delimited import CsvTable
from app.files.errors import ColumnTaken, InputError, UnknownColumn
from app.files.json_lines import JsonLinesTable
from app.files.outputs import open_output
from app.files.sources import STANDARD_INPUT, Source, open_source
from app.files.tables import (
    FORMATS,
    AddedColumns,
    Cells,
    Chunk,
    Column,
    Format,
    Table,
    Write,
    format_of,
    grouped,
)
from app.sentiment.classifier import Classification, Classifier
from app.sentiment.labels import Labels, LabelsError, choose
from app.sentiment.registry import SentimentModels
from app.sentiment.serialization import plain_text, sentiment_json
from app.settings import Settings, settings_from

Item = TypeVar("Item")
Result = TypeVar("Result")
Answer = Callable[[Classification, ModelId], Cells]
"""Gives what the output says of a text, of what was found and which model found it."""
Classify = Callable[[Sequence[str]], list[tuple[Classification, ModelId]]]
"""Classifies texts, and names the model."""

AHEAD: Final = 2
"""Chunks under way for each thread: one that it works on, and one that it finds ready when that is done."""
SWITCH_SECONDS: Final = 0.0005
"""After how long a thread that runs Python makes way for another. With Python's own 5 ms, a thread that comes back
from ONNX Runtime after 2 ms waits longer than that for one that tokenizes: a tenth of the throughput."""
COLUMN: Final = "text"
API_KEY: Final = "SENTIMENT_API_KEY"
"""The environment variable that holds the API key of a service, which no command line should show."""
NOTHING: Final[Cells] = (None, None, None)
"""The label, the score and the warnings of a row that has no text."""
DECIMALS: Final = 6
"""Of a score in a file, as in the answers over HTTP."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add = parser.add_argument
    add("texts", nargs="*", metavar="TEXT", help="a text to classify; without any, each line of standard input is one")
    add("--json", action="store_true", help="answer texts and lines with the JSON object that POST /sentiment answers")
    add("--file", metavar="FILE", help="classify the rows of this file instead; `-` is standard input")
    add("--column", metavar="NAME", help=f"column of the file that holds the texts; default: {COLUMN}")
    add("--format", choices=FORMATS, help="format of the file; by default its ending says it, such as .csv or .csv.gz")
    add("--prefix", metavar="PREFIX", help="put this before the names of the new columns, such as predicted_")
    add("--output", type=Path, metavar="FILE", help="write here, once all is done, and not to standard output")
    add(
        "--server",
        metavar="URL",
        help="have this service classify the texts, instead of a model here; its API key is read from the environment "
        f"variable {API_KEY}",
    )
    add("--model", metavar="NAME", help="model that answers; default: the setting DEFAULT_MODEL")
    add("--labels", metavar="NAMES", help="choose from these of the model's labels only, such as negative,positive")
    add(
        "--progress",
        action=argparse.BooleanOptionalAction,
        help="show a progress bar; by default where standard error is a terminal that gets no results",
    )


def run(arguments: argparse.Namespace) -> None:
    """Classify what the arguments name.

    Args:
        arguments: Those of :func:`add_arguments`, and settings by their names.

    Raises:
        InputError: The input cannot be read, or the output not written.
        app.settings.SettingsError: A setting is wrong.
        app.artifacts.manifest.ArtifactError: The model cannot be used.
        app.artifacts.registry.UnknownName: There is no such model.
    """
    _check(arguments)
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = settings_from(arguments)
    try:
        with _naming_options(), _classifier(arguments, settings) as classify, _open_table(arguments) as (table, answer):
            missing = _classify(table, classify, answer, arguments, settings.threads)
    except BrokenPipeError:
        # Whoever read the results has enough. Python would complain when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    if missing:
        sys.stderr.write(f"{missing:,} {'row has' if missing == 1 else 'rows have'} no text and so no label.\n")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item | None], threads: int
) -> Iterator[tuple[Item, Result]]:
    """Call a function in threads, once an item.

    Args:
        function: What to call.
        items: Read at most :data:`AHEAD` items a thread ahead of the results. ``None`` says that the next item is not
            there yet: all results are given before it is asked for.
        threads: Number of threads.

    Returns:
        Each item with its result, in the order of the items.
    """
    pending: deque[tuple[Item, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="classify")
    try:
        for item in chain(items, [None]):
            if item is not None:
                pending.append((item, pool.submit(function, item)))
            room = 0 if item is None else AHEAD * threads - 1
            while pending and (len(pending) > room or pending[0][1].done()):
                first, future = pending.popleft()
                yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


class Texts(Table[list[None]]):
    """Texts with nothing beside them, answered with a line each. An empty one is a text too."""

    def __init__(self, texts: Iterable[str | None], source: Source | None = None) -> None:
        """Hold the texts.

        Args:
            texts: The texts; ``None`` where the next one is not there yet.
            source: What the texts are read from.
        """
        self._texts = texts
        self._source = source
        self.total = source.size if source else None

    def chunks(self) -> Iterator[Chunk[list[None]] | None]:
        """See :class:`Table`."""
        return grouped((None if text is None else (None, text) for text in self._texts), self._source)

    @contextmanager
    def writer(self, output: BinaryIO) -> Iterator[Write[list[None]]]:
        """See :class:`Table`. There is one cell for each text: the line."""

        def write(_rows: list[None], added: Sequence[Cells]) -> None:
            output.writelines(f"{line}\n".encode() for (line,) in added)

        yield write


def _plain(result: Classification, _model: ModelId) -> Cells:
    return (plain_text(result),)


def _json(result: Classification, model: ModelId) -> Cells:
    return (sentiment_json(result, model),)


def _columns(result: Classification, _model: ModelId) -> Cells:
    return result.label, round(result.score, DECIMALS), result.warnings


def _check(arguments: argparse.Namespace) -> None:
    if arguments.file is None:
        for name in ("column", "format", "prefix"):
            if getattr(arguments, name) is not None:
                raise InputError(f"--{name} goes with --file FILE; `--file -` reads a file from standard input.")
    elif arguments.texts:
        raise InputError("Give texts or --file FILE, not both.")
    elif arguments.json:
        raise InputError("--json is for texts and lines; a file is answered in its own format.")


@contextmanager
def _classifier(arguments: argparse.Namespace, settings: Settings) -> Iterator[Classify]:
    if arguments.server is None:
        classifier = _load(settings, arguments.model)
        yield partial(_results, classifier, _labels(classifier, arguments.labels))
        return
    # A client takes a third of a second to import.
    from app.cli.remote import remote_classifier

    labels = None if arguments.labels is None else arguments.labels.split(",")
    with remote_classifier(arguments.server, os.environ.get(API_KEY), arguments.model, labels) as remote:
        yield remote.classify


def _load(settings: Settings, name: str | None) -> Classifier:
    name = settings.default_model if name is None else name
    return SentimentModels(settings.models_dir, name, settings.engine, only=name).default


def _labels(classifier: Classifier, names: str | None) -> Labels:
    try:
        return classifier.labels if names is None else choose(classifier.labels, names.split(","))
    except LabelsError as error:
        raise InputError(f"--labels {error}.") from error


@contextmanager
def _naming_options() -> Iterator[None]:
    """Add to what is said of columns the option that helps."""
    try:
        yield
    except UnknownColumn as error:
        raise InputError(f"{error} Name it with `--column`.") from error
    except ColumnTaken as error:
        raise InputError(
            f"{error.where} has a column {error.column!r} already; name the new columns otherwise, "
            "such as with `--prefix predicted_`."
        ) from error


@contextmanager
def _open_table(arguments: argparse.Namespace) -> Iterator[tuple[Table[Any], Answer]]:
    if arguments.file is not None:
        with _open_file(arguments) as table:
            yield table, _columns
        return
    answer = _json if arguments.json else _plain
    if arguments.texts:
        yield Texts(arguments.texts), answer
        return
    with open_source(STANDARD_INPUT) as source:
        if source.is_terminal:
            sys.stderr.write("Type a text a line; Ctrl-D ends.\n")
        yield Texts(_decode(source.lines()), source), answer


def _decode(lines: Iterable[bytes | None]) -> Iterator[str | None]:
    for line in lines:
        yield None if line is None else line.removesuffix(b"\r").decode("utf-8", "replace")


@contextmanager
def _open_file(arguments: argparse.Namespace) -> Iterator[Table[Any]]:
    kind = _format(arguments)
    column = COLUMN if arguments.column is None else arguments.column
    prefix = arguments.prefix or ""
    added = AddedColumns(
        Column(f"{prefix}label", str), Column(f"{prefix}score", float), Column(f"{prefix}warnings", tuple)
    )
    if kind == "parquet":
        from app.files.parquet import ParquetTable

        yield ParquetTable(arguments.file, column, added)
        return
    with open_source(arguments.file) as source:
        if kind == "jsonl":
            yield JsonLinesTable(source, column, added)
        else:
            yield CsvTable(source, column, added, delimiter="\t" if kind == "tsv" else ",")


def _format(arguments: argparse.Namespace) -> Format:
    kind: Format | None = arguments.format or format_of(arguments.file)
    if kind is None:
        raise InputError(f"The name {arguments.file} does not say the format; give --format {', '.join(FORMATS)}.")
    if kind == "parquet" and arguments.file == STANDARD_INPUT:
        raise InputError("Parquet cannot be read from standard input; give --file FILE.")
    if kind == "parquet" and arguments.output is None:
        raise InputError("Parquet is not written to standard output; give --output FILE.")
    if arguments.output is not None and format_of(arguments.output.name) not in (kind, None):
        raise InputError(f"The output has the format of the input, {kind}; {arguments.output} is named otherwise.")
    return kind


def _classify(
    table: Table[Any],
    classify: Classify,
    answer: Answer,
    arguments: argparse.Namespace,
    threads: int,
) -> int:
    """Classify all rows and return how many had no text."""
    missing = 0
    with (
        open_output(arguments.output) as output,
        table.writer(output) as write,
        _bar(table, arguments) as bar,
    ):
        for chunk, added in in_order(partial(_cells, classify, answer), table.chunks(), threads):
            write(chunk.rows, added)
            if arguments.output is None:
                output.flush()
            missing += added.count(NOTHING)
            bar.update(chunk.position - bar.n)
    return missing


def _cells(classify: Classify, answer: Answer, chunk: Chunk[Any]) -> list[Cells]:
    texts = [text for text in chunk.texts if isinstance(text, str)]
    found = iter(classify(texts)) if texts else iter(())
    return [answer(*next(found)) if isinstance(text, str) else NOTHING for text in chunk.texts]


def _results(classifier: Classifier, labels: Labels, texts: Sequence[str]) -> list[tuple[Classification, ModelId]]:
    return [(found.among(labels), classifier.id) for found in classifier.classify_all(texts)[0]]


def _bar(table: Table[Any], arguments: argparse.Namespace) -> Any:
    shown = arguments.progress
    if shown is None:
        shown = sys.stderr.isatty() and not (arguments.output is None and sys.stdout.isatty())
    return tqdm(total=table.total, unit=table.unit, unit_scale=True, disable=not shown, file=sys.stderr)
