"""A series of the user's own: columns are features, and a row is a step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import sha256
from app.files.errors import InputError, UnknownColumn
from app.files.sources import open_source
from app.files.tables import FORMATS, format_of
from app.forecasts.serving import LARGEST, Feature
from training.corpora.tables import Cells, read_table
from training.errors import TrainingError
from training.forecasts import moments
from training.forecasts.recipes import Baseline, ForecastRecipe, Recurrent
from training.forecasts.series import Series, Splits, split

NAME: Final = "mine"
UNIT: Final = "as given"
_NAMES_A_STEP: Final = ("year", "month", "week", "day", "hour")
STEP: Final = "step"

NETWORKS: Final = {
    "simple-rnn": (Recurrent("SimpleRNN", 8),),
    "lstm": (Recurrent("LSTM", 8),),
    "stacked": (Recurrent("LSTM", 8), Recurrent("LSTM", 8)),
}
"""The lecture's architectures."""

MOST_OBSERVATIONS: Final = 100
FEWEST_TRAINING, FEWEST_OTHERS = 60, 20
"""Examples to learn from, to choose by and to measure on."""
MOST_COLUMNS: Final = 8
"""As many as requests to the service have room for."""
LEAST_CHANGE: Final = 1e-5
"""The least deviation of a column, as a share of its largest value, of which 32 bits leave two digits."""
STEPS_AN_EPOCH: Final = 15
BATCH_SIZE: Final = 32
EPOCHS: Final = 40


class SeriesError(TrainingError):
    """Nothing can be trained on the series."""


