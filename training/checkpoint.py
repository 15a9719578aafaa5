"""One resumable training loop: epochs of steps, with progress, a checkpoint every two minutes, and signals.

What is trained is a :class:`Learner`: the lecture's network, a forecast, or a student of the distillation. The order of
its batches follows from its seed and the epoch alone, so a training that was interrupted and resumed ends where an
uninterrupted one does, to the bit.
"""

import hashlib
import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import Any, Final, Protocol, TypeVar
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from tqdm import tqdm

from training.errors import TrainingError
from training.folders import replacing

SAVE_EVERY: Final = 120.0
"""Seconds between checkpoints."""
_ARRAYS, _STATE, _OF = "arrays.npz", "state.json", "of"

Arrays = dict[str, NDArray[Any]]
Identity = dict[str, Any]
"""What a checkpoint belongs to, as JSON holds it: the recipe, the checksums of the data and the seed."""
Batch = TypeVar("Batch")


class Interrupted(Exception):
    """Training was stopped by a signal; its state is saved."""


class CheckpointError(TrainingError):
    """A checkpoint cannot be written, or is of another training."""


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        epoch: Epochs finished.
        step: Steps finished in the present epoch.
        weight: Sum of the weights of these steps.
        totals: Weighted sum of each figure over these steps.
        history: The figures of each finished epoch.
    """

    epoch: int = 0
    step: int = 0
    weight: float = 0.0
    totals: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def means(self) -> dict[str, float]:
        """The weighted mean of each figure over the steps of the present epoch so far."""
        return {name: total / self.weight for name, total in self.totals.items()}

    def add(self, figures: Mapping[str, float], weight: float) -> None:
        """Count a step."""
        self.totals = {name: self.totals.get(name, 0.0) + value * weight for name, value in figures.items()}
        self.weight += weight
        self.step += 1

    def end_epoch(self, figures: dict[str, float]) -> None:
        """Count an epoch."""
        self.history.append(figures)
        self.epoch, self.step, self.weight, self.totals = self.epoch + 1, 0, 0.0, {}


class Learner(Protocol[Batch]):
    """What the loop trains."""

    @property
    def epochs(self) -> int:
        """How many epochs there are."""

    @property
    def steps(self) -> int:
        """How many batches each epoch has."""

    def batches(self, epoch: int) -> Iterable[Batch]:
        """Return the batches of an epoch, counted from 0: the same ones, in the same order, each time."""

    def train_step(self, batch: Batch, number: int) -> tuple[dict[str, float], float]:
        """Update the weights once.

        Args:
            batch: One of :meth:`batches`.
            number: The number of the step, counted from 0 over all epochs.

        Returns:
            Figures such as the loss, and the weight with which they go into the means of the epoch.
        """

    def end_epoch(self, progress: Progress) -> dict[str, float]:
        """Return the figures that go into the history, given the means of the epoch and the epochs before."""

    def arrays(self) -> list[NDArray[Any]]:
        """Return everything that steps and ends of epochs change."""

    def restore(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Take what :meth:`arrays` of a learner of the same recipe returned.

        Raises:
            ValueError: They are of another number or shape.
        """


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds the state of one training; it appears whole or not at all.

    Attributes:
        folder: The folder. Those of parts of a training lie in the one of the whole.
        identity: What it belongs to.
    """

    folder: Path
    identity: Identity

    @classmethod
    def of(cls, parent: Path, name: str, identity: Identity) -> "Checkpoint":
        """Return the checkpoint of a training among those of others: its folder's name has a digest of the identity."""
        digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
        return cls(parent / f"{name}-{digest[:12]}", identity)

    def part(self, name: str) -> "Checkpoint":
        """Return the checkpoint of a part of this training."""
        return Checkpoint(self.folder / name, {**self.identity, "part": name})

    def save(self, arrays: Sequence[NDArray[Any]], progress: Progress) -> None:
        """Replace what is saved.

        Raises:
            CheckpointError: It cannot be written; what was saved before is still there.
        """
        with _writing(self.folder), replacing(self.folder) as folder:
            np.savez(folder / _ARRAYS, *arrays)
            (folder / _STATE).write_text(json.dumps({_OF: self.identity, **asdict(progress)}, indent=2))

    def restore(self, learner: Learner[Any]) -> Progress:
        """Bring a learner to where it was saved; without a checkpoint it is at the beginning.

        Raises:
            CheckpointError: The checkpoint is damaged or of another training.
        """
        path = self.folder / _STATE
        if not path.is_file():
            return Progress()
        try:
            state = json.loads(path.read_bytes())
            if state.pop(_OF) != self.identity:
                raise CheckpointError(f"{self.folder} is the checkpoint of another training, as {path} says.")
            # NumPy leaves a file open that it cannot read.
            with (self.folder / _ARRAYS).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                learner.restore([arrays[name] for name in arrays.files])
            return Progress(**state)
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, BadZipFile) as error:
            raise CheckpointError(f"The checkpoint {self.folder} cannot be read ({error}); remove it.") from error

    def kept(self, name: str, make: Callable[[], Arrays]) -> Arrays:
        """Read the arrays that a stage of the training gave, or go through it and write them.

        Args:
            name: Of the stage; its file ``<name>.npz`` appears whole or not at all.
            make: The stage.

        Raises:
            CheckpointError: The file cannot be written, or is of another training.
        """
        path = self.folder / f"{name}.npz"
        if not path.is_file():
            arrays = make()
            partial = path.with_suffix(".part.npz")
            with _writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                np.savez(partial, **arrays, **{_OF: np.array(json.dumps(self.identity))})  # type: ignore[arg-type]
                partial.replace(path)
        with np.load(path, allow_pickle=False) as found:
            if json.loads(str(found[_OF])) != self.identity:
                raise CheckpointError(f"{path} was left by another training; remove it.")
            return {key: found[key] for key in found.files if key != _OF}


