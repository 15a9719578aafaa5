"""The training loop: epochs over shuffled batches, with progress, resumable at any step."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.folders import replacing
from training.interruption import Interrupted, signals

SAVE_EVERY: Final = 60.0
"""Seconds between checkpoints."""
_MODEL, _SEEDS, _BEST, _STATE = "model.keras", "seeds.npz", "best.npz", "state.json"


@dataclass(frozen=True)
class Examples:
    """Inputs, shape (n, …), and their labels, shape (n,)."""

    inputs: NDArray[Any]
    labels: NDArray[Any]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass
class State:
    """How far a training has come.

    Attributes:
        epoch: Epochs finished.
        step: Steps finished in the present epoch.
        loss: Sum of the losses of this epoch's examples so far.
        correct: How many of them were classified correctly.
        history: Loss and accuracy of each finished epoch, on the training and the validation examples.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    correct: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The finished epoch, counted from 1, with the least validation loss."""
        return 1 + min(range(len(self.history)), key=lambda epoch: self.history[epoch]["val_loss"])


def fit(
    model: keras.Model,
    training: Examples,
    validation: Examples,
    *,
    batch_size: int,
    epochs: int,
    seed: int,
    checkpoint: Path,
) -> tuple[keras.Model, State]:
    """Train a compiled binary classifier and return it with the weights of its best epoch.

    The order of the batches follows from the seed and the epoch alone, so a training that was interrupted and
    resumed ends where an uninterrupted one does.

    Args:
        model: Compiled with the metric ``accuracy``. Not used where there is a checkpoint to go on from.
        training: The examples to fit.
        validation: The examples that choose the epoch.
        batch_size: Examples a step.
        epochs: How often the training examples are gone through.
        seed: Seed of the shuffling.
        checkpoint: Folder of the checkpoint; resumed from if it exists.

    Raises:
        Interrupted: SIGINT or SIGTERM came; the state is saved.
    """
    state = State()
    if (checkpoint / _STATE).is_file():
        state = State(**json.loads((checkpoint / _STATE).read_text()))
        model = keras.models.load_model(checkpoint / _MODEL)
        for seed_state, value in zip(_seed_states(model), _read(checkpoint / _SEEDS), strict=True):
            seed_state.assign(value)
    best = _read(checkpoint / _BEST) if state.history else model.get_weights()
    steps = -(-len(training) // batch_size)
    saved = monotonic()
    with signals() as stopped, tqdm(total=epochs * steps, initial=state.epoch * steps + state.step) as bar:
        while state.epoch < epochs:
            order = np.random.default_rng([seed, state.epoch]).permutation(len(training))
            bar.set_description(f"epoch {state.epoch + 1}/{epochs}")
            while state.step < steps:
                batch = order[state.step * batch_size : (state.step + 1) * batch_size]
                _train_step(model, training, batch, state)
                seen = min(state.step * batch_size, len(training))
                bar.set_postfix(loss=f"{state.loss / seen:.4f}", accuracy=f"{state.correct / seen:.4f}")
                bar.update()
                if stopped or monotonic() - saved > SAVE_EVERY:
                    _save(model, best, state, checkpoint)
                    saved = monotonic()
                if stopped:
                    raise Interrupted(f"Stopped in epoch {state.epoch + 1} after step {state.step} of {steps}.")
            _end_epoch(model, validation, state, len(training))
            bar.write(_summary(state))
            if state.best_epoch == state.epoch:
                best = model.get_weights()
            _save(model, best, state, checkpoint)
            saved = monotonic()
            if stopped:
                raise Interrupted(f"Stopped after epoch {state.epoch} of {epochs}.")
    model.set_weights(best)
    return model, state


def _train_step(model: keras.Model, examples: Examples, batch: NDArray[np.int64], state: State) -> None:
    model.reset_metrics()
    logs = model.train_on_batch(examples.inputs[batch], examples.labels[batch], return_dict=True)
    state.loss += float(logs["loss"]) * len(batch)
    state.correct += float(logs["accuracy"]) * len(batch)
    state.step += 1


def _end_epoch(model: keras.Model, validation: Examples, state: State, size: int) -> None:
    logs = model.evaluate(validation.inputs, validation.labels, batch_size=500, verbose=0, return_dict=True)
    figures = {
        "loss": state.loss / size,
        "accuracy": state.correct / size,
        "val_loss": float(logs["loss"]),
        "val_accuracy": float(logs["accuracy"]),
    }
    state.history.append({name: round(value, 6) for name, value in figures.items()})
    state.epoch, state.step, state.loss, state.correct = state.epoch + 1, 0, 0.0, 0.0


def _summary(state: State) -> str:
    figures = " - ".join(f"{name}: {value:.4f}" for name, value in state.history[-1].items())
    return f"epoch {state.epoch} - {figures}"


def _save(model: keras.Model, best: list[NDArray[Any]], state: State, checkpoint: Path) -> None:
    with replacing(checkpoint) as folder:
        model.save(folder / _MODEL)
        np.savez(folder / _SEEDS, *[seed_state.numpy() for seed_state in _seed_states(model)])
        np.savez(folder / _BEST, *best)
        (folder / _STATE).write_text(json.dumps(asdict(state)))


def _read(path: Path) -> list[NDArray[Any]]:
    with np.load(path, allow_pickle=False) as arrays:
        return [arrays[name] for name in arrays.files]


def _seed_states(model: keras.Model) -> list[keras.Variable]:
    """Return the states of the model's random numbers, such as those of dropout, which Keras does not save."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]
