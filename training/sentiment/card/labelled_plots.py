"""The plots of figures on labelled texts, for models of any labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.sentiment.card.plots import BLUE, GREY, ORANGE, save
from training.sentiment.evaluation.intervals import wilson
from training.sentiment.evaluation.labelled import LabelledFigures, PartFigures

_MOST_PARTS = 20


def confusion_matrix(figures: LabelledFigures, path: Path) -> None:
    """Plot how many texts of each label were given which."""
    side = 2.6 + 0.6 * len(figures.labels)
    figure = Figure(figsize=(side, side - 0.4), layout="constrained")
    _confusion(figure.subplots(), figures)
    save(figure, path)


def evaluation(figures: Mapping[str, LabelledFigures], parts: Mapping[str, Sequence[PartFigures]], path: Path) -> None:
    """Plot the confusion matrix, the reliability diagram and the accuracy of parts, a row for each model.

    Args:
        figures: By the models' names.
        parts: The parts of each; they may be empty.
        path: Where to write.
    """
    columns = 3 if any(parts.values()) else 2
    figure = Figure(figsize=(4.6 * columns, 4.2 * len(figures)), layout="constrained")
    for row, (name, found) in zip(figure.subplots(len(figures), columns, squeeze=False), figures.items(), strict=True):
        _confusion(row[0], found)
        row[0].set_title(f"{name}: {found.rows:,} rows")
        _reliability(row[1], found)
        if columns == 3:
            _parts(row[2], parts[name][:_MOST_PARTS])
    save(figure, path)


def learning_curve(points: Sequence[tuple[int, float, float]], path: Path) -> None:
    """Plot the accuracy over the number of rows trained on: of the network, and of the linear model.

    Args:
        points: Rows, accuracy of the network, accuracy of the linear model.
        path: Where to write.
    """
    figure = Figure(figsize=(5.4, 3.8), layout="constrained")
    axes = figure.subplots()
    rows, network, linear = zip(*points, strict=True)
    axes.plot(rows, network, "o-", color=BLUE, label="network")
    axes.plot(rows, linear, "o-", color=ORANGE, label="linear model")
    axes.set(xlabel="rows trained on", ylabel="accuracy on the test rows", xscale="log")
    axes.legend()
    save(figure, path)


def _confusion(axes: Axes, figures: LabelledFigures) -> None:
    counts = np.array(figures.confusion_matrix)
    axes.imshow(counts, cmap="Blues", vmin=0)
    for (row, column), count in np.ndenumerate(counts):
        colour = "white" if count > counts.max() / 2 else "black"
        axes.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=9)
    places = range(len(figures.labels))
    axes.set(xticks=places, yticks=places, yticklabels=figures.labels, xlabel="predicted", ylabel="true")
    axes.set_xticklabels(figures.labels, rotation=30, ha="right")


def _reliability(axes: Axes, figures: LabelledFigures) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    confidence, accuracy = (
        np.array([getattr(one, name) for one in figures.bins]) for name in ("confidence", "accuracy")
    )
    low, high = np.array([wilson(round(one.accuracy * one.texts), one.texts) for one in figures.bins]).T
    beyond = np.maximum([accuracy - low, high - accuracy], 0)
    axes.errorbar(confidence, accuracy, beyond, fmt="o-", color=BLUE, ecolor=ORANGE, capsize=3)
    axes.set(xlabel="probability of the label", ylabel="share of right labels", xlim=(0, 1.02), ylim=(0, 1.05))
    axes.set_title(f"calibration error {figures.calibration_error:.3f}")


def _parts(axes: Axes, parts: Sequence[PartFigures]) -> None:
    accuracy = np.array([part.accuracy for part in parts])
    low, high = np.array([part.interval for part in parts]).T
    beyond = np.maximum([accuracy - low, high - accuracy], 0)
    axes.bar(range(len(parts)), accuracy, yerr=beyond, capsize=4, color=BLUE, ecolor=ORANGE)
    axes.set_xticks(range(len(parts)), [f"{part.name[:20]}\n{part.rows:,}" for part in parts], fontsize=8)
    axes.set(ylim=(0, 1), ylabel="accuracy")
