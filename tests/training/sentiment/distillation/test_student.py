import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from training import checkpoint as checkpoints
from training.checkpoint import Checkpoint, Interrupted
from training.sentiment.distillation import inference, student
from training.sentiment.distillation.corpus import Ids
from training.sentiment.distillation.material import Batch, Material, Pieces
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.recipe import Noise, StudentRecipe
from training.sentiment.distillation.student import Student

Measure = Callable[[Network], dict[str, float]]

EPOCHS: Final = 2
STEPS: Final = 4
GOOD, BAD = 3, 4
RECIPE: Final = StudentRecipe(
    units=3, epochs=EPOCHS, noise=Noise(), seed=5, sentences=0.5, phrases=1, batch_size=3, learning_rate=0.05
)


class Killed(Exception):
    """Stands for an end that nobody could prepare for."""


class Outcome(NamedTuple):
    """All that two trainings can differ in."""

    weights: list[Any]
    optimizer: list[Any]
    history: list[dict[str, float]]


def material() -> tuple[Material, list[Ids], NDArray[np.float32]]:
    """Texts of ten words, one of which says what is to be answered."""
    random = np.random.default_rng(2)
    rows = random.integers(5, 12, (24, 10), np.int32)
    good = np.arange(24) % 2 == 0
    rows[np.arange(24), random.integers(0, 10, 24)] = np.where(good, GOOD, BAD)
    starts, lengths = np.arange(0, 240, 10), np.full(24, 10)
    targets = np.where(good, 0.9, 0.1)
    documents = Pieces.at(starts, lengths).with_targets(targets)
    few = np.arange(6)
    return Material(rows.ravel(), documents, documents, documents.take(few)), list(rows), good.astype(np.float32)


