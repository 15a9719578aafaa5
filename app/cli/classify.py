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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from app.artifacts.versions import ModelId
from app.cli.scoring import (
    COLUMN,
    NOTHING,
    SWITCH_SECONDS,
    Answer,
    Classify,
    added_columns,
    bar,
    cells,
    columns,
    in_order,
    labels_of,
    load,
    naming_options,
    results,
)
from app.files.delimited import CsvTable
from app.files.errors import InputError
from app.files.json_lines import JsonLinesTable
from app.files.outputs import open_output
from app.files.sources import STANDARD_INPUT, Source, open_source
from app.files.tables import (
    FORMATS,
    Cells,
    Chunks,
    Format,
    Table,
    Write,
    format_of,
    grouped,
)
from app.sentiment.classifier import Classification
from app.sentiment.serialization import plain_text, sentiment_json
from app.settings import Settings, settings_from

Item = TypeVar("Item")
Result = TypeVar("Result")
API_KEY: Final = "SENTIMENT_API_KEY"
"""The environment variable that holds the API key of a service, which no command line should show."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add = parser.add_argument
    add("texts", nargs="*", metavar="TEXT", help="a text to classify; without any, each line of standard input is one")
    add("--json", action="store_true", help="answer texts and lines with the JSON object that POST /sentiment answers")
    add("--file", metavar="FILE", help="classify the rows of this file instead; `-` is standard input")
    add("--column", metavar="NAME", help=f"column of the file that holds the texts; default: {COLUMN}")
    add("--format", choices=FORMATS, help="format of the file; by default its ending says it, such as .csv or .csv.gz")
    add("--prefix", metavar="PREFIX", help="put this before the names of the new columns, such as predicted_")
    add("--output", type=_place, metavar="FILE", help="write here, once all is done, and not to standard output")
    add(
        "--server",
        metavar="URL",
        help="have this service classify the texts, instead of a model here; its API key is read from the environment "
        f"variable {API_KEY}",
    )
    add(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="have a Ray cluster classify many files: --file is then a file, a folder or a pattern, on a disk or in a "
        "store (s3://, gs://), and --output a folder; without an address, all cores of this machine",
    )
    add(
        "--skip-damaged",
        action="store_true",
        help="with --ray, pass over files that are damaged, and name them at the end",
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
    if arguments.ray is not None:
        # What reads stores takes a second to import.
        from app.cli.bulk import command

        command.run(arguments, settings_from(arguments))
        return
    sys.setswitchinterval(SWITCH_SECONDS)
    settings = settings_from(arguments)
    try:
        with naming_options(), _classifier(arguments, settings) as classify, _open_table(arguments) as (table, answer):
            missing = _classify(table, classify, answer, arguments, settings.threads)
    except BrokenPipeError:
        # Whoever read the results has enough. Python would complain when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return
    if missing:
        sys.stderr.write(f"{missing:,} {'row has' if missing == 1 else 'rows have'} no text and so no label.\n")


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

    def chunks(self) -> Chunks[list[None]]:
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


def _place(name: str) -> Path | str:
    """Return a path, or the address of a store as it is."""
    return name if "://" in name else Path(name)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.file is None:
        for name in ("column", "format", "prefix"):
            if getattr(arguments, name) is not None:
                raise InputError(f"--{name} goes with --file FILE; `--file -` reads a file from standard input.")
    elif arguments.texts:
        raise InputError("Give texts or --file FILE, not both.")
    elif arguments.json:
        raise InputError("--json is for texts and lines; a file is answered in its own format.")
    if arguments.skip_damaged and arguments.ray is None:
        raise InputError("--skip-damaged goes with --ray.")
    if isinstance(arguments.output, str) and arguments.ray is None:
        raise InputError(f"{arguments.output} is in a store; --ray writes there.")


@contextmanager
def _classifier(arguments: argparse.Namespace, settings: Settings) -> Iterator[Classify]:
    if arguments.server is None:
        classifier = load(settings, arguments.model)
        yield partial(results, classifier, labels_of(classifier, arguments.labels))
        return
    # A client takes a third of a second to import.
    from app.cli.remote import remote_classifier

    labels = None if arguments.labels is None else arguments.labels.split(",")
    with remote_classifier(arguments.server, os.environ.get(API_KEY), arguments.model, labels) as remote:
        yield remote.classify


@contextmanager
def _open_table(arguments: argparse.Namespace) -> Iterator[tuple[Table[Any], Answer]]:
    if arguments.file is not None:
        with _open_file(arguments) as table:
            yield table, columns
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
    added = added_columns(arguments.prefix)
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
        bar(table.total, table.unit, shown=_is_bar_shown(arguments)) as progress,
    ):
        for chunk, added in in_order(partial(cells, classify, answer), table.chunks(), threads):
            write(chunk.rows, added)
            if arguments.output is None:
                output.flush()
            missing += added.count(NOTHING)
            progress.update(chunk.position - progress.n)
    return missing


def _is_bar_shown(arguments: argparse.Namespace) -> bool:
    if arguments.progress is not None:
        return bool(arguments.progress)
    return sys.stderr.isatty() and not (arguments.output is None and sys.stdout.isatty())
