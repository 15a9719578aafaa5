"""Latency against load: what was measured, and how it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure as Plot

LIMIT: Final = 0.05
"""Seconds that 99 of 100 requests shall stay within."""


@dataclass(frozen=True)
class Point:
    """Latency at some load.

    Attributes:
        rate: Requests a second.
        median: Seconds that half of them stayed within.
        late: Seconds that 99 of 100 stayed within.
        expected: The same by the formula of a queue.
    """

    rate: float
    median: float
    late: float
    expected: float


@dataclass(frozen=True)
class Curve:
    """Latency against load.

    Attributes:
        model: The model that answers.
        words: Of a text.
        workers: Processes that serve.
        most: Requests a second that they do at most.
        resident: Bytes of the first process.
        points: What was measured.
    """

    model: str
    words: int
    workers: int
    most: float
    resident: int
    points: Sequence[Point]

    @property
    def within_limit(self) -> float:
        """The highest rate that was measured at which 99 of 100 requests stay within :data:`LIMIT`; 0 if none does."""
        return max((point.rate for point in self.points if point.late < LIMIT), default=0.0)


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Draw the latency that 99 of 100 requests stay within against the load, a panel a length, for each model."""
    models = list(dict.fromkeys(one.model for one in curves))
    lengths = sorted({one.words for one in curves})
    plot = Plot(figsize=(4.2 * len(lengths), 3.2 * len(models)), layout="constrained")
    axes = plot.subplots(len(models), len(lengths), squeeze=False)
    for one in curves:
        _curve_of(axes[models.index(one.model)][lengths.index(one.words)], one)
    axes[0][0].legend(fontsize=7, frameon=False)
    plot.savefig(path, dpi=110)


def _curve_of(axis: Any, curve: Curve) -> None:
    color = {1: "#1d6fa5", 2: "#c05a2a"}[curve.workers]
    rates = [point.rate for point in curve.points]
    said = f"{curve.workers} worker{'s' if curve.workers > 1 else ''}"
    axis.plot(rates, [point.late * 1000 for point in curve.points], color=color, marker="o", markersize=3, label=said)
    expected = [point.expected * 1000 for point in curve.points]
    axis.plot(rates, expected, color=color, linestyle=":", linewidth=1, label=f"{said}, M/D/{curve.workers}")
    axis.axhline(LIMIT * 1000, color="#b8bec4", linewidth=0.8)
    axis.set_yscale("log")
    axis.set_title(f"{curve.model}, {curve.words} words", fontsize=9, loc="left")
    axis.set_xlabel("requests a second", fontsize=8)
    axis.set_ylabel("99 % within, ms", fontsize=8)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
