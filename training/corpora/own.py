"""Labelled texts of the user's own: CSV, TSV, JSON Lines or Parquet, gzipped or not, one file or several."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from app.artifacts.manifest import sha256
from app.files.errors import InputError, UnknownColumn
from app.files.sources import open_source
from app.files.tables import FORMATS, format_of
from app.sentiment.labels import FEWEST, MOST, NEGATIVE, NEUTRAL, POSITIVE, Labels
from training.corpora.imdb import DataError
from training.corpora.tables import Cells, NamedRows, read_table

TEXT_COLUMNS: Final = (
    "text", "texts", "review", "review_text", "reviewtext", "content", "comment", "body", "message", "sentence",
    "tweet", "description", "feedback", "document", "phrase",
)  # fmt: skip
LABEL_COLUMNS: Final = ("label", "labels", "sentiment", "polarity", "class", "category", "target")
STAR_COLUMNS: Final = ("stars", "star_rating", "rating", "ratings", "score", "overall")
"""Names that are looked for, in this order, whatever their case."""

Stars = Literal["three", "five"]
STARS: Final[tuple[Stars, ...]] = ("three", "five")
OF_STARS: Final[Mapping[Stars, Labels]] = {
    "three": (NEGATIVE, NEGATIVE, NEUTRAL, POSITIVE, POSITIVE),
    "five": ("very_negative", NEGATIVE, NEUTRAL, POSITIVE, "very_positive"),
}
"""What one star to five stars mean."""

LONGEST_LABEL: Final = 64
_ORDER: Final = OF_STARS["five"]
"""These stand in this order, all others behind them in that of the alphabet."""
_UNNAMEABLE: Final = re.compile(r"[^\w.-]+")
_WHOLE: Final = re.compile(r"[+-]?\d+\.0+")
_NUMBER: Final = re.compile(r"[+-]?\d*\.\d+(?:e[+-]?\d+)?", re.IGNORECASE)


class Row(NamedTuple):
    """A labelled text.

    Attributes:
        id: File and number of the row, such as ``reviews.csv:17``; rows are counted from 1, without the header.
        text: The text; empty if the row has none.
        label: One of the labels.
        group: What it belongs to; ``None`` if nothing is known of that.
        part: What it counts among where figures are given for parts; ``None`` if nothing is known of that.
    """

    id: str
    text: str
    label: str
    group: str | None = None
    part: str | None = None


@dataclass(frozen=True)
class Columns:
    """Which columns are read; ``None`` for the text and the label looks for the usual names.

    Attributes:
        text: That of the texts.
        label: That of the labels or stars.
        group: That of what belongs together.
        part: That of the parts for which figures are given.
        stars: What stars mean, if the labels are stars.
        model: The model that lines of feedback have to be about; those of others are passed over.
    """

    text: str | None = None
    label: str | None = None
    group: str | None = None
    part: str | None = None
    stars: Stars | None = None
    model: str | None = None


class ReadFile(NamedTuple):
    """A file that was read: its name without its folder, its checksum, and what was found in it."""

    name: str
    sha256: str
    rows: int
    unlabelled: int
    text: str
    label: str


@dataclass(frozen=True)
class OwnTexts:
    """Labelled texts.

    Attributes:
        rows: The rows that have a label.
        files: Where they are from.
        renamed: Labels that had to be spelt otherwise to be names of labels, by their first spelling.
    """

    rows: Sequence[Row]
    files: Sequence[ReadFile]
    renamed: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def texts(self) -> list[str]:
        """The texts, in order."""
        return [row.text for row in self.rows]

    @property
    def labels(self) -> Labels:
        """The labels that occur: ``negative``, ``neutral``, ``positive`` in this order, others as in the alphabet."""
        found = {row.label for row in self.rows}
        known = [label for label in _ORDER if label in found]
        return (*known, *sorted(found.difference(known), key=_alphabetical))

    @property
    def name(self) -> str:
        """How a manifest names the data."""
        return ", ".join(file.name for file in self.files)

    @property
    def sha256(self) -> list[str]:
        """The checksum of each file."""
        return [file.sha256 for file in self.files]

    def take(self, rows: Sequence[Row]) -> "OwnTexts":
        """Return the same with some of the rows."""
        return replace(self, rows=rows)


def read(paths: Sequence[Path], columns: Columns) -> OwnTexts:
    """Read files.

    Args:
        paths: The files. Their names end in ``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson`` or ``.parquet``, with or
            without ``.gz`` behind.
        columns: Which columns to read; names are guessed for each file.

    Raises:
        DataError: A file cannot be read, is empty or has no such column, or a label is not one.
    """
    rows: list[Row] = []
    files: list[ReadFile] = []
    names = [path.name for path in paths]
    for path in paths:
        # Of two files of one name, ids would not say which is meant.
        name = path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}"
        found, file = _file(path, name, columns)
        rows += found
        files.append(file)
    return _named(rows, files)


def require_trainable(labels: Labels) -> None:
    """Refuse labels that no model can be trained to tell apart.

    Raises:
        DataError: There are fewer than two, or more than a model can have.
    """
    if len(labels) < FEWEST:
        raise DataError(f"All rows have the one label {labels[0]!r}; a model tells at least two apart.")
    if len(labels) > MOST:
        named = ", ".join(labels[:MOST])
        raise DataError(
            f"There are {len(labels)} labels and a model has {MOST} at most: {named}, and then {labels[MOST]!r}; merge "
            "some of them, or name another --label column."
        )


def _alphabetical(label: str) -> tuple[int, int, str]:
    """Sort numbers as numbers."""
    return (0, int(label), label) if label.isdecimal() else (1, 0, label)


def _file(path: Path, name: str, columns: Columns) -> tuple[list[Row], ReadFile]:
    if not path.exists():
        raise DataError(f"There is no {path}.")
    kind = format_of(path.name)
    if kind is None:
        raise DataError(f"The name {path} does not say a format; it should end in .{', .'.join(FORMATS)}, or .gz then.")
    try:
        with open_source(str(path)) as source, source.reading():
            table = read_table(source, kind, _wanted(columns))
            text, label = _choose(source.name, table.columns, columns)
            rows, unlabelled = _rows(table, name, text, label, columns)
        checksum = sha256(path)
    except UnknownColumn as error:
        raise DataError(str(error)) from error
    except InputError as error:
        raise DataError(str(error)) from error
    if not rows:
        raise DataError(f"{path} has no row with a label in the column {label!r}.")
    return rows, ReadFile(name, checksum, len(rows), unlabelled, text, label)


_FEEDBACK: Final = frozenset({"text", "label", "model", "version", "time"})
"""Fields of a line that ``POST /feedback`` has kept."""


def _wanted(columns: Columns) -> Callable[[str], bool]:
    """Return which columns may be of use."""
    usual = {*TEXT_COLUMNS, *LABEL_COLUMNS, *STAR_COLUMNS}
    named = {columns.text, columns.label, columns.group, columns.part}
    return lambda name: name in named or _plainly(name) in usual


def _plainly(column: str) -> str:
    return column.strip().lower().replace(" ", "_").replace("-", "_")


def _choose(where: str, found: Sequence[str], columns: Columns) -> tuple[str, str]:
    """Return the columns of the texts and of the labels.

    Raises:
        InputError: A named one is missing, or none has a usual name.
    """
    for name in (columns.text, columns.label, columns.group, columns.part):
        if name is not None and name not in found:
            raise UnknownColumn(where, name, found)
    text = columns.text or _guess(where, found, TEXT_COLUMNS, "texts", "--text")
    usual = LABEL_COLUMNS if columns.stars is None else STAR_COLUMNS
    what = "labels" if columns.stars is None else "stars"
    label = columns.label or _guess(where, found, usual, what, "--label", stars=columns.stars is not None)
    if text == label:
        raise InputError(f"{where}: the column {text!r} cannot hold both the texts and the labels.")
    return text, label


def _guess(
    where: str, found: Sequence[str], usual: Sequence[str], what: str, option: str, *, stars: bool = True
) -> str:
    plain = {_plainly(name): name for name in reversed(found)}
    name = next((plain[one] for one in usual if one in plain), None)
    if name is not None:
        return name
    rated = next((plain[one] for one in STAR_COLUMNS if one in plain), None)
    if not stars and rated is not None:
        raise InputError(f"{where} has no column of labels, but one named {rated!r}; if it holds stars, add --stars.")
    listed = ", ".join(repr(name) for name in found)
    raise InputError(f"No column of {where} is named as one of {what} usually is; name it with {option}: {listed}.")


def _rows(table: NamedRows, name: str, text: str, label: str, columns: Columns) -> tuple[list[Row], int]:
    rows: list[Row] = []
    unlabelled = 0
    for number, cells in enumerate(table.rows, start=1):
        where = f"{name}, row {number}"
        if columns.model is not None and cells.keys() >= _FEEDBACK and cells["model"] != columns.model:
            continue
        found = _label(cells.get(label), where, columns.stars)
        if found is None:
            unlabelled += 1
            continue
        value = cells.get(text)
        if value is not None and not isinstance(value, str):
            raise InputError(f"{where}: the column {text!r} holds {value!r}, which is no text.")
        parts = (_optional(cells, column) for column in (columns.group, columns.part))
        rows.append(Row(f"{name}:{number}", (value or "").strip(), found, *parts))
    return rows, unlabelled


def _optional(cells: Cells, column: str | None) -> str | None:
    value = None if column is None else cells.get(column)
    return None if value is None or value == "" else str(value)


def _label(value: Any, where: str, stars: Stars | None) -> str | None:
    """Return the label that a cell holds; ``None`` if it is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    label = str(value).strip().lower() if isinstance(value, bool) else str(value).strip()
    if not label:
        return None
    if _WHOLE.fullmatch(label):
        label = label.partition(".")[0]
    if stars is not None:
        if label not in ("1", "2", "3", "4", "5"):
            raise InputError(f"{where}: {label[:40]!r} is no number of stars, which is 1, 2, 3, 4 or 5.")
        return OF_STARS[stars][int(label) - 1]
    if _NUMBER.fullmatch(label):
        raise InputError(
            f"{where}: the label {label} is a number with a fraction; labels are names, so name another --label "
            "column, or write what the number means."
        )
    return label


def _named(rows: Sequence[Row], files: Sequence[ReadFile]) -> OwnTexts:
    """Spell the labels so that the service can name them.

    Raises:
        DataError: Nothing that can be a name is left of one, or two become the same.
    """
    names: dict[str, str] = {}
    for row in rows:
        if row.label not in names:
            name = _UNNAMEABLE.sub("_", row.label).strip("_.-")
            if not name or len(name) > LONGEST_LABEL:
                raise DataError(
                    f"{row.id}: {row.label[:80]!r} cannot be a label, which has up to {LONGEST_LABEL} letters, digits, "
                    "underscores, dots and hyphens; is the right column named with --label?"
                )
            if name in names.values():
                other = next(label for label, given in names.items() if given == name)
                raise DataError(f"The labels {other!r} and {row.label!r} would both be named {name}; rename one.")
            names[row.label] = name
    renamed = {label: name for label, name in names.items() if label != name}
    return OwnTexts([row._replace(label=names[row.label]) for row in rows], files, renamed)
