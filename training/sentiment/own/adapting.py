"""From a network that has learnt something to one that answers with the user's labels.

Three things are tried, from the most careful to the boldest: to change no more than the biases of the last layer; to
change the last layer; and to train all weights a little further. How far to go (the variance of the last layer, the
learning rate, the epoch, and the share of the way from the first weights to the trained ones) is chosen by the log loss
on rows that were not trained on, after a temperature: that is about how well the texts are told apart, as what is left
is calibrated in the end.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.sentiment.labels import Labels
from training import checkpoint as checkpoints
from training.checkpoint import Checkpoint
from training.sentiment.distillation.corpus import Ids
from training.sentiment.evaluation.calibration import Scored
from training.sentiment.own import head
from training.sentiment.own.base import Base, Weights
from training.sentiment.own.network import Floats
from training.sentiment.own.recipe import MOST_EPOCHS, TuningRecipe
from training.sentiment.own.split import Indices, folds, hold_out
from training.sentiment.own.tuning import SHARES, ChoosingLearner, Tuning, TuningLearner, between, loss

BIASES, LAST_LAYER, ALL_WEIGHTS = "biases of the last layer", "last layer", "all weights"


@dataclass(frozen=True)
class LabelledIds:
    """Texts to learn from.

    Attributes:
        ids: The ids of each, without the start id.
        labels: The label of each, shape (n,).
        members: The group of each, which is not parted; shape (n,).
        names: The labels.
    """

    ids: Sequence[Ids]
    labels: Indices
    members: Indices
    names: Labels

    def take(self, chosen: NDArray[Any]) -> "LabelledIds":
        """Return some of them; ``chosen`` are indices or says it of each."""
        indices = np.arange(len(self.labels))[chosen]
        return LabelledIds(
            [self.ids[index] for index in indices], self.labels[chosen], self.members[chosen], self.names
        )

    @property
    def targets(self) -> NDArray[np.float32]:
        """1 for the label of each text, else 0; shape (n, labels)."""
        return np.eye(len(self.names), dtype=np.float32)[self.labels]


@dataclass(frozen=True)
class Attempt:
    """A way to go on from the base, and how good it was on rows that it did not see.

    Attributes:
        changed: What was trained.
        log_loss: In nats, after the temperature that is best for it.
        accuracy: Share of right labels.
        variance: Of the last layer's weights.
        rate: The learning rate, if all weights were trained.
        epochs: Times that all texts were read, if all weights were trained.
        share: How far the weights went from the first to the trained ones.
    """

    changed: str
    log_loss: float
    accuracy: float
    variance: float
    rate: float = 0.0
    epochs: int = 0
    share: float = 0.0


@dataclass(frozen=True)
class Adapted:
    """A network that answers with the user's labels.

    Attributes:
        weights: Of all layers.
        candidates: What was tried.
        chosen: What was done.
        scored: The logits of rows that were not trained on when they were computed, and their labels.
        cross_validated: Whether these are all rows; else a part that was held out.
        history: Figures of each epoch, where all weights were trained; with a held-out part, of the training that
            chose the epoch.
    """

    weights: Weights
    candidates: Sequence[Attempt]
    chosen: Attempt
    scored: Scored
    cross_validated: bool
    history: list[dict[str, float]]


def adapt(
    recipe: TuningRecipe, base: Base, examples: LabelledIds, *, seed: int, checkpoint: Checkpoint | None = None
) -> Adapted:
    """Go on from a base.

    Args:
        recipe: How to train.
        base: Where to begin.
        examples: The texts, with the ids of the base's tokenizer.
        seed: Of everything random.
        checkpoint: Where a long training is resumed from.

    Raises:
        training.checkpoint.Interrupted: A signal came; the state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    weights, known = base.for_labels(examples.names)
    # Most words of the vocabulary do not occur: what is not read does not change, and need not be updated.
    used = np.unique(np.concatenate([np.arange(3, dtype=np.int32), *examples.ids]))
    small = LabelledIds([np.searchsorted(used, ids).astype(np.int32) for ids in examples.ids], *_rest(examples))
    start = [weights[0][used], *weights[1:]]
    work = _Adaptation(recipe, Tuning(recipe, start, base.window), start, known, seed)
    if len(examples.labels) <= recipe.cross_validated:
        found = work.cross_validate(small)
    else:
        found = work.validate(small, checkpoint)
    full = weights[0].copy()
    full[used] = found.weights[0]
    return Adapted(
        [full, *found.weights[1:]],
        found.candidates,
        found.chosen,
        found.scored,
        found.cross_validated,
        found.history,
    )


