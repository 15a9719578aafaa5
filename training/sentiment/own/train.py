"""From rows that were looked at to a model: split, trained, calibrated, and measured beside a linear model."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from app.sentiment.labels import BINARY, Labels
from training.checkpoint import Checkpoint
from training.corpora.own import Row
from training.sentiment.distillation.corpus import encoded
from training.sentiment.distillation.network import Network
from training.sentiment.encoding import encode
from training.sentiment.evaluation.calibration import Calibration, Scored, calibrate, logits_of
from training.sentiment.own import adapting, fresh, split
from training.sentiment.own.adapting import LabelledIds
from training.sentiment.own.base import Base, Weights
from training.sentiment.own.inspection import Inspected
from training.sentiment.own.linear import LinearBaseline
from training.sentiment.own.network import Floats, WindowNetwork
from training.sentiment.own.recipe import FreshLectureRecipe, FreshNetworkRecipe, OwnRecipe, TuningRecipe
from training.sentiment.trained import Trained

CURVE: Final = (0.1, 0.3)
"""Shares of the rows of a learning curve, below all."""
CROSS_VALIDATED: Final = "training rows, cross-validated"
HELD_OUT: Final = "held-out rows"


@dataclass(frozen=True)
class Sides:
    """Rows to train on, and rows to test with.

    Attributes:
        train: The rows that training sees, those included that it chooses by.
        test: The rows that chose nothing.
        labels: What is told apart.
        held_out: Whether the test rows are a share of the data, rather than a file of their own.
    """

    train: Sequence[Row]
    test: Sequence[Row]
    labels: Labels
    held_out: bool

    def of(self, rows: Sequence[Row]) -> NDArray[np.intp]:
        """Number the labels of rows, shape (n,)."""
        return np.array([self.labels.index(row.label) for row in rows], np.intp)


@dataclass(frozen=True)
class CurvePoint:
    """The accuracies on the test rows after training on some of the rows."""

    rows: int
    network: float
    linear: float


@dataclass(frozen=True)
class OwnModel:
    """A model, and what it has to beat.

    Attributes:
        trained: The model.
        linear: The linear model's probabilities for the test rows, shape (n, labels).
        base: Those of the base, where it has all labels.
        curve: The learning curve, if it was asked for, without its last point.
    """

    trained: Trained
    linear: Floats
    base: Floats | None
    curve: list[CurvePoint] = field(default_factory=list)


def sides(inspected: Inspected, recipe: OwnRecipe, *, seed: int) -> Sides:
    """Part the rows, unless there are test rows already.

    Raises:
        split.SplitError: No row of a label would be left to train on, or there is none to test with.
    """
    rows, labels = inspected.train.rows, inspected.train.labels
    if inspected.test is not None:
        if not inspected.test.rows:
            raise split.SplitError("No test row has a text; name another --test file.")
        return Sides(rows, inspected.test.rows, labels, held_out=False)
    numbers = np.array([labels.index(row.label) for row in rows], np.intp)
    held = split.hold_out(numbers, split.groups(rows), recipe.held_out, seed)
    train, test = ([row for row, side in zip(rows, held, strict=True) if side == wanted] for wanted in (False, True))
    gone = next((label for label in labels if label not in {row.label for row in train}), None)
    if gone is not None:
        raise split.SplitError(
            f"All rows of the label {gone!r} are of one group or one text, so that none could be trained on and tested "
            "with; name test rows with --test, or leave that label out."
        )
    return Sides(train, test, labels, held_out=True)


def train(
    recipe: OwnRecipe, parted: Sides, base: Base | None, *, seed: int, checkpoint: Checkpoint, curve: bool
) -> OwnModel:
    """Train a model, and the linear model beside it.

    Args:
        recipe: How.
        parted: The rows.
        base: What ``adapt`` begins with.
        seed: Of everything random.
        checkpoint: Where the state of a long training is kept.
        curve: Whether to train on parts of the rows, too.

    Raises:
        training.checkpoint.Interrupted: A signal came; the state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    if isinstance(recipe, FreshLectureRecipe):
        made, repeated = _lecture(recipe, parted, seed, checkpoint)
    elif isinstance(recipe, TuningRecipe):
        made, repeated = _network(recipe, parted, base, seed, checkpoint)
    else:
        raise TypeError(recipe)
    sys.stderr.write("The linear model on the same rows.\n")
    linear = _linear(parted, parted.train)
    points = _curve(parted, repeated, seed) if curve else []
    return OwnModel(made, linear, _base_answers(base, parted), points)


Repeated = Callable[[Sequence[Row]], Floats]
"""Trains on some rows as it was chosen for all, and returns the logits of the test rows."""


