"""A student: a network trained on the predictions of its teachers, resumable at any step."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Generic, Protocol, TypeVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import checkpoint as checkpoints
from training.checkpoint import Checkpoint, Progress
from training.sentiment.distillation.material import Batch, Material
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.recipe import Noise, StudentRecipe

WARM_UP: Final = 200
"""Steps in which the learning rate rises; then it falls along a cosine."""
AVERAGED: Final = 0.998
"""The weights that are kept are the moving average over the steps, with this momentum."""


class Trainable(Protocol):
    """A network that gives its own gradients."""

    @property
    def variables(self) -> list[Any]:
        """The weights that are trained."""

    def losses(self, ids: tf.Tensor, targets: tf.Tensor, noise: Noise, seed: tf.Tensor) -> tuple[tf.Tensor, list[Any]]:
        """Return the mean loss of a batch, and the gradients to follow."""


N = TypeVar("N", bound=Trainable)


class NetworkLearner(Generic[N]):
    """A network and its optimizer: a learner of :func:`training.checkpoint.run`, but for its batches."""

    def __init__(self, network: N, *, epochs: int, learning_rate: float, noise: Noise, seed: int) -> None:
        """Make the optimizer.

        Args:
            network: In its first state.
            epochs: How many.
            learning_rate: The largest, of Adam.
            noise: What keeps the network from learning texts by heart.
            seed: Of the noise.
        """
        self.network = network
        self.epochs = epochs
        self.steps = sum(1 for _ in self.batches(0))
        self._noise = noise
        self._seed = seed
        self._measure: Callable[[N], dict[str, float]] = lambda _: {}
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            decay_steps=max(1, epochs * self.steps - WARM_UP),
            warmup_target=learning_rate,
            warmup_steps=WARM_UP,
        )
        self._optimizer = keras.optimizers.Adam(rate, clipnorm=1.0, use_ema=True, ema_momentum=AVERAGED)
        self._optimizer.build(self.network.variables)
        self._update = tf.function(self._apply_gradients, reduce_retracing=True)

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, counted from 0: the same ones, in the same order, each time."""
        raise NotImplementedError

    def learn(
        self, checkpoint: Checkpoint, measure: Callable[[N], dict[str, float]] | None = None
    ) -> list[dict[str, float]]:
        """Train the network, or go on where it was interrupted, and leave it with the averaged weights.

        Args:
            checkpoint: Resumed from if it is there.
            measure: Called after each epoch, with the averaged weights in place; its figures go into the history.

        Returns:
            The figures of each epoch.

        Raises:
            training.checkpoint.Interrupted: SIGINT or SIGTERM came; the state is saved.
            training.checkpoint.CheckpointError: The checkpoint cannot be used.
        """
        if measure is not None:
            self._measure = measure
        history = checkpoints.run(self, checkpoint)
        self._optimizer.finalize_variable_values(self.network.variables)
        return history

    def train_step(self, batch: Batch, number: int) -> tuple[dict[str, float], float]:
        """Follow the gradients of a batch; each batch counts the same in the mean loss of the epoch."""
        seed = tf.constant([self._seed, 10 * number])
        return {"loss": float(self._update(tf.constant(batch.ids), tf.constant(batch.targets), seed))}, 1.0

    def end_epoch(self, progress: Progress) -> dict[str, float]:
        """Measure the averaged weights."""
        with self._averaged():
            return {name: round(mean, 6) for name, mean in progress.means.items()} | self._measure(self.network)

    def arrays(self) -> list[NDArray[Any]]:
        """Return weights, moments, averages and the number of steps."""
        return [variable.numpy() for variable in self._variables]

    def restore(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Take what :meth:`arrays` returned."""
        for variable, value in zip(self._variables, arrays, strict=True):
            variable.assign(value)

    @property
    def _variables(self) -> list[Any]:
        return [*self.network.variables, *self._optimizer.variables]

    def _apply_gradients(self, ids: tf.Tensor, targets: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        loss, gradients = self.network.losses(ids, targets, self._noise, seed)
        self._optimizer.apply(gradients, self.network.variables)
        return loss

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the averaged weights in place for a while."""
        present = [variable.numpy() for variable in self.network.variables]
        self._optimizer.finalize_variable_values(self.network.variables)
        try:
            yield
        finally:
            for variable, value in zip(self.network.variables, present, strict=True):
                variable.assign(value)


class Student(NetworkLearner[Network]):
    """The learner of a student of the film network's recipe."""

    def __init__(self, recipe: StudentRecipe, vectors: NDArray[np.float32], material: Material) -> None:
        """Build the network.

        Args:
            recipe: How it is trained.
            vectors: The first vector of each token id, shape (vocabulary, dimensions).
            material: What it reads.
        """
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        self._material = material
        network = Network(vectors, recipe.units)
        super().__init__(
            network, epochs=recipe.epochs, learning_rate=recipe.learning_rate, noise=recipe.noise, seed=recipe.seed
        )

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, in the order that follows from the seed and the epoch."""
        recipe = self.recipe
        return self._material.epoch(
            window=recipe.window,
            sentences=recipe.sentences,
            phrases=recipe.phrases,
            batch_size=recipe.batch_size,
            random=np.random.default_rng([recipe.seed, epoch]),
        )
