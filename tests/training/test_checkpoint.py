"""The loop that all trainings share, on a learner of one number; and what a checkpoint knows of itself."""

import json
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.conftest import TINY
from tests.training.sentiment.general.tiny import TINY_BEST
from training import checkpoint as checkpoints
from training.checkpoint import Arrays, Checkpoint, CheckpointError, Interrupted, Progress, identity, run

EPOCHS, STEPS = 3, 4
IDENTITY = identity(TINY, ["abc"], 1)
ARRAYS: Arrays = {"one": np.arange(6, dtype=np.int32).reshape(2, 3), "other": np.array([0.5, np.nan])}


class Killed(Exception):
    """Stands for an end that nobody could prepare for."""


class Sum:
    """A learner whose one weight depends on every batch and on their order."""

    epochs, steps = EPOCHS, STEPS

    def __init__(self, after: Callable[[int, int], None] = lambda _epoch, _step: None) -> None:
        self.value = 1.0
        self.seen: list[int] = []
        self._after = after

    def batches(self, epoch: int) -> Iterator[float]:
        yield from np.random.default_rng(epoch).random(STEPS).tolist()

    def train_step(self, batch: float, number: int) -> tuple[dict[str, float], float]:
        self.value = self.value * batch + number
        self.seen.append(number)
        self._after(number // STEPS, number % STEPS + 1)
        return {"loss": batch}, 1.0 + number % 2

    def end_epoch(self, progress: Progress) -> dict[str, float]:
        self._after(progress.epoch + 1, 0)
        return {**progress.means, "epochs before": float(len(progress.history))}

    def arrays(self) -> list[NDArray[Any]]:
        return [np.array(self.value)]

    def restore(self, arrays: Sequence[NDArray[Any]]) -> None:
        (value,) = arrays
        self.value = float(value)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "not yet there" / "checkpoint", IDENTITY)


