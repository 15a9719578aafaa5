"""The plots of a model card, as PNG files."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn import metrics

from training.sentiment.evaluation.calibration import BeforeAndAfter, Bin
from training.sentiment.evaluation.error_analysis import ErrorAnalysis, Group
from training.sentiment.evaluation.figures import Figures, Floats, reliability
from training.sentiment.evaluation.intervals import wilson

mpl.use("Agg")

BLUE: Final = "#2563a8"
ORANGE: Final = "#c2570c"
GREY: Final = "#8a8f98"


def learning_curve(history: list[dict[str, float]], best_epoch: int, path: Path) -> None:
    """Plot loss and accuracy after each epoch, on training and held-out reviews, and mark the epoch kept.

    Args:
        history: For each epoch ``val_loss``, ``val_accuracy``, and ``loss`` and ``accuracy`` where they are known.
        best_epoch: The epoch kept, counted from 1.
        path: Where to write.
    """
    epochs = range(1, len(history) + 1)
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        if name in history[0]:
            axes.plot(epochs, [epoch[name] for epoch in history], "o-", color=BLUE, label="training")
        axes.plot(epochs, [epoch[f"val_{name}"] for epoch in history], "o-", color=ORANGE, label="held-out movies")
        axes.axvline(best_epoch, color=GREY, linestyle=":", label="epoch kept")
        axes.set(xlabel="epoch", ylabel=name, xticks=list(epochs))
        axes.legend()
    save(figure, path)


def confusion_matrix(figures: Figures, path: Path) -> None:
    """Plot how many reviews of each label were classified as which."""
    counts = np.array(figures.confusion_matrix)
    figure, axes = _square()
    axes.imshow(counts, cmap="Blues", vmin=0)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if count > counts.max() / 2 else "black"
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=14)
    names = ["negative", "positive"]
    axes.set(xticks=[0, 1], xticklabels=names, yticks=[0, 1], yticklabels=names, xlabel="predicted", ylabel="true")
    save(figure, path)


def roc_curve(labels: NDArray[np.int8], probabilities: Floats, path: Path) -> None:
    """Plot the true positive rate over the false positive rate for all thresholds."""
    false_rate, true_rate, _ = metrics.roc_curve(labels, probabilities)
    figure, axes = _square()
    axes.plot(false_rate, true_rate, color=BLUE)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    save(figure, path)


def reliability_diagram(labels: NDArray[np.int8], probabilities: Floats, path: Path) -> None:
    """Plot the share of positive reviews over the probability given to them, with the size of each bin."""
    figure, axes = _square()
    share, mean, count = reliability(labels, probabilities)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    axes.plot(mean, share, "o-", color=BLUE)
    axes.set(xlabel="probability of positive", ylabel="share of positive", xlim=(0, 1), ylim=(0, 1))
    bars = axes.twinx()
    bars.bar(mean, count, width=0.05, color=ORANGE, alpha=0.3)
    bars.set(ylabel="reviews", ylim=(0, 3 * count.max()))
    save(figure, path)


def reliability_of_sets(sets: Mapping[str, BeforeAndAfter], path: Path) -> None:
    """Plot the reliability diagrams of several sets, without and with a temperature, with 95 % intervals of the latter.

    Args:
        sets: At least one set, by name.
        path: Where to write.
    """
    columns = min(3, len(sets))
    rows = ceil(len(sets) / columns)
    figure = Figure(figsize=(3.6 * columns, 3.4 * rows), layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, (name, one) in zip(panels, sets.items(), strict=False):
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
        axes.plot(*_points(one.bins_before), "o", color=GREY, markersize=4, label="before")
        low, high = np.array([wilson(round(part.accuracy * part.texts), part.texts) for part in one.bins_after]).T
        confidence, accuracy = _points(one.bins_after)
        beyond = np.maximum([accuracy - low, high - accuracy], 0)
        axes.errorbar(confidence, accuracy, beyond, fmt="o-", color=BLUE, ecolor=ORANGE, capsize=3, label="after")
        axes.set(title=f"{name}: {one.texts:,}", xlabel="probability of the label", ylabel="share of right labels")
        axes.set(xlim=(0.3, 1.02), ylim=(0, 1.05))
    panels[0].legend(loc="upper left")
    for axes in panels[len(sets) :]:
        axes.set_visible(False)
    save(figure, path)


def accuracy_by_kind(analysis: ErrorAnalysis, path: Path) -> None:
    """Plot the accuracy by length, stars and share of unknown words, with 95 % intervals and the size of each group."""
    panels = {"words": analysis.by_length, "stars": analysis.by_stars, "unknown words": analysis.by_unknown}
    figure = Figure(figsize=(14, 3.6), layout="constrained")
    widths = [len(groups) for groups in panels.values()]
    for axes, (name, groups) in zip(figure.subplots(1, 3, width_ratios=widths), panels.items(), strict=True):
        _accuracy(axes, groups)
        axes.set(xlabel=name, ylabel="accuracy")
    save(figure, path)


def comparison(
    labels: NDArray[np.int8], scores: Mapping[str, Floats], probabilities: Mapping[str, Floats], path: Path
) -> None:
    """Plot the ROC curves of several models, and how true the probabilities are of those that give some.

    Args:
        labels: 1 for positive or 0, shape (n,).
        scores: By name, what was given for them, shape (n,).
        probabilities: Those that are meant as probabilities.
        path: Where to write.
    """
    figure = Figure(figsize=(9.5, 4.2), layout="constrained")
    roc, calibration = figure.subplots(1, 2)
    for number, (name, given) in enumerate(scores.items()):
        false_rate, true_rate, _ = metrics.roc_curve(labels, given)
        roc.plot(false_rate, true_rate, color=f"C{number}", label=name)
        if name in probabilities:
            share, mean, _ = reliability(labels, given)
            calibration.plot(mean, share, "o-", color=f"C{number}", label=name)
    for axes in (roc, calibration):
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
        axes.legend()
    roc.set(xlabel="false positive rate", ylabel="true positive rate")
    calibration.set(xlabel="probability of positive", ylabel="share of positive")
    save(figure, path)


def _points(bins: Sequence[Bin]) -> tuple[Floats, Floats]:
    """Return the mean probabilities and the accuracies of the bins."""
    return np.array([one.confidence for one in bins]), np.array([one.accuracy for one in bins])


def _accuracy(axes: Axes, groups: Sequence[Group]) -> None:
    accuracy = np.array([group.accuracy for group in groups])
    low, high = np.array([group.interval for group in groups]).T
    # The accuracy may lie beyond its interval by a rounding error, and matplotlib takes no negative ones.
    beyond = np.maximum([accuracy - low, high - accuracy], 0)
    axes.bar(range(len(groups)), accuracy, yerr=beyond, capsize=4, color=BLUE, ecolor=ORANGE)
    axes.set_xticks(range(len(groups)), [f"{group.name}\n{group.reviews:,}" for group in groups], fontsize=8)
    axes.set_ylim(0, 1)


def _square() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(4.4, 4), layout="constrained")
    return figure, figure.subplots()


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, without what changes from one version of Matplotlib to the next."""
    figure.savefig(path, dpi=110, metadata={"Software": None})
