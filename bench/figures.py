"""What a section measures: tables of what each contender took, and the figures that are drawn from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One number that answers a question.

    Attributes:
        name: What it says.
        value: The number.
        unit: Its unit; ``×`` for a ratio.
        at_least: What it should reach, if a lower bound is set.
        below: What it should stay below, if an upper bound is set.
        exactly: What it should be, if that is known.
    """

    name: str
    value: float
    unit: str = "×"
    at_least: float | None = None
    below: float | None = None
    exactly: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether it reaches its target; ``None`` without one."""
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.below is not None:
            return self.value < self.below
        if self.exactly is not None:
            return self.value == self.exactly
        return None

    @property
    def target(self) -> str:
        """The target in words; empty without one."""
        if self.at_least is not None:
            return f"≥ {number(self.at_least)} {self.unit}".rstrip()
        if self.below is not None:
            return f"< {number(self.below)} {self.unit}".rstrip()
        if self.exactly is not None:
            return f"{number(self.exactly)} {self.unit}".rstrip()
        return ""

    @property
    def text(self) -> str:
        """The number with its unit."""
        return f"{number(self.value)} {self.unit}".rstrip()


@dataclass(frozen=True)
class Table:
    """What each contender took in each case.

    Attributes:
        title: What was measured, with its unit.
        rows: Case to contender to number. All rows have the same contenders.
    """

    title: str
    rows: Mapping[str, Mapping[str, float]]

    @property
    def contenders(self) -> Sequence[str]:
        """The columns."""
        return list(next(iter(self.rows.values())))


@dataclass(frozen=True)
class Result:
    """What a section found.

    Attributes:
        method: How it was measured, in a sentence or two.
        figures: The answers.
        tables: What they were drawn from.
    """

    method: str
    figures: Sequence[Figure]
    tables: Sequence[Table] = ()

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Result":
        """Read what ``dataclasses.asdict`` made."""
        return cls(
            document["method"],
            [Figure(**figure) for figure in document["figures"]],
            [Table(**table) for table in document["tables"]],
        )


def number(value: float) -> str:
    """Format a number with the digits that matter."""
    if value == int(value) and abs(value) < 1000:
        return f"{value:.0f}"
    if abs(value) < 0.001:
        return f"{value:.1e}"
    if abs(value) < 10:
        return f"{value:.3g}"
    if abs(value) < 100:
        return f"{value:.1f}"
    return f"{value:,.0f}"