@dataclass(frozen=True)
class OwnSeries:
    """A series that was read.

    Attributes:
        name: That of its file.
        sha256: The checksum of the file.
        columns: The names of the columns that were read.
        values: Shape (rows, columns), the oldest row first.
        left_out: The columns that say when.
        time: What lies between two rows.
        turned: Whether the file has the newest row first.
    """

    name: str
    sha256: str
    columns: Sequence[str]
    values: NDArray[np.float64]
    left_out: Sequence[str]
    time: str
    turned: bool = False

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return the values of one column, shape (rows,)."""
        return self.values[:, self.columns.index(name)]

    def series(self, targets: Sequence[str]) -> Series:
        """Return it with all columns observed, and some to forecast."""
        chosen = np.stack([self.column(target) for target in targets], axis=1)
        return Series(self.values.astype(np.float32), chosen.astype(np.float32))


@dataclass(frozen=True)
class Wish:
    """What a user wants forecast.

    Attributes:
        name: Of the model.
        targets: The columns to forecast.
        steps: How many rows ahead.
        network: One of :data:`NETWORKS`.
        observations: How many rows a window has; ``None`` for a tenth of all, up to :data:`MOST_OBSERVATIONS`.
        season: After how many rows the seasons come again; ``None`` if they do not.
        seed: Of the weights and the shuffling.
    """

    name: str
    targets: Sequence[str]
    steps: int
    network: str = "lstm"
    observations: int | None = None
    season: int | None = None
    seed: int = 1


def read(
    path: Path, targets: Sequence[str], features: Sequence[str] | None = None, time: str | None = None
) -> OwnSeries:
    """Read a series; if the columns that say when hold later times further up, from its last row to its first.

    Args:
        path: A CSV, TSV, JSON Lines or Parquet file, gzipped or not.
        targets: The columns that will be forecast.
        features: The columns to read, besides those; ``None`` for all that do not say when.
        time: What lies between two rows, such as ``day``; ``None`` to go by the names of the columns.

    Raises:
        SeriesError: It cannot be read, has no such column, or has a cell without a number.
    """
    if not path.exists():
        raise SeriesError(f"There is no {path}.")
    kind = format_of(path.name)
    if kind is None:
        raise SeriesError(
            f"The name {path} does not say a format; it should end in .{', .'.join(FORMATS)}, or .gz then."
        )
    try:
        with open_source(str(path)) as source, source.reading():
            table = read_table(source, kind)
            columns = _columns(path.name, table.columns, targets, features)
            when = moments.columns_of([name for name in table.columns if name not in columns])
            rows = [
                (_numbers(cells, f"{path.name}, row {number}", columns), moments.moment(cells, when))
                for number, cells in enumerate(table.rows, start=1)
            ]
        checksum = sha256(path)
    except InputError as error:
        raise SeriesError(str(error)) from error
    left_out = [name for name in table.columns if name not in columns]
    if time is None:
        time = next((name.strip().lower() for name in left_out if name.strip().lower() in _NAMES_A_STEP), STEP)
    if not rows:
        raise SeriesError(f"{path.name} has no row below the names of its columns.")
    values = np.array([numbers for numbers, _ in rows], dtype=np.float64)
    turned = moments.newest_first(moment for _, moment in rows)
    return OwnSeries(path.name, checksum, columns, values[::-1] if turned else values, left_out, time, turned)


def prepare(series: OwnSeries, wish: Wish) -> tuple[ForecastRecipe, Splits]:
    """Return the recipe for a series, and its examples.

    Raises:
        SeriesError: There are too few rows, or a column that says nothing.
    """
    twice = next((target for target in wish.targets if wish.targets.count(target) > 1), None)
    if twice is not None:
        raise SeriesError(f"--target names {twice!r} twice; name each column once.")
    if len(series.columns) > MOST_COLUMNS:
        raise SeriesError(
            f"{series.name} has {len(series.columns):,} columns to read, and {MOST_COLUMNS} are the most; name those "
            "to read with --features."
        )
    if wish.steps >= len(series):
        raise SeriesError(f"{series.name} has {len(series):,} rows; --steps should be far fewer than these.")
    if (wish.observations or 0) >= len(series):
        raise SeriesError(f"{series.name} has {len(series):,} rows; --observations should be far fewer than these.")
    observations = wish.observations or min(MOST_OBSERVATIONS, max(4, len(series) // 10))
    steps = tuple(range(1, wish.steps + 1))
    splits = split(series.series(wish.targets), observations, steps)
    _require_enough(series, splits, observations, wish.steps)
    _require_change(series, splits, wish)
    learnt = int(splits.training.days.max()) + 1
    if wish.season is not None and wish.season > learnt:
        raise SeriesError(
            f"{series.name} has {learnt:,} rows to learn from, fewer than a season of {wish.season:,}; leave out "
            "--season, or take more rows."
        )
    # By what the network is chosen by as well, but never by what it is measured on.
    known = int(splits.validation.days.max()) + 1
    positive = all(series.column(target)[:known].min() >= 0 for target in wish.targets)
    repeats = max(1, math.ceil(STEPS_AN_EPOCH * BATCH_SIZE / len(splits.training)))
    baselines: tuple[Baseline, ...] = ("persistence", "mean", "ridge regression")
    if wish.season is not None:
        baselines = ("persistence", "mean", "seasonal mean", "ridge regression")
    recipe = ForecastRecipe(
        name=wish.name,
        title=f"{' and '.join(wish.targets)} {_ahead(wish.steps, series.time)}",
        source="own",
        inputs=tuple(Feature(name=name, unit=UNIT) for name in series.columns),
        outputs=tuple(Feature(name=name, unit=UNIT) for name in wish.targets),
        observations=observations,
        steps=steps,
        recurrent=NETWORKS[wish.network],
        baselines=baselines,
        activation="relu" if positive else "linear",
        least=(0.0,) * len(wish.targets),
        time=series.time,
        season=wish.season,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        repeats=repeats,
        learning_rate=0.005,
        seed=wish.seed,
    )
    return recipe, splits


def describe(series: OwnSeries, wish: Wish, splits: Splits) -> dict[str, Any]:
    """Return what a manifest says of the data: no number of it, but for the example that the service shows."""
    command = (
        f"python -m training forecasts --data {series.name} --target {' '.join(wish.targets)} --steps {wish.steps}"
    )
    return {
        "name": f"{series.name}, {len(series):,} rows",
        "sha256": series.sha256,
        "examples": {name: len(getattr(splits, name)) for name in ("training", "validation", "test")},
        "command": command,
    }


def _ahead(steps: int, time: str) -> str:
    return f"in the next {time}" if steps == 1 else f"in the next {steps} {time}s"


def _columns(where: str, found: Sequence[str], targets: Sequence[str], features: Sequence[str] | None) -> list[str]:
    for name in (*targets, *(features or ())):
        if name not in found:
            raise UnknownColumn(where, name, found)
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{where} has two columns named {twice!r}; rename one.")
    if features is None:
        say_when = moments.columns_of(found)
        return [name for name in found if name in targets or name not in say_when]
    return [name for name in found if name in targets or name in features]


def _numbers(cells: Cells, where: str, columns: Sequence[str]) -> list[float]:
    return [_number(cells.get(name), where, name) for name in columns]


def _number(cell: Any, where: str, column: str) -> float:
    if cell is None or (isinstance(cell, str) and cell.strip().lower() in ("", "nan", "na", "null")):
        raise InputError(
            f"{where}: the column {column!r} is empty; a series has a number in each row, so fill the gap, begin the "
            "file behind it, or leave the column out with --features."
        )
    try:
        value = float(cell)
    except OverflowError:
        raise InputError(
            f"{where}: the column {column!r} holds a number of too many digits, which is beyond {LARGEST:g}."
        ) from None
    except (TypeError, ValueError):
        raise InputError(
            f"{where}: the column {column!r} holds {str(cell)[:40]!r}, which is no number; name the columns to read "
            "with --features."
        ) from None
    if math.isnan(value):
        return _number(None, where, column)
    if abs(value) > LARGEST:
        raise InputError(f"{where}: the column {column!r} holds {value:g}, which is beyond {LARGEST:g}.")
    return value


def _require_enough(series: OwnSeries, splits: Splits, observations: int, steps: int) -> None:
    sizes = {
        "to learn from": (len(splits.training), FEWEST_TRAINING),
        "to choose by": (len(splits.validation), FEWEST_OTHERS),
        "to measure on": (len(splits.test), FEWEST_OTHERS),
    }
    for what, (found, fewest) in sizes.items():
        if found < fewest:
            raise SeriesError(
                f"{series.name} has {len(series):,} rows, which gives {found} windows of {observations} rows and "
                f"{steps} ahead {what}, and {fewest} are needed; take more rows, fewer --observations or fewer --steps."
            )


def _require_change(series: OwnSeries, splits: Splits, wish: Wish) -> None:
    learnt = series.values[: splits.training.days.max() + 1]
    still = np.ptp(learnt, axis=0) == 0
    for name, is_still in zip(series.columns, still, strict=True):
        if is_still and name in wish.targets:
            raise SeriesError(
                f"The column {name!r} has one value in all rows to learn from: there is nothing to forecast."
            )
        if is_still:
            raise SeriesError(
                f"The column {name!r} has one value in all rows to learn from, which says nothing; name the columns to "
                "read with --features."
            )
    fine = learnt.std(axis=0) < LEAST_CHANGE * np.abs(learnt).max(axis=0)
    for name, is_fine in zip(series.columns, fine, strict=True):
        if is_fine:
            raise SeriesError(
                f"The column {name!r} changes so little, for its size, that a network of 32 bits cannot read it; "
                "subtract a constant from it first."
            )
    targets = splits.training.targets
    if (np.ptp(targets, axis=(0, 1)) == 0).any():
        raise SeriesError("What there is to forecast has one value in all examples to learn from; take more rows.")
