"""Series in the order of time: cut into windows to learn with, by what they are for."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
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
    """

    inputs: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Examples:
    """Windows of observations and what follows them.

    Attributes:
        inputs: Shape (n, observations, features).
        targets: Shape (n, steps, outputs).
        last: What the targets were before, shape (n, steps, outputs): at the last time observed, or, where there is a
            target at each observation, the time before it.
        days: The day of each step, shape (n, steps), counted from the first row of its series.
        series: Of which series each window is, shape (n,).
    """

    inputs: Array
    targets: Array
    last: Array
    days: NDArray[np.int64]
    series: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: NDArray[np.bool_]) -> Self:
        """Return some of them, in the same order."""
        return replace(self, **{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True)
class Stretches:
    """Longer sequences, of which each of the last observations ends a window, so that many are learnt from at once.

    Attributes:
        inputs: Shape (n, observations + further, features).
        targets: What follows each of those windows, shape (n, further + 1, steps, outputs).
    """

    inputs: Array
    targets: Array

    @classmethod
    def of(cls, examples: Examples, further: int) -> Self:
        """Join windows that follow each other in their series, so that each is in two stretches or more."""
        starts = np.arange(0, len(examples) - further, max(1, further // 3))
        starts = starts[examples.series[starts] == examples.series[starts + further]]
        after = starts[:, None] + np.arange(1, further + 1)
        inputs = np.concatenate([examples.inputs[starts], examples.inputs[after, -1]], axis=1)
        return cls(inputs, examples.targets[starts[:, None] + np.arange(further + 1)])


@dataclass(frozen=True)
class Splits:
    """Examples by what they are for.

    Attributes:
        training: To learn from.
        validation: To choose by: the epoch, and what the baselines leave open; and to calibrate intervals on.
        test: To measure, once. What they forecast is in no other part.
    """

    training: Examples
    validation: Examples
    test: Examples


VALIDATION, TEST = 0.6, 0.8
"""Where in time the validation begins in a series that is cut, and where the test."""


def split(series: Series, observations: int, steps: Sequence[int]) -> Splits:
    """Cut one series in time by what is forecast: the earliest to learn from, the latest to measure.

    No time that is forecast in one part is forecast in another. The observations of the later parts may reach back
    into the earlier ones, as they do whenever a forecast is made.

    Args:
        series: The series.
        observations: How many times a window shows.
        steps: Which times after its last one are to be forecast; 1 is the next.
    """
    found = windows([series], observations, steps)
    begin, end = found.days.min(axis=1, initial=len(series)), found.days.max(axis=1, initial=0)
    validation, test = round(VALIDATION * len(series)), round(TEST * len(series))
    return Splits(
        found.take(end < validation),
        found.take((begin >= validation) & (end < test)),
        found.take(begin >= test),
    )


def windows(series: Sequence[Series], observations: int, steps: Sequence[int]) -> Examples:
    """Return all windows of some series whose steps lie in them too, one series after the other.

    Of each series there are as many as it is long, less the observations and the last step, and one.
    """
    parts = []
    for number, one in enumerate(series):
        ends = np.arange(observations - 1, len(one) - max(steps))
        seen = ends[:, None] + np.arange(1 - observations, 1)
        ahead = ends[:, None] + np.array(steps)
        last = np.repeat(one.targets[ends][:, None], len(steps), axis=1)
        parts.append(Examples(one.inputs[seen], one.targets[ahead], last, ahead, np.full(len(ends), number)))
    return Examples(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Examples)))