@pytest.fixture
def handlers() -> Iterator[dict[signal.Signals, Any]]:
    """The handlers before the test; put back after it, whatever it does."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def sending(when: tuple[int, int], number: signal.Signals) -> Callable[[int, int], None]:
    """Let a signal really come when so many epochs and steps are done; step 0 is the end of an epoch."""
    return lambda *now: signal.raise_signal(number) if now == when else None


@pytest.fixture
def uninterrupted(tmp_path: Path) -> tuple[float, list[dict[str, float]]]:
    learner = Sum()
    history = run(learner, Checkpoint(tmp_path / "uninterrupted", IDENTITY))
    return learner.value, history


@pytest.mark.parametrize(
    ("when", "number", "sentence", "left"),
    [
        ((0, 2), signal.SIGINT, "Stopped in epoch 1 after step 2 of 4.", 10),
        ((1, STEPS), signal.SIGTERM, "Stopped in epoch 2 after step 4 of 4.", 4),
        ((1, 0), signal.SIGINT, "Stopped after epoch 1 of 3.", 8),
        ((EPOCHS, 0), signal.SIGTERM, "Stopped after epoch 3 of 3.", 0),
    ],
)
def test_a_training_that_is_resumed_ends_as_if_it_had_not_been_interrupted(
    uninterrupted: tuple[float, list[dict[str, float]]],
    checkpoint: Checkpoint,
    handlers: dict[signal.Signals, Any],
    when: tuple[int, int],
    number: signal.Signals,
    sentence: str,
    left: int,
) -> None:
    with pytest.raises(Interrupted) as caught:
        run(Sum(sending(when, number)), checkpoint)
    assert str(caught.value) == sentence
    assert {number: signal.getsignal(number) for number in handlers} == handlers
    assert sorted(path.name for path in checkpoint.folder.iterdir()) == ["arrays.npz", "state.json"]
    assert list(checkpoint.folder.parent.iterdir()) == [checkpoint.folder]
    resumed = Sum()
    assert (run(resumed, checkpoint), resumed.value) == uninterrupted[::-1]
    assert resumed.seen == list(range(EPOCHS * STEPS - left, EPOCHS * STEPS))


def test_a_killed_training_goes_on_from_its_last_checkpoint(
    uninterrupted: tuple[float, list[dict[str, float]]], checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*now: int) -> None:
        if now == (1, 3):
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "SAVE_EVERY", 0.0)
        with pytest.raises(Killed):
            run(Sum(kill), checkpoint)
    state = json.loads((checkpoint.folder / "state.json").read_text())
    assert (state["epoch"], state["step"]) == (1, 2)
    resumed = Sum()
    assert (run(resumed, checkpoint), resumed.value) == uninterrupted[::-1]


def test_between_checkpoints_nothing_is_written(checkpoint: Checkpoint) -> None:
    def look(epoch: int, step: int) -> None:
        if (epoch, step) == (0, STEPS):
            assert not checkpoint.folder.exists()
            raise Killed

    with pytest.raises(Killed):
        run(Sum(look), checkpoint)


def test_the_figures_are_means_with_the_weights_of_the_steps(checkpoint: Checkpoint) -> None:
    history = run(Sum(), checkpoint)
    for epoch, figures in enumerate(history):
        losses = np.random.default_rng(epoch).random(STEPS)
        assert figures["loss"] == pytest.approx(np.average(losses, weights=[1, 2, 1, 2]))
        assert figures["epochs before"] == epoch


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    uninterrupted: tuple[float, list[dict[str, float]]], checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Interrupted):
        run(Sum(sending((1, 2), signal.SIGINT)), checkpoint)
    before = {path.name: path.read_bytes() for path in checkpoint.folder.iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        with pytest.raises(CheckpointError, match=r"cannot be written \(No space left on device\); make room"):
            run(Sum(), checkpoint)
    assert {path.name: path.read_bytes() for path in checkpoint.folder.iterdir()} == before
    resumed = Sum()
    assert (run(resumed, checkpoint), resumed.value) == uninterrupted[::-1]


def test_progress_is_shown(checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    history = run(Sum(), checkpoint)
    captured = capsys.readouterr()
    assert "checkpoint: epoch 3/3: 100%" in captured.err
    assert f"{EPOCHS * STEPS}/{EPOCHS * STEPS}" in captured.err
    assert f"epoch 1 - loss: {history[0]['loss']:.4f}" in captured.err
    assert captured.out == ""


# Signals.


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_acts_as_usual(
    checkpoint: Checkpoint, handlers: dict[signal.Signals, Any], first: signal.Signals, second: signal.Signals
) -> None:
    def usual(number: int, _frame: FrameType | None) -> None:
        raise Killed(signal.Signals(number).name)

    for number in handlers:
        signal.signal(number, usual)

    def twice(*_: int) -> None:
        signal.raise_signal(first)
        signal.raise_signal(second)

    with pytest.raises(Killed, match=second.name):
        run(Sum(twice), checkpoint)
    assert not checkpoint.folder.exists()
    assert {number: signal.getsignal(number) for number in handlers} == dict.fromkeys(handlers, usual)


# What a checkpoint belongs to.


@pytest.mark.parametrize(
    "other",
    [
        identity(replace(TINY_BEST, without=("sst",)), ["train", "unsup"], 1),
        identity(replace(TINY_BEST, student=replace(TINY_BEST.student, units=5)), ["train", "unsup"], 1),
        identity(TINY_BEST, ["train"], 1),
        identity(TINY_BEST, ["other", "unsup"], 1),
        identity(TINY_BEST, ["train", "unsup"], 2),
        identity(TINY, ["train", "unsup"], 1),
    ],
    ids=["recipe", "part of the recipe", "fewer splits", "reviews", "seed", "another"],
)
def test_each_training_has_a_checkpoint_of_its_own(other: dict[str, Any], tmp_path: Path) -> None:
    of = identity(TINY_BEST, ["train", "unsup"], 1)
    mine = Checkpoint.of(tmp_path, "tiny-best", of)
    assert mine.folder.parent == tmp_path
    assert mine.folder.name.startswith("tiny-best-")
    assert mine == Checkpoint.of(tmp_path, "tiny-best", identity(replace(TINY_BEST), ["train", "unsup"], 1))
    assert mine.folder != Checkpoint.of(tmp_path, "tiny-best", other).folder


def test_it_says_what_it_belongs_to(checkpoint: Checkpoint) -> None:
    run(Sum(), checkpoint)
    of = json.loads((checkpoint.folder / "state.json").read_text())["of"]
    assert (of["recipe"]["name"], of["data"], of["seed"]) == (TINY.name, ["abc"], 1)


@pytest.mark.parametrize("other", [identity(TINY, ["abc"], 2), {**IDENTITY, "part": "student"}])
def test_that_of_another_training_is_refused(checkpoint: Checkpoint, other: dict[str, Any]) -> None:
    run(Sum(), checkpoint)
    with pytest.raises(CheckpointError, match="is the checkpoint of another training"):
        run(Sum(), replace(checkpoint, identity=other))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("state.json", b"{"),
        ("state.json", b"[]"),
        ("state.json", json.dumps({"of": IDENTITY, "epochs": 3}).encode()),
        ("arrays.npz", b"PK\x03\x04"),
        ("arrays.npz", b""),
    ],
)
def test_a_damaged_one_is_one_sentence(checkpoint: Checkpoint, name: str, content: bytes) -> None:
    run(Sum(), checkpoint)
    (checkpoint.folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=r"cannot be read \(.*\); remove it\."):
        run(Sum(), checkpoint)


def test_that_of_other_weights_is_refused(checkpoint: Checkpoint) -> None:
    checkpoint.save([np.zeros(2), np.zeros(2)], Progress())
    with pytest.raises(CheckpointError, match="cannot be read"):
        run(Sum(), checkpoint)


# Stages.


def fail() -> Arrays:
    raise Killed


def assert_arrays(found: Arrays) -> None:
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_stage_is_gone_through_once_and_read_later(checkpoint: Checkpoint) -> None:
    assert_arrays(checkpoint.kept("stage", lambda: ARRAYS))
    assert_arrays(checkpoint.kept("stage", fail))
    assert [path.name for path in checkpoint.folder.iterdir()] == ["stage.npz"]


def test_a_stage_that_fails_is_gone_through_again(checkpoint: Checkpoint) -> None:
    with pytest.raises(Killed):
        checkpoint.kept("stage", fail)
    assert not checkpoint.folder.exists()
    assert_arrays(checkpoint.kept("stage", lambda: ARRAYS))


def test_the_stage_of_another_training_is_refused(checkpoint: Checkpoint) -> None:
    checkpoint.kept("stage", lambda: ARRAYS)
    with pytest.raises(CheckpointError, match=r"stage\.npz was left by another training"):
        replace(checkpoint, identity=identity(TINY, ["abc"], 2)).kept("stage", fail)


def test_what_was_written_in_part_is_not_read(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_halfway(file: Path, **_arrays: Any) -> None:
        file.write_bytes(b"PK\x03\x04")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", stop_halfway)
        with pytest.raises(CheckpointError, match="No space left"):
            checkpoint.kept("stage", lambda: ARRAYS)
    assert_arrays(checkpoint.kept("stage", lambda: ARRAYS))
    assert [path.name for path in checkpoint.folder.iterdir()] == ["stage.npz"]