def repeat(recipe: TuningRecipe, base: Base, examples: LabelledIds, chosen: Attempt, *, seed: int) -> Weights:
    """Do with other rows what was chosen before, and choose nothing; for learning curves."""
    weights, known = base.for_labels(examples.names)
    work = _Adaptation(recipe, Tuning(recipe, weights, base.window), weights, known, seed)
    return work.train(examples, chosen)[0]


def _rest(examples: LabelledIds) -> tuple[Indices, Indices, Labels]:
    return examples.labels, examples.members, examples.names


class _Adaptation:
    def __init__(
        self, recipe: TuningRecipe, tuning: Tuning, start: Weights, known: NDArray[np.bool_], seed: int
    ) -> None:
        self._recipe = recipe
        self._tuning = tuning
        self._start = start
        self._known = known
        self._seed = seed

    @property
    def _variances(self) -> tuple[float, ...]:
        """Of the last layer; with 0, no more than its biases change."""
        return (0.0, *head.VARIANCES) if self._known.any() else head.VARIANCES

    def _with_head(self, maxima: NDArray[np.float32], targets: NDArray[np.float32], variance: float) -> Weights:
        *others, kernel, bias = self._start
        return [*others, *head.fit(maxima, targets, kernel, bias, self._known, variance)]

    def cross_validate(self, examples: LabelledIds) -> Adapted:
        """Choose by cross-validation, and train on all."""
        recipe, targets, labels = self._recipe, examples.targets, examples.labels
        fold_of = folds(labels, examples.members, recipe.folds, self._seed)
        parts = [(np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in range(recipe.folds)]
        maxima = self._tuning.maxima(self._start, examples.ids)
        answers: dict[Attempt, Floats] = {}

        def out_of_fold(answer: Callable[[Indices, Indices], Floats]) -> Floats:
            found = np.zeros(targets.shape)
            for fitted, left_out in parts:
                found[left_out] = answer(fitted, left_out)
            return found

        for variance in self._variances:

            def last(fitted: Indices, left_out: Indices, variance: float = variance) -> Floats:
                *_, kernel, bias = self._with_head(maxima[fitted], targets[fitted], variance)
                return np.asarray(maxima[left_out] @ kernel + bias, np.float64)

            found = out_of_fold(last)
            answers[_candidate(found, labels, BIASES if variance == 0 else LAST_LAYER, variance)] = found
        first = min(answers, key=lambda one: one.log_loss)
        for rate in recipe.rates:
            answers |= self._tuned(examples, parts, maxima, first.variance, rate)
        chosen = min(answers, key=lambda one: one.log_loss)
        weights, history = self.train(examples, chosen)
        scored = Scored(answers[chosen], labels, fold_of)
        return Adapted(weights, [*answers], chosen, scored, True, history)

    def _tuned(
        self,
        examples: LabelledIds,
        parts: Sequence[tuple[Indices, Indices]],
        maxima: NDArray[np.float32],
        variance: float,
        rate: float,
    ) -> dict[Attempt, Floats]:
        """Train all weights without each fold in turn; return its logits after each epoch, for each of the shares."""
        targets, epochs = examples.targets, self._recipe.epochs
        found = np.zeros((epochs, len(SHARES), *targets.shape))
        for number, (fitted, left_out) in enumerate(parts, start=1):
            sys.stderr.write(f"Learning rate {rate:g}: fold {number} of {len(parts)}.\n")
            part = examples.take(fitted)
            start = self._with_head(maxima[fitted], targets[fitted], variance)
            self._tuning.begin(start, rate, self._steps(part))
            rows = [examples.ids[index] for index in left_out]
            for epoch in range(epochs):
                self._epoch(part, epoch)
                for place, share in enumerate(SHARES):
                    weights = between(start, self._tuning.averaged, share)
                    found[epoch, place, left_out] = self._tuning.logits(weights, rows)
        return {
            _candidate(logits, examples.labels, ALL_WEIGHTS, variance, rate, epoch + 1, share): logits
            for epoch, of_share in enumerate(found)
            for share, logits in zip(SHARES, of_share, strict=True)
        }

    def validate(self, examples: LabelledIds, checkpoint: Checkpoint | None) -> Adapted:
        """Hold some rows out, choose by them, and train on all."""
        recipe = self._recipe
        held = hold_out(examples.labels, examples.members, recipe.validation, self._seed)
        train, held_out = examples.take(~held), examples.take(held)
        maxima = self._tuning.maxima(self._start, train.ids)
        others = self._tuning.maxima(self._start, held_out.ids)
        found: dict[Attempt, Floats] = {}
        heads: dict[Attempt, Weights] = {}
        for variance in self._variances:
            weights = self._with_head(maxima, train.targets, variance)
            logits = np.asarray(others @ weights[-2] + weights[-1], np.float64)
            made = _candidate(logits, held_out.labels, BIASES if variance == 0 else LAST_LAYER, variance)
            found[made], heads[made] = logits, weights
        first = min(found, key=lambda one: one.log_loss)
        start = heads[first]
        rate = self._rate(start, train, held_out)
        steps = self._steps(train)
        learner = ChoosingLearner(
            self._tuning,
            start,
            rate,
            max(recipe.epochs, min(MOST_EPOCHS, -(-recipe.steps // steps))),
            (train.ids, train.targets),
            (held_out.ids, held_out.targets),
            self._seed,
        )
        history = self._run(learner, checkpoint)
        logits = self._tuning.logits(learner.best, held_out.ids)
        epochs = 1 + min(range(len(history)), key=lambda epoch: history[epoch]["val_loss"])
        made = _candidate(logits, held_out.labels, ALL_WEIGHTS, first.variance, rate, epochs, learner.share)
        found[made] = logits
        chosen = min(found, key=lambda one: one.log_loss)
        weights, _ = self.train(examples, chosen, checkpoint and checkpoint.part("all-rows"))
        scored = Scored(found[chosen], held_out.labels, np.arange(len(held_out.labels)) % 5)
        return Adapted(weights, [*found], chosen, scored, False, history if chosen is made else [])

    def train(
        self, examples: LabelledIds, chosen: Attempt, checkpoint: Checkpoint | None = None
    ) -> tuple[Weights, list[dict[str, float]]]:
        """Do what was chosen, with all rows."""
        maxima = self._tuning.maxima(self._start, examples.ids)
        start = self._with_head(maxima, examples.targets, chosen.variance)
        if not chosen.epochs:
            return start, []
        sys.stderr.write(f"All rows: {chosen.epochs} epoch{'' if chosen.epochs == 1 else 's'}.\n")
        learner = TuningLearner(
            self._tuning, start, chosen.rate, chosen.epochs, (examples.ids, examples.targets), self._seed
        )
        history = self._run(learner, checkpoint)
        return learner.reached(chosen.share), history

    def _rate(self, start: Weights, train: LabelledIds, held_out: LabelledIds) -> float:
        """Return the learning rate with the least loss after a part of an epoch."""
        recipe = self._recipe
        if len(recipe.rates) == 1:
            return recipe.rates[0]
        some = train.take(np.random.default_rng(self._seed).permutation(len(train.labels))[: recipe.trial])
        losses = {}
        for rate in recipe.rates:
            self._tuning.begin(start, rate, self._steps(some))
            self._epoch(some, 0)
            logits = self._tuning.logits(self._tuning.averaged, held_out.ids)
            losses[rate] = _candidate(logits, held_out.labels, ALL_WEIGHTS, 0.0).log_loss
            sys.stderr.write(
                f"Learning rate {rate:g}: held-out log loss {losses[rate]:.4f} on {recipe.trial:,} rows.\n"
            )
        return min(losses, key=lambda rate: losses[rate])

    def _run(self, learner: TuningLearner, checkpoint: Checkpoint | None) -> list[dict[str, float]]:
        if checkpoint is not None:
            return checkpoints.run(learner, checkpoint)
        progress = checkpoints.Progress()
        for epoch in range(learner.epochs):
            for number, batch in enumerate(learner.batches(epoch)):
                progress.add(*learner.train_step(batch, epoch * learner.steps + number))
            progress.end_epoch(learner.end_epoch(progress))
        return progress.history

    def _steps(self, examples: LabelledIds) -> int:
        return sum(1 for _ in self._tuning.batches(examples.ids, examples.targets, self._seed, 0))

    def _epoch(self, examples: LabelledIds, epoch: int) -> float:
        losses = [
            self._tuning.step(batch, self._seed + epoch, number)
            for number, batch in enumerate(self._tuning.batches(examples.ids, examples.targets, self._seed, epoch))
        ]
        return float(np.mean(losses))


def _candidate(
    logits: Floats,
    labels: Indices,
    changed: str,
    variance: float,
    rate: float = 0.0,
    epochs: int = 0,
    share: float = 0.0,
) -> Attempt:
    return Attempt(
        changed=changed,
        log_loss=round(loss(logits, labels), 6),
        accuracy=round(float(np.mean(logits.argmax(axis=1) == labels)), 6),
        variance=variance,
        rate=rate,
        epochs=epochs,
        share=share,
    )
