"""What the ways to classify files share: the model, the columns that rows get, and the order that they keep."""

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any, Final, TypeVar

from tqdm import tqdm

from app.artifacts.versions import ModelId
from app.files.errors import ColumnTaken, InputError, UnknownColumn
from app.files.tables import AddedColumns, Cells, Chunk, Column
from app.sentiment.classifier import Classification, Classifier
from app.sentiment.labels import Labels, LabelsError, choose
from app.sentiment.registry import SentimentModels
from app.settings import Settings

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
NOTHING: Final[Cells] = (None, None, None)
"""The label, the score and the warnings of a row that has no text."""
DECIMALS: Final = 6
"""Of a score in a file, as in the answers over HTTP."""


def load(settings: Settings, name: str | None) -> Classifier:
    """Load the model of a name, or the default one.

    Raises:
        app.artifacts.manifest.ArtifactError: It cannot be used.
        app.artifacts.registry.UnknownName: There is no such model.
    """
    name = settings.default_model if name is None else name
    return SentimentModels(settings.models_dir, name, settings.engine, only=name).default


def labels_of(classifier: Classifier, names: str | None) -> Labels:
    """Return the labels that are chosen from: those of names with commas between them, or all that the model has.

    Raises:
        InputError: It has no such label, or there are too few.
    """
    try:
        return classifier.labels if names is None else choose(classifier.labels, names.split(","))
    except LabelsError as error:
        raise InputError(f"--labels {error}.") from error


def columns(result: Classification, _model: ModelId) -> Cells:
    """Return what a row of a file gets."""
    return result.label, round(result.score, DECIMALS), result.warnings


def added_columns(prefix: str | None) -> AddedColumns:
    """Return the columns that a file gets, with a prefix to their names."""
    prefix = prefix or ""
    return AddedColumns(
        Column(f"{prefix}label", str), Column(f"{prefix}score", float), Column(f"{prefix}warnings", tuple)
    )


def cells(classify: Classify, answer: Answer, chunk: Chunk[Any]) -> list[Cells]:
    """Return what each row of a chunk gets; :data:`NOTHING`, if it has no text."""
    texts = [text for text in chunk.texts if isinstance(text, str)]
    found = iter(classify(texts)) if texts else iter(())
    return [answer(*next(found)) if isinstance(text, str) else NOTHING for text in chunk.texts]


def results(classifier: Classifier, labels: Labels, texts: Sequence[str]) -> list[tuple[Classification, ModelId]]:
    """Classify texts with a model, choosing from some of its labels."""
    return [(found.among(labels), classifier.id) for found in classifier.classify_all(texts)[0]]


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


@contextmanager
def naming_options() -> Iterator[None]:
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


def bar(total: int | None, unit: str, *, shown: bool) -> Any:
    """Return a progress bar on standard error."""
    return tqdm(total=total, unit=unit, unit_scale=True, disable=not shown, file=sys.stderr)
