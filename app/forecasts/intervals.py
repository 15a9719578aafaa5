"""The table that intervals are read from: how far from a forecast the truth was, by step, feature and size of it."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Number = Annotated[float, Field(allow_inf_nan=False)]
Knots = Annotated[list[Number], Field(min_length=1)]
Table = Annotated[list[list[Knots]], Field(min_length=1)]
"""For each step and output a number at each knot."""


class Cell(NamedTuple):
    """What there is of one step and output."""

    forecasts: list[float]
    lower: list[float]
    upper: list[float]
    least: float | None


class Intervals(BaseModel):
    """Bounds at some forecasts; between these they lie on straight lines, and beyond them as far off as at the last.

    Attributes:
        coverage: Which share of the truth is meant to lie between the bounds.
        forecasts: At which forecasts the bounds are given, rising: for each step and output, at each knot.
        lower: The lower bounds there.
        upper: The upper bounds there.
        least: For each output its least value, below which no bound lies; ``None`` if it has none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    coverage: float = Field(gt=0, lt=1)
    forecasts: Table
    lower: Table
    upper: Table
    least: list[Number | None] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_a_table(self) -> Self:
        sizes = [[[len(knots) for knots in row] for row in table] for table in (self.forecasts, self.lower, self.upper)]
        if sizes[1:] != sizes[:-1] or any(len(row) != len(self.least) for row in self.forecasts):
            raise ValueError("the tables differ in shape")
        for cell in self.cells():
            if any(after <= knot for knot, after in pairwise(cell.forecasts)):
                raise ValueError("the forecasts do not rise")
            if any(low > high for low, high in zip(cell.lower, cell.upper, strict=True)):
                raise ValueError("a lower bound lies above the upper one")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """Steps and outputs."""
        return len(self.forecasts), len(self.least)

    def cells(self) -> Iterator[Cell]:
        """Give what there is of each step and output, all outputs of a step before the next step."""
        for rows in zip(self.forecasts, self.lower, self.upper, strict=True):
            for forecasts, lower, upper, least in zip(*rows, self.least, strict=True):
                yield Cell(forecasts, lower, upper, least)