MATERIAL, TEXTS, LABELS = material()
VECTORS: Final = np.random.default_rng(3).normal(0, 0.5, (12, 5)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """Warm-up and average are made for thousands of steps.

    It runs eagerly since nearly all the time would go into tracing; test_train.py trains traced ones.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(student, "WARM_UP", 2)
        patch.setattr(student, "AVERAGED", 0.8)
        tf.config.run_functions_eagerly(True)
        yield
        tf.config.run_functions_eagerly(False)


@pytest.fixture
def _traced() -> Iterator[None]:
    """For a dozen epochs it is quicker."""
    tf.config.run_functions_eagerly(False)
    yield
    tf.config.run_functions_eagerly(True)


def trained(
    checkpoint: Checkpoint, recipe: StudentRecipe = RECIPE, measure: Callable[[Network], dict[str, float]] | None = None
) -> Outcome:
    made = Student(recipe, VECTORS, MATERIAL)
    history = made.learn(checkpoint, measure)
    return Outcome(values(made.network.variables), values(made._optimizer.variables), history)


def values(variables: list[Any]) -> list[Any]:
    return [variable.numpy() for variable in variables]


def assert_same(found: Outcome, expected: Outcome) -> None:
    assert found.history == expected.history
    for ours, theirs in ((found.weights, expected.weights), (found.optimizer, expected.optimizer)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


def before_each_batch(monkeypatch: pytest.MonkeyPatch, call: Callable[[Student, int, int], None]) -> None:
    """Call with the epoch and the step that are to come; at the end of an epoch, too."""
    real = Student.batches

    def batches(self: Student, epoch: int) -> Iterator[Batch]:
        for step, batch in enumerate(real(self, epoch)):
            call(self, epoch, step)
            yield batch
        call(self, epoch, STEPS)

    monkeypatch.setattr(Student, "batches", batches)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return trained(Checkpoint(tmp_path_factory.mktemp("uninterrupted") / "checkpoint", {}), measure=known)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "checkpoint", {})


@pytest.fixture
def handlers() -> Iterator[dict[signal.Signals, Any]]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


def known(network: Network) -> dict[str, float]:
    """The sum of the weights, which tells networks apart."""
    return {"sum": float(sum(variable.numpy().sum() for variable in network.variables))}


@pytest.mark.parametrize(
    ("when", "number", "sentence"),
    [
        ((0, 1), signal.SIGINT, "Stopped in epoch 1 after step 2 of 4."),
        ((1, STEPS - 1), signal.SIGTERM, "Stopped in epoch 2 after step 4 of 4."),
    ],
)
def test_a_training_that_is_resumed_ends_as_if_it_had_not_been_interrupted(
    uninterrupted: Outcome,
    checkpoint: Checkpoint,
    monkeypatch: pytest.MonkeyPatch,
    handlers: dict[signal.Signals, Any],
    when: tuple[int, int],
    number: signal.Signals,
    sentence: str,
) -> None:
    first = Student(RECIPE, VECTORS, MATERIAL)
    with monkeypatch.context() as patch:
        before_each_batch(patch, lambda _, *now: signal.raise_signal(number) if now == when else None)
        with pytest.raises(Interrupted) as caught:
            first.learn(checkpoint, known)
    assert str(caught.value) == sentence
    assert {number: signal.getsignal(number) for number in handlers} == handlers
    assert sorted(path.name for path in checkpoint.folder.iterdir()) == ["arrays.npz", "state.json"]
    done: list[tuple[int, int]] = []
    second = Student(RECIPE, VECTORS, MATERIAL)
    monkeypatch.setattr(second, "_update", recording(second._update, done))
    history = second.learn(checkpoint, known)
    assert_same(Outcome(values(second.network.variables), values(second._optimizer.variables), history), uninterrupted)
    assert len(done) == EPOCHS * STEPS - (when[0] * STEPS + when[1] + 1)


def recording(step: Callable[..., Any], done: list[Any]) -> Callable[..., Any]:
    def call(*batch: Any) -> Any:
        done.append(batch)
        return step(*batch)

    return call


@pytest.mark.parametrize("epoch", range(EPOCHS))
@pytest.mark.usefixtures("handlers")
def test_a_signal_that_comes_while_an_epoch_is_measured_stops_it_too(
    uninterrupted: Outcome, checkpoint: Checkpoint, epoch: int
) -> None:
    calls: list[Network] = []

    def measure(network: Network) -> dict[str, float]:
        calls.append(network)
        if len(calls) == epoch + 1:
            signal.raise_signal(signal.SIGINT)
        return known(network)

    with pytest.raises(Interrupted, match=f"Stopped after epoch {epoch + 1} of {EPOCHS}."):
        trained(checkpoint, measure=measure)
    assert len(calls) == epoch + 1
    assert_same(trained(checkpoint, measure=known), uninterrupted)


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_last_checkpoint(
    uninterrupted: Outcome, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(_: Student, *now: int) -> None:
        if now == (1, 2):
            raise Killed

    killed = Student(RECIPE, VECTORS, MATERIAL)
    with monkeypatch.context() as patch:
        before_each_batch(patch, kill)
        patch.setattr(checkpoints, "SAVE_EVERY", 0.0)
        with pytest.raises(Killed):
            killed.learn(checkpoint, known)
    saved = json.loads((checkpoint.folder / "state.json").read_text())
    assert (saved["epoch"], saved["step"]) == (1, 2)
    assert_same(trained(checkpoint, measure=known), uninterrupted)


def test_what_was_learnt_is_not_learnt_again(uninterrupted: Outcome, checkpoint: Checkpoint) -> None:
    trained(checkpoint, measure=known)
    again = Student(RECIPE, VECTORS, MATERIAL)
    again._update = None
    history = again.learn(checkpoint, known)
    assert_same(Outcome(values(again.network.variables), values(again._optimizer.variables), history), uninterrupted)


def test_the_history_has_a_row_an_epoch(uninterrupted: Outcome) -> None:
    assert len(uninterrupted.history) == EPOCHS
    assert all(set(row) == {"loss", "sum"} for row in uninterrupted.history)
    assert all(0 < row["loss"] < 1 for row in uninterrupted.history)


def test_the_weights_that_are_measured_and_left_are_averages_over_the_steps(
    uninterrupted: Outcome, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Student(RECIPE, VECTORS, MATERIAL)
    after: dict[int, list[Any]] = {}

    def note(self: Student, epoch: int, step: int) -> None:
        after[epoch * STEPS + step] = values(self.network.variables)

    before_each_batch(monkeypatch, note)
    made.learn(checkpoint)
    assert list(after) == list(range(EPOCHS * STEPS + 1))
    average = after[1]
    for steps in range(2, EPOCHS * STEPS + 1):
        average = [0.8 * mean + 0.2 * weight for mean, weight in zip(average, after[steps], strict=True)]
        if steps == STEPS:
            expected = sum(float(weight.sum()) for weight in average)
            assert uninterrupted.history[0]["sum"] == pytest.approx(expected, abs=1e-4)
    for found, expected_weight, last in zip(
        values(made.network.variables), average, after[EPOCHS * STEPS], strict=True
    ):
        np.testing.assert_allclose(found, expected_weight, atol=1e-5)
        assert not np.allclose(found, last, atol=1e-3)


def test_the_seed_decides_weights_and_order(uninterrupted: Outcome, checkpoint: Checkpoint) -> None:
    other = trained(checkpoint, replace(RECIPE, seed=6), known)
    assert other.history[0]["loss"] != pytest.approx(uninterrupted.history[0]["loss"], abs=1e-4)


def test_every_step_has_a_noise_of_its_own(checkpoint: Checkpoint) -> None:
    seeds: list[tuple[int, ...]] = []

    def note(_ids: tf.Tensor, _targets: tf.Tensor, seed: tf.Tensor) -> float:
        seeds.append(tuple(seed.numpy().tolist()))
        return 0.0

    for seed in (5, 6):
        made = Student(replace(RECIPE, seed=seed), VECTORS, MATERIAL)
        made._update = note
        made.learn(checkpoint.part(str(seed)))
    assert len(set(seeds)) == len(seeds) == 2 * EPOCHS * STEPS


@pytest.mark.usefixtures("_traced")
def test_it_learns_what_is_obvious(checkpoint: Checkpoint) -> None:
    noise = Noise(words=0, embedding=0.1, output=0.1)
    made = Student(replace(RECIPE, units=6, epochs=12, batch_size=2, learning_rate=0.1, noise=noise), VECTORS, MATERIAL)
    history = made.learn(checkpoint)
    assert history[-1]["loss"] < 0.45 < history[0]["loss"]
    answers = inference.predict(made.network, TEXTS, 16)
    assert ((answers > 0) == LABELS).all()


def test_progress_is_shown(checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    found = trained(checkpoint, replace(RECIPE, epochs=1))
    captured = capsys.readouterr()
    assert "checkpoint: epoch 1/1: 100%" in captured.err
    assert f"{STEPS}/{STEPS}" in captured.err
    assert f"epoch 1 - loss: {found.history[0]['loss']:.4f}" in captured.err
