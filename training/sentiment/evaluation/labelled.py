"""What is measured of a model of any labels on labelled texts, and how two models are compared on the same ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn import metrics

from app.sentiment.labels import Labels
from training.sentiment.evaluation.calibration import Bin
from training.sentiment.evaluation.choice import best
from training.sentiment.evaluation.figures import calibration_error, reliability
from training.sentiment.evaluation.intervals import wilson

Indices = NDArray[np.intp]
Floats = NDArray[np.float64]
RESAMPLES: Final = 10_000
"""Of the bootstrap."""


@dataclass(frozen=True)
class OfLabel:
    """How well a label is told from the others.

    Attributes:
        label: The label.
        rows: How many have it.
        precision: Share of the rows that were given it that have it; 0 if none was given it.
        recall: Share of the rows that have it that were given it.
        f1: The harmonic mean of both.
    """

    label: str
    rows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class LabelledFigures:
    """Figures on labelled texts; with :func:`dataclasses.asdict`, plain JSON.

    Attributes:
        rows: How many texts.
        labels: The labels to choose from.
        accuracy: Share of right labels.
        interval: Its 95 % confidence interval, Wilson's.
        macro_f1: Mean of the labels' F1, of those that occur.
        log_loss: Mean negative log-likelihood, in nats.
        calibration_error: Expected calibration error of the probability of the label that is chosen.
        bins: The reliability diagram of that probability; bins without texts are left out.
        of_label: Figures of each label.
        confusion_matrix: For each label that rows have, how many were given which; shape (labels, labels).
    """

    rows: int
    labels: list[str]
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    log_loss: float
    calibration_error: float
    bins: list[Bin]
    of_label: list[OfLabel]
    confusion_matrix: list[list[int]]


@dataclass(frozen=True)
class PartFigures:
    """The accuracy on some of the texts, with its 95 % confidence interval."""

    name: str
    rows: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float


SIGNIFICANT: Final = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two models on the same texts.

    Attributes:
        rows: How many texts.
        only_first: How many the first alone gets right.
        only_second: How many the second alone gets right.
        difference: Accuracy of the second less that of the first.
        interval: The 95 % interval of the difference, by the paired bootstrap (Efron and Tibshirani, *An Introduction
            to the Bootstrap*, 1993).
        p_value: Of McNemar's exact test: how often as large a difference, or a larger one, comes by chance.
    """

    rows: int
    only_first: int
    only_second: int
    difference: float
    interval: tuple[float, float]
    p_value: float

    @property
    def verdict(self) -> str:
        """Which is better, as far as these texts tell: by the interval and the test, as it is narrow for few texts."""
        if self.p_value >= SIGNIFICANT:
            return "these rows do not tell which is better"
        if self.interval[0] > 0:
            return "the second is better"
        return "the first is better" if self.interval[1] < 0 else "these rows do not tell which is better"


def measure(labels: Indices, probabilities: Floats, names: Labels) -> LabelledFigures:
    """Measure predictions.

    Args:
        labels: The right label of each of n texts, at least one; shape (n,).
        probabilities: Of the labels, shape (n, labels).
        names: The labels.
    """
    chosen, every = best(probabilities), np.arange(len(names))
    right = np.asarray(chosen == labels, np.int8)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, chosen, labels=every, zero_division=0
    )
    likelihood = np.maximum(probabilities[np.arange(len(labels)), labels], np.finfo(np.float32).tiny)
    sure = probabilities.max(axis=1)
    share, mean, count = reliability(right, sure)
    bins = zip(mean.tolist(), share.tolist(), count.tolist(), strict=True)
    return LabelledFigures(
        rows=len(labels),
        labels=[*names],
        accuracy=_rounded(right.mean()),
        interval=_interval(right),
        macro_f1=_macro_f1(labels, chosen),
        log_loss=_rounded(-np.log(likelihood).mean()),
        calibration_error=_rounded(calibration_error(right, sure)),
        bins=[Bin(_rounded(confidence), _rounded(accuracy), texts) for confidence, accuracy, texts in bins],
        of_label=[
            OfLabel(name, int(support[place]), *(_rounded(column[place]) for column in (precision, recall, f1)))
            for place, name in enumerate(names)
        ],
        confusion_matrix=metrics.confusion_matrix(labels, chosen, labels=every).tolist(),
    )


def parts(labels: Indices, probabilities: Floats, of: Sequence[str | None]) -> list[PartFigures]:
    """Measure predictions part by part, the largest first.

    Args:
        labels: The right label of each of n texts, shape (n,).
        probabilities: Of the labels, shape (n, labels).
        of: The name of the part of each; ``None`` where it has none.
    """
    chosen = best(probabilities)
    names = np.array(["(none)" if name is None else name for name in of])
    found = []
    for name in sorted(set(names.tolist())):
        here = names == name
        right = np.asarray(chosen[here] == labels[here], np.int8)
        figures = _rounded(right.mean()), _interval(right), _macro_f1(labels[here], chosen[here])
        found.append(PartFigures(name, int(here.sum()), *figures))
    return sorted(found, key=lambda part: -part.rows)


def compare(labels: Indices, first: Floats, second: Floats, *, seed: int = 0) -> Comparison:
    """Compare two models on the same texts.

    Args:
        labels: The right label of each of n texts, shape (n,).
        first: The probabilities of the first model, shape (n, labels).
        second: Those of the second.
        seed: Of the bootstrap.
    """
    one, other = best(first) == labels, best(second) == labels
    only_first, only_second = int(np.sum(one & ~other)), int(np.sum(other & ~one))
    count = len(labels)
    # To draw texts with replacement is to draw how many are of which of three kinds.
    chances = np.array([only_first, only_second, count - only_first - only_second]) / count
    drawn = np.random.default_rng(seed).multinomial(count, chances, RESAMPLES)
    low, high = np.quantile((drawn[:, 1] - drawn[:, 0]) / count, [0.025, 0.975]).tolist()
    differ = only_first + only_second
    return Comparison(
        rows=count,
        only_first=only_first,
        only_second=only_second,
        difference=_rounded((only_second - only_first) / count),
        interval=(_rounded(low), _rounded(high)),
        p_value=float(binomtest(only_second, differ).pvalue) if differ else 1.0,
    )


def _macro_f1(labels: Indices, chosen: Indices) -> float:
    occur = np.unique(labels)
    return _rounded(metrics.f1_score(labels, chosen, labels=occur, average="macro", zero_division=0))


def _interval(right: NDArray[np.int8]) -> tuple[float, float]:
    low, high = wilson(int(right.sum()), len(right))
    return _rounded(low), _rounded(high)


def _rounded(value: float) -> float:
    return round(float(value), 6)
