"""Training a network further on labelled texts, with its weights averaged, and resumable."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.checkpoint import Progress
from training.sentiment.distillation.corpus import Ids
from training.sentiment.evaluation.calibration import Scored, fit_temperature, scaled
from training.sentiment.own.base import Weights
from training.sentiment.own.network import BATCH, Floats, WindowNetwork
from training.sentiment.own.recipe import TuningRecipe
from training.sentiment.own.windows import WindowBatch, batches

SHARES: Final = (0.5, 1.0)
"""How far to go from the first weights to the trained ones: weights between both are often better than either
(Wortsman et al., *Robust Fine-Tuning of Zero-Shot Models*, CVPR 2022)."""


class Tuning:
    """A network, its optimizer, and the moving average of its weights over about an epoch.

    One object serves for many trainings, as TensorFlow takes seconds to compile each.
    """

    def __init__(self, recipe: TuningRecipe, weights: Weights, window: int) -> None:
        """Build the network.

        Args:
            recipe: How to train.
            weights: Of the shapes of all that will be trained.
            window: Words of a window at most.
        """
        self.network = WindowNetwork(weights, window)
        self._recipe = recipe
        self._window = window
        self._optimizer = keras.optimizers.Adam(1e-3, clipnorm=1.0)
        self._optimizer.build(self.network.variables)
        self._average = [tf.Variable(variable.value) for variable in self.network.variables]
        self._momentum = tf.Variable(0.0)
        signature = [BATCH, tf.TensorSpec((2,), tf.int32)]
        self._update = tf.function(self._apply, input_signature=signature)

    def begin(self, weights: Weights, rate: float, steps: int) -> None:
        """Take the first weights.

        Args:
            weights: Of all layers.
            rate: The learning rate.
            steps: Steps of an epoch, over which weights are averaged.
        """
        for variable, average, value in zip(self.network.variables, self._average, weights, strict=True):
            variable.assign(value)
            average.assign(value)
        for variable in self._optimizer.variables:
            variable.assign(tf.zeros_like(variable))
        self._optimizer.learning_rate.assign(rate)
        self._momentum.assign(1 - 1 / max(2, steps))

    def batches(
        self, texts: Sequence[Ids], targets: NDArray[np.float32], seed: int, epoch: int
    ) -> Iterator[WindowBatch]:
        """Yield the batches of an epoch."""
        recipe = self._recipe
        return batches(
            texts,
            targets,
            window=self._window,
            longest=recipe.longest,
            rows=recipe.rows,
            tokens=recipe.tokens,
            random=np.random.default_rng([seed, epoch]),
        )

    def step(self, batch: WindowBatch, seed: int, number: int) -> float:
        """Follow the gradients of a batch once, and return its loss."""
        tensors = WindowBatch(*map(tf.constant, batch))
        return float(self._update(tensors, tf.constant([seed, 10 * number])))

    @property
    def averaged(self) -> Weights:
        """The averaged weights."""
        return [average.numpy() for average in self._average]

    @property
    def variables(self) -> list[Any]:
        """All that steps change."""
        return [*self.network.variables, *self._optimizer.variables, *self._average]

    def logits(self, weights: Weights, texts: Sequence[Ids]) -> Floats:
        """Return the logits that other weights give texts, shape (n, labels); those in training stay."""
        present = [variable.numpy() for variable in self.network.variables]
        self._assign(weights)
        try:
            return self.network.logits(self.network.maxima(texts))
        finally:
            self._assign(present)

    def maxima(self, weights: Weights, texts: Sequence[Ids]) -> NDArray[np.float32]:
        """Return what the last layer reads with such weights, shape (n, features); they stay in place."""
        self._assign(weights)
        return self.network.maxima(texts)

    def _assign(self, weights: Weights) -> None:
        for variable, value in zip(self.network.variables, weights, strict=True):
            variable.assign(value)

    def _apply(self, batch: WindowBatch, seed: tf.Tensor) -> tf.Tensor:
        loss, gradients = self.network.gradients(batch, self._recipe.noise, seed)
        self._optimizer.apply(gradients, self.network.variables)
        for average, variable in zip(self._average, self.network.variables, strict=True):
            average.assign(self._momentum * average + (1 - self._momentum) * variable.value)
        return loss


def between(first: Weights, second: Weights, share: float) -> Weights:
    """Return the weights that lie a share of the way from the first to the second."""
    return [one + np.float32(share) * (other - one) for one, other in zip(first, second, strict=True)]


class TuningLearner:
    """A training of so many epochs, as :func:`training.checkpoint.run` does it."""

    def __init__(
        self,
        tuning: Tuning,
        start: Weights,
        rate: float,
        epochs: int,
        train: tuple[Sequence[Ids], NDArray[np.float32]],
        seed: int,
    ) -> None:
        """Prepare the training.

        Args:
            tuning: The network.
            start: Its first weights.
            rate: The learning rate.
            epochs: How many.
            train: Texts and what to answer.
            seed: Of everything random.
        """
        self.epochs = epochs
        self._tuning = tuning
        self._train = train
        self._seed = seed
        self._start = start
        self.steps = sum(1 for _ in self.batches(0))
        tuning.begin(start, rate, self.steps)

    def reached(self, share: float) -> Weights:
        """Return the weights that lie a share of the way from the first to the averaged ones."""
        return between(self._start, self._tuning.averaged, share)

    def batches(self, epoch: int) -> Iterator[WindowBatch]:
        """Yield the batches of an epoch."""
        return self._tuning.batches(*self._train, self._seed, epoch)

    def train_step(self, batch: WindowBatch, number: int) -> tuple[dict[str, float], float]:
        """Follow the gradients of a batch."""
        return {"loss": self._tuning.step(batch, self._seed, number)}, float(len(batch.targets))

    def end_epoch(self, progress: Progress) -> dict[str, float]:
        """Return the means of the epoch."""
        return progress.means

    def arrays(self) -> list[NDArray[Any]]:
        """Return everything that steps and ends of epochs change."""
        return [variable.numpy() for variable in self._tuning.variables]

    def restore(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Take what :meth:`arrays` returned."""
        for variable, value in zip(self._tuning.variables, arrays, strict=True):
            variable.assign(value)