def _network(
    recipe: TuningRecipe, parted: Sides, base: Base | None, seed: int, checkpoint: Checkpoint
) -> tuple[Trained, Repeated]:
    texts = [row.text for row in parted.train]

    def start(some: Sequence[str]) -> Base:
        if isinstance(recipe, FreshNetworkRecipe):
            return fresh.untrained(recipe, some, parted.labels, seed=seed)
        assert base is not None  # noqa: S101 - the command read it
        return base.with_words(some, recipe.new_words, recipe.rare)

    first = start(texts)
    examples = _examples(first, parted, parted.train)
    found = adapting.adapt(recipe, first, examples, seed=seed, checkpoint=checkpoint)
    calibration = _calibrated(found.scored, CROSS_VALIDATED if found.cross_validated else HELD_OUT)
    model = serving_model(found.weights, first, parted.labels, calibration.applied)
    held = 0 if found.cross_validated else len(found.scored.labels)
    trained = Trained(
        recipe=recipe,
        seed=seed,
        tokenizer=first.tokenizer,
        model=model,
        history=found.history,
        best_epoch=max(1, found.chosen.epochs),
        data={"training": len(parted.train), "validation": held},
        figures={
            "validation": {"accuracy": found.chosen.accuracy, "log_loss": found.chosen.log_loss},
            "chosen": asdict(found.chosen),
            "candidates": [asdict(candidate) for candidate in found.candidates],
            "new_words": first.tokenizer.vocabulary_size - (base.tokenizer.vocabulary_size if base else 0),
        },
        labels=parted.labels,
        calibration=calibration,
        language=first.serving.language,
    )

    def again(rows: Sequence[Row]) -> Floats:
        begin = start([row.text for row in rows])
        weights = adapting.repeat(recipe, begin, _examples(begin, parted, rows), found.chosen, seed=seed)
        network = WindowNetwork(weights, begin.window)
        return network.logits(network.maxima([encoded(begin.tokenizer, row.text) for row in parted.test]))

    return trained, again


def _lecture(recipe: FreshLectureRecipe, parted: Sides, seed: int, checkpoint: Checkpoint) -> tuple[Trained, Repeated]:
    def fit(rows: Sequence[Row], kept: Checkpoint) -> tuple[Any, ...]:
        labels = parted.of(rows)
        held = split.hold_out(labels, split.groups(rows), recipe.validation, seed)
        texts = [row.text for row in rows]
        return (
            *fresh.lecture(recipe, texts, labels, held, parted.labels, seed=seed, checkpoint=kept),
            labels[held],
        )

    model, tokenizer, history, best_epoch, logits, labels = fit(parted.train, checkpoint)
    calibration = _calibrated(Scored(logits, labels, np.arange(len(labels)) % 5), HELD_OUT)
    served = fresh.with_sigmoid(model) if parted.labels == BINARY else model
    fresh.divided(served, calibration.applied)
    best = history[best_epoch - 1]
    trained = Trained(
        recipe=recipe,
        seed=seed,
        tokenizer=tokenizer,
        model=served,
        history=[{name: round(value, 6) for name, value in epoch.items()} for epoch in history],
        best_epoch=best_epoch,
        data={"training": len(parted.train) - len(labels), "validation": len(labels)},
        figures={"validation": {"accuracy": best["val_accuracy"], "log_loss": best["val_loss"]}},
        labels=parted.labels,
        calibration=calibration,
        language=None,
    )

    def again(rows: Sequence[Row]) -> Floats:
        other, words, *_ = fit(rows, checkpoint.part(f"curve-{len(rows)}"))
        ids = encode(words, recipe, [row.text for row in parted.test])
        return logits_of(other.predict(ids, verbose=0))

    return trained, again


def _examples(base: Base, parted: Sides, rows: Sequence[Row]) -> LabelledIds:
    ids = [encoded(base.tokenizer, row.text) for row in rows]
    return LabelledIds(ids, parted.of(rows), split.groups(rows), parted.labels)


def _calibrated(scored: Scored, name: str) -> Calibration:
    return calibrate({name: scored}, [name])


def serving_model(weights: Weights, base: Base, labels: Labels, temperature: float) -> keras.Sequential:
    """Return the Keras model of a network, with a sigmoid if the labels are negative and positive alone.

    Args:
        weights: Of all layers, the last one a softmax of the labels.
        base: Its windows and the length of its texts.
        labels: What it tells apart.
        temperature: The logits are divided by this.
    """
    *others, kernel, bias = weights
    if labels == BINARY:
        kernel, bias = kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]
    vectors, *lstm = others
    network = Network(vectors, len(lstm[1]), outputs=len(bias), window=base.window)
    network.lstm.set_weights(lstm)
    network.dense.set_weights([kernel, bias])
    return network.serving_model(base.serving.maxlen, temperature)


def _linear(parted: Sides, rows: Sequence[Row]) -> Floats:
    model = LinearBaseline.fit([row.text for row in rows], parted.of(rows), len(parted.labels))
    return model.predict([row.text for row in parted.test])


def _base_answers(base: Base | None, parted: Sides) -> Floats | None:
    """Return the probabilities that the base gives the test rows, if it has all labels."""
    if base is None:
        return None
    weights, known = base.for_labels(parted.labels)
    if not known.all():
        return None
    network = WindowNetwork(weights, base.window)
    ids = [encoded(base.tokenizer, row.text) for row in parted.test]
    return np.asarray(softmax(network.logits(network.maxima(ids)), axis=1), np.float64)


def _curve(parted: Sides, repeated: Repeated, seed: int) -> list[CurvePoint]:
    points = []
    wanted = parted.of(parted.test)
    order = np.random.default_rng(seed).permutation(len(parted.train))
    for share in CURVE:
        rows = [parted.train[index] for index in order[: round(share * len(order))]]
        counts = np.bincount(parted.of(rows), minlength=len(parted.labels))
        if counts.min() < 2:
            sys.stderr.write(f"No point of the learning curve at {share:.0%}: a label has too few rows there.\n")
            continue
        sys.stderr.write(f"Learning curve: {len(rows):,} rows.\n")
        found = (repeated(rows), _linear(parted, rows))
        points.append(CurvePoint(len(rows), *(_accuracy(one, wanted) for one in found)))
    return points


def _accuracy(scores: Floats, labels: NDArray[np.intp]) -> float:
    return round(float(np.mean(scores.argmax(axis=1) == labels)), 6)