def identity(recipe: Any, data: Sequence[str], seed: int) -> Identity:
    """Say what a training is of.

    Args:
        recipe: A dataclass.
        data: The checksum of each split that it reads.
        seed: Seed of everything random.
    """
    return {"recipe": TypeAdapter(type(recipe)).dump_python(recipe, mode="json"), "data": list(data), "seed": seed}


def run(learner: Learner[Batch], checkpoint: Checkpoint) -> list[dict[str, float]]:
    """Train, or go on where an earlier run of the same training was interrupted.

    Args:
        learner: What is trained, in its first state.
        checkpoint: Where its state is saved, and looked for.

    Returns:
        The figures of each epoch.

    Raises:
        Interrupted: SIGINT or SIGTERM came; the state is saved.
        CheckpointError: The checkpoint cannot be written, cannot be read or is of another training.
    """
    progress, epochs, steps = checkpoint.restore(learner), learner.epochs, learner.steps
    saved = monotonic()
    done = progress.epoch * steps + progress.step
    with _signals() as stopped, tqdm(total=epochs * steps, initial=done) as bar:
        while progress.epoch < epochs:
            bar.set_description(f"{checkpoint.folder.name}: epoch {progress.epoch + 1}/{epochs}")
            for number, batch in enumerate(learner.batches(progress.epoch)):
                if number < progress.step:
                    continue
                progress.add(*learner.train_step(batch, progress.epoch * steps + number))
                bar.set_postfix({name: f"{mean:.4f}" for name, mean in progress.means.items()}, refresh=False)
                bar.update()
                if stopped or monotonic() - saved > SAVE_EVERY:
                    checkpoint.save(learner.arrays(), progress)
                    saved = monotonic()
                if stopped:
                    raise Interrupted(f"Stopped in epoch {progress.epoch + 1} after step {progress.step} of {steps}.")
            progress.end_epoch(learner.end_epoch(progress))
            bar.write(_summary(progress), file=sys.stderr)
            checkpoint.save(learner.arrays(), progress)
            saved = monotonic()
            if stopped:
                raise Interrupted(f"Stopped after epoch {progress.epoch} of {epochs}.")
    return progress.history


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path} cannot be written ({error.strerror or error}); make room there, or name another "
            "folder with --checkpoints."
        ) from error


def _summary(progress: Progress) -> str:
    figures = " - ".join(f"{name}: {value:.4f}" for name, value in progress.history[-1].items())
    return f"epoch {progress.epoch} - {figures}"


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect the first SIGINT or SIGTERM instead of dying from it; a second one acts as usual."""
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        restore()

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        restore()