class ChoosingLearner(TuningLearner):
    """One that is measured after each epoch, the best one kept.

    Attributes:
        best: The weights with the least loss on the held-out texts, of all epochs and all of :data:`SHARES`.
        least: That loss.
        share: How far they went from the first weights to the trained ones.
    """

    def __init__(
        self,
        tuning: Tuning,
        start: Weights,
        rate: float,
        epochs: int,
        train: tuple[Sequence[Ids], NDArray[np.float32]],
        held_out: tuple[Sequence[Ids], NDArray[np.float32]],
        seed: int,
    ) -> None:
        """Prepare the training, as for any other; ``held_out`` are the texts that choose the epoch."""
        super().__init__(tuning, start, rate, epochs, train, seed)
        self._held_out = held_out
        self.best = start
        self.least, self.share = float("inf"), 0.0

    def end_epoch(self, progress: Progress) -> dict[str, float]:
        """Measure the averaged weights, and those half-way to them."""
        texts, targets = self._held_out
        labels = targets.argmax(axis=1)
        best = (float("inf"), 0.0)
        for share in SHARES:
            weights = self.reached(share)
            logits = self._tuning.logits(weights, texts)
            found = loss(logits, labels), float(np.mean(logits.argmax(axis=1) == labels))
            best = min(best, found, key=lambda pair: pair[0])
            if found[0] < self.least:
                self.least, self.share, self.best = found[0], share, weights
        return {**progress.means, "val_loss": round(best[0], 6), "val_accuracy": round(best[1], 6)}

    def arrays(self) -> list[NDArray[Any]]:
        """Return everything that steps and ends of epochs change."""
        return [*super().arrays(), np.array([self.least, self.share]), *self.best]

    def restore(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Take what :meth:`arrays` returned."""
        count = len(self._tuning.variables)
        super().restore(arrays[:count])
        self.least, self.share = map(float, arrays[count])
        self.best = list(arrays[count + 1 :])


def loss(logits: Floats, labels: NDArray[np.intp]) -> float:
    """Return the mean log loss, in nats, after the temperature that is best for these logits.

    Without it, weights that are too sure would lose to those that tell fewer texts apart.
    """
    scored = Scored(logits, labels, np.zeros(len(labels), np.intp))
    likelihood = scaled(logits, fit_temperature([scored]))[np.arange(len(labels)), labels]
    return -float(np.log(np.maximum(likelihood, 1e-12)).mean())
