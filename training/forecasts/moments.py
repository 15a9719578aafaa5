"""When the rows of a series were observed, as far as their cells say it, and so which of them came first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any, Final

TIME_COLUMNS: Final = ("year", "month", "week", "day", "hour", "date", "time", "datetime", "timestamp", "index", "")
"""Names of columns that say when, whatever their case, the coarser ones first."""

Moment = tuple[float, ...]
"""What columns that say when hold in a row, in numbers that grow with time."""


def columns_of(names: Sequence[str]) -> list[str]:
    """Return those of the names that say when, the coarser ones first."""
    found = [name for name in names if name.strip().lower() in TIME_COLUMNS]
    return sorted(found, key=lambda name: TIME_COLUMNS.index(name.strip().lower()))


def moment(cells: Mapping[str, Any], columns: Sequence[str]) -> Moment | None:
    """Return when a row was observed; ``None`` if its cells are neither numbers nor dates of ISO 8601."""
    found = [_number(cells.get(column)) for column in columns]
    return None if None in found else tuple(value for value in found if value is not None)


def newest_first(moments: Iterable[Moment | None]) -> bool:
    """Say whether each row was observed before the one above it, or with it, and the last before the first."""
    every = list(moments)
    known = [one for one in every if one]
    if len(known) < len(every) or len(known) < 2:
        return False
    return known[-1] < known[0] and all(later >= earlier for later, earlier in pairwise(known))


def _number(cell: Any) -> float | None:
    if isinstance(cell, str):
        try:
            return float(cell)
        except ValueError:
            pass
        for read in (datetime.fromisoformat, time.fromisoformat):
            try:
                return _number(read(cell.strip()))
            except ValueError:
                continue
        return None
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).timestamp()
    if isinstance(cell, date):
        return float(cell.toordinal())
    if isinstance(cell, time):
        return cell.hour * 3600.0 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
    return float(cell) if isinstance(cell, (int, float)) else None
