"""Fitting a compiled Keras model on shuffled batches, resumable at any step; the best epoch is kept."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from training import checkpoint as checkpoints
from training.checkpoint import Checkpoint, Progress

EVALUATED_AT_ONCE: Final = 500
"""Validation examples a batch."""

Order = Callable[[int], Sequence[NDArray[np.intp]]]
"""The batches of an epoch, counted from 0, each as the indices of its examples."""


@dataclass(frozen=True)
class Dataset:
    """What a model is given and what it should answer.

    Attributes:
        inputs: Shape (n, …).
        targets: Shape (n, …).
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True)
class History:
    """How a training went.

    Attributes:
        epochs: Loss and metrics of each epoch; those of the validation examples begin with ``val_``, as in Keras.
    """

    epochs: list[dict[str, float]]

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, with the least validation loss; of equal ones the first."""
        return 1 + min(range(len(self.epochs)), key=lambda epoch: self.epochs[epoch]["val_loss"])


def shuffled(size: int, batch_size: int, seed: int) -> Order:
    """Return the order that takes ``size`` examples in batches, the last of which is what is left."""

    def batches(epoch: int) -> list[NDArray[np.intp]]:
        order = np.random.default_rng([seed, epoch]).permutation(size)
        return [order[start : start + batch_size] for start in range(0, size, batch_size)]

    return batches


def fit(
    model: keras.Model,
    training: Dataset,
    validation: Dataset,
    *,
    order: Order,
    epochs: int,
    checkpoint: Checkpoint,
) -> History:
    """Train a compiled model, and leave it with the weights of its best epoch.

    Args:
        model: Compiled; in its first state.
        training: The examples to fit.
        validation: The examples that choose the epoch.
        order: The batches of each epoch.
        epochs: How many epochs.
        checkpoint: Resumed from if it is there.

    Raises:
        training.checkpoint.Interrupted: SIGINT or SIGTERM came; the state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    learner = _KerasLearner(model, training, validation, order, epochs)
    history = History(checkpoints.run(learner, checkpoint))
    model.set_weights(learner.best)
    return history


class _KerasLearner:
    """A compiled Keras model on its way through the epochs, and the weights of the best one."""

    def __init__(self, model: keras.Model, training: Dataset, validation: Dataset, order: Order, epochs: int) -> None:
        model.optimizer.build(model.trainable_variables)
        self.epochs = epochs
        self.steps = len(order(0))
        self.best = model.get_weights()
        self._model = model
        self._training = training
        self._validation = validation
        self._order = order

    def batches(self, epoch: int) -> Iterable[NDArray[np.intp]]:
        return self._order(epoch)

    def train_step(self, batch: NDArray[np.intp], _number: int) -> tuple[dict[str, float], float]:
        self._model.reset_metrics()
        inputs, targets = self._training.inputs[batch], self._training.targets[batch]
        return _floats(self._model.train_on_batch(inputs, targets, return_dict=True)), float(len(batch))

    def end_epoch(self, progress: Progress) -> dict[str, float]:
        inputs, targets = self._validation.inputs, self._validation.targets
        logs = self._model.evaluate(inputs, targets, batch_size=EVALUATED_AT_ONCE, verbose=0, return_dict=True)
        figures = progress.means | {f"val_{name}": value for name, value in _floats(logs).items()}
        if all(figures["val_loss"] < epoch["val_loss"] for epoch in progress.history):
            self.best = self._model.get_weights()
        return figures

    @property
    def _variables(self) -> list[keras.Variable]:
        """Weights, the states of random numbers such as those of dropout, and what the optimizer keeps."""
        return [*self._model.variables, *self._model.optimizer.variables]

    def arrays(self) -> list[NDArray[Any]]:
        return [*(variable.numpy() for variable in self._variables), *self.best]

    def restore(self, arrays: Sequence[NDArray[Any]]) -> None:
        count = len(self._variables)
        for variable, value in zip(self._variables, arrays[:count], strict=True):
            variable.assign(value)
        self.best = list(arrays[count:])


def _floats(logs: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in logs.items()}
