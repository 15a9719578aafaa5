"""Series in the order of time: cut into years to learn from and years held out, and into windows to learn with."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Series:
    """What was observed, and what is to be forecast, at the same times.

    Attributes:
        inputs: Shape (time, features).
        targets: Shape (time, outputs).
        start: The day of its first row, counted from the first one simulated.
    """

    inputs: Array
    targets: Array
    start: int = 0

    def __len__(self) -> int:
        return len(self.inputs)

    def cut(self, start: float, end: float) -> "Series":
        """Return the part between two shares of its time, from 0 to 1."""
        first, last = round(start * len(self)), round(end * len(self))
        return Series(self.inputs[first:last], self.targets[first:last], self.start + first)


@dataclass(frozen=True)
class Examples:
    """Windows of observations and what follows them.

    Attributes:
        inputs: Shape (n, observations, features).
        targets: Shape (n, steps, outputs).
        last: What the targets were before, shape (n, steps, outputs): at the last time observed, or, where there is a
            target at each observation, the time before it.
        days: The day of each step, shape (n, steps).
    """

    inputs: Array
    targets: Array
    last: Array
    days: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.inputs)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the examples of all parts, one part after the other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


@dataclass(frozen=True)
class Splits:
    """Examples by what they are for.

    Attributes:
        training: To learn from.
        validation: To choose the epoch by. They come after the training examples.
        test: To measure, once. They come last, and share no day with the others.
    """

    training: Examples
    validation: Examples
    test: Examples


TRAINING, VALIDATION = 0.65, 0.75
"""Where in time the training ends, and where the validation."""


def split(series: Sequence[Series], observations: int, steps: Sequence[int]) -> Splits:
    """Cut series in time, and each part into windows, so that no window reaches over a cut.

    Args:
        series: Series of the same features; each is cut.
        observations: How many times a window shows.
        steps: Which times after its last one are to be forecast; 1 is the next.
    """

    def part(start: float, end: float) -> Examples:
        return Examples.join([windows(one.cut(start, end), observations, steps) for one in series])

    return Splits(part(0, TRAINING), part(TRAINING, VALIDATION), part(VALIDATION, 1))


def windows(series: Series, observations: int, steps: Sequence[int]) -> Examples:
    """Return all windows of a series whose steps lie in it too; n is its length − observations − last step + 1."""
    ends = np.arange(observations - 1, len(series) - max(steps))
    seen = ends[:, None] + np.arange(1 - observations, 1)
    ahead = ends[:, None] + np.array(steps)
    last = np.repeat(series.targets[ends][:, None], len(steps), axis=1)
    return Examples(series.inputs[seen], series.targets[ahead], last, series.start + ahead)
