"""Teaching a network: epochs over the material, with progress, resumable at any step."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from training.folders import replacing
from training.interruption import Interrupted, signals
from training.sentiment.distillation.material import Material
from training.sentiment.distillation.network import Network, Noise

SAVE_EVERY: Final = 120.0
"""Seconds between checkpoints."""
WARM_UP: Final = 200
"""Steps in which the learning rate rises; then it falls along a cosine."""
AVERAGED: Final = 0.998
"""The weights that are kept are the moving average over the steps, with this momentum."""
Measure = Callable[[Network], dict[str, float]]
"""Figures of a network."""

_VARIABLES, _STATE = "variables.npz", "state.json"


@dataclass(frozen=True)
class Recipe:
    """How a student is taught.

    Attributes:
        units: Units of the LSTM in each direction.
        epochs: Times that all documents are read.
        window: Tokens of a document that are read at once, at most.
        sentences: Sentences that are shown for each document.
        phrases: Times that each phrase is shown in an epoch.
        batch_size: Documents a step.
        learning_rate: The largest, of Adam.
        noise: See :class:`Noise`.
        seed: Of the weights and all draws.
    """

    units: int
    epochs: int
    noise: Noise
    seed: int
    window: int = 200
    sentences: float = 1.5
    phrases: int = 1
    batch_size: int = 128
    learning_rate: float = 1e-3


@dataclass
class State:
    """How far the teaching has come: epochs finished, steps finished in this epoch, and the sum of their losses."""

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


class Student:
    """A network, and how far its teaching has come."""

    def __init__(self, recipe: Recipe, vectors: NDArray[np.float32], material: Material) -> None:
        """Build the network.

        Args:
            recipe: How it is taught.
            vectors: The first vector of each token id, shape (vocabulary, dimensions).
            material: What it reads.
        """
        keras.utils.set_random_seed(recipe.seed)
        self.recipe = recipe
        self.network = Network(vectors, recipe.units)
        self._material = material
        self._steps = sum(1 for _ in self._epoch(0))
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            decay_steps=max(1, recipe.epochs * self._steps - WARM_UP),
            warmup_target=recipe.learning_rate,
            warmup_steps=WARM_UP,
        )
        self._optimizer = keras.optimizers.Adam(rate, clipnorm=1.0, use_ema=True, ema_momentum=AVERAGED)
        self._optimizer.build(self.network.variables)
        self._step = tf.function(self._follow, reduce_retracing=True)

    def teach(self, checkpoint: Path, measure: Measure | None = None) -> list[dict[str, float]]:
        """Teach the network, or go on where it was interrupted, and leave it with the averaged weights.

        Args:
            checkpoint: Folder of the checkpoint; resumed from if it exists.
            measure: Called after each epoch, with the averaged weights in place; its figures go into the history.

        Returns:
            The figures of each epoch.

        Raises:
            Interrupted: SIGINT or SIGTERM came; the state is saved.
        """
        state = self._restored(checkpoint)
        done, total = state.epoch * self._steps + state.step, self.recipe.epochs * self._steps
        saved = monotonic()
        with signals() as stopped, tqdm(total=total, initial=done, desc=checkpoint.name) as bar:
            while state.epoch < self.recipe.epochs:
                for number, batch in enumerate(self._epoch(state.epoch)):
                    if number < state.step:
                        continue
                    seed = tf.constant([self.recipe.seed, 10 * (state.epoch * self._steps + number)])
                    state.loss += float(self._step(tf.constant(batch.ids), tf.constant(batch.targets), seed))
                    state.step += 1
                    bar.set_postfix(epoch=state.epoch + 1, loss=f"{state.loss / state.step:.4f}", refresh=False)
                    bar.update()
                    if stopped or monotonic() - saved > SAVE_EVERY:
                        self._save(state, checkpoint)
                        saved = monotonic()
                    if stopped:
                        raise Interrupted(f"Stopped in epoch {state.epoch + 1} after step {state.step}.")
                self._end_epoch(state, measure)
                bar.write(f"epoch {state.epoch}: {state.history[-1]}")
                self._save(state, checkpoint)
                if stopped:
                    raise Interrupted(f"Stopped after epoch {state.epoch}.")
        self._optimizer.finalize_variable_values(self.network.variables)
        return state.history

    def _epoch(self, number: int) -> Iterator[Any]:
        recipe = self.recipe
        return self._material.epoch(
            window=recipe.window,
            sentences=recipe.sentences,
            phrases=recipe.phrases,
            batch_size=recipe.batch_size,
            random=np.random.default_rng([recipe.seed, number]),
        )

    def _follow(self, ids: tf.Tensor, targets: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        loss, gradients = self.network.losses(ids, targets, self.recipe.noise, seed)
        self._optimizer.apply(gradients, self.network.variables)
        return loss

    def _end_epoch(self, state: State, measure: Measure | None) -> None:
        figures = {"loss": round(state.loss / state.step, 6)}
        with self._averaged():
            figures |= measure(self.network) if measure is not None else {}
        state.history.append(figures)
        state.epoch, state.step, state.loss = state.epoch + 1, 0, 0.0

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

    def _variables(self) -> list[Any]:
        return [*self.network.variables, *self._optimizer.variables]

    def _save(self, state: State, checkpoint: Path) -> None:
        with replacing(checkpoint) as folder:
            np.savez(folder / _VARIABLES, *[variable.numpy() for variable in self._variables()])
            (folder / _STATE).write_text(json.dumps(asdict(state)))

    def _restored(self, checkpoint: Path) -> State:
        if not (checkpoint / _STATE).is_file():
            return State()
        with np.load(checkpoint / _VARIABLES, allow_pickle=False) as arrays:
            for variable, name in zip(self._variables(), arrays.files, strict=True):
                variable.assign(arrays[name])
        return State(**json.loads((checkpoint / _STATE).read_text()))
