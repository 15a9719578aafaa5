from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from training import checkpoint as checkpoints
from training import fitting
from training.checkpoint import Checkpoint
from training.fitting import Dataset, History, fit, shuffled

EPOCHS, STEPS = 3, 3


class Killed(Exception):
    """Stands for an end that nobody could prepare for."""


class Fitted(NamedTuple):
    """All that two trainings can differ in."""

    weights: list[Any]
    optimizer: list[Any]
    history: list[dict[str, float]]


def examples(size: int, seed: int = 0, *, flipped: bool = False) -> Dataset:
    inputs = np.random.default_rng(seed).normal(size=(size, 4)).astype(np.float32)
    labels = (inputs.sum(axis=1) > 0) != flipped
    return Dataset(inputs, labels.astype(np.float32))


TRAINING, VALIDATION = examples(21), examples(20, seed=1)
"""The last of the 3 batches of 8 is not full."""


def model() -> Any:
    """A network with dropout: its random numbers, too, must go on where they stopped.

    It runs eagerly since nearly all the time would go into tracing; test_cli.py resumes a traced one.
    """
    keras.utils.set_random_seed(7)
    built = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros"),
        ]
    )
    optimizer = keras.optimizers.Adam(0.05)
    built.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"], run_eagerly=True)
    return built


def run(folder: Path, *, epochs: int = EPOCHS, seed: int = 3, validation: Dataset = VALIDATION) -> tuple[Any, History]:
    network = model()
    order = shuffled(len(TRAINING), 8, seed)
    checkpoint = Checkpoint(folder, {"seed": seed})
    return network, fit(network, TRAINING, validation, order=order, epochs=epochs, checkpoint=checkpoint)


def outcome(fitted: tuple[Any, History]) -> Fitted:
    network, history = fitted
    optimizer = [variable.numpy() for variable in network.optimizer.variables]
    return Fitted(network.get_weights(), optimizer, history.epochs)


def assert_same(found: Fitted, expected: Fitted) -> None:
    assert found.history == expected.history
    for ours, theirs in ((found.weights, expected.weights), (found.optimizer, expected.optimizer)):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return outcome(run(tmp_path_factory.mktemp("uninterrupted") / "checkpoint"))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint"


def kill_at(patch: pytest.MonkeyPatch, number: int) -> None:
    """End before the step with this number; until then every step is saved."""
    real = fitting._KerasLearner.train_step

    def step(self: Any, batch: Any, now: int) -> Any:
        if now == number:
            raise Killed
        return real(self, batch, now)

    patch.setattr(fitting._KerasLearner, "train_step", step)
    patch.setattr(checkpoints, "SAVE_EVERY", 0.0)


@pytest.mark.parametrize("steps", [[1], [2, 4], [3], [5, 8]])
def test_a_training_that_is_resumed_ends_as_if_it_had_not_been_interrupted(
    uninterrupted: Fitted, checkpoint: Path, steps: list[int]
) -> None:
    for number in steps:
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, number)
            with pytest.raises(Killed):
                run(checkpoint)
    assert_same(outcome(run(checkpoint)), uninterrupted)


@pytest.mark.parametrize("killed", [None, 5, 8])
def test_the_weights_are_those_of_the_best_epoch(checkpoint: Path, killed: int | None) -> None:
    """Validated on the contrary of what it learns, the first epoch is the best."""
    contrary = examples(20, seed=1, flipped=True)
    first, _ = run(checkpoint.with_name("first"), epochs=1, validation=contrary)
    if killed is not None:
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, killed)
            with pytest.raises(Killed):
                run(checkpoint, validation=contrary)
    fitted, history = run(checkpoint, validation=contrary)
    losses = [epoch["val_loss"] for epoch in history.epochs]
    assert losses == sorted(losses)
    assert losses[0] < losses[-1]
    assert history.best_epoch == 1
    for found, expected in zip(fitted.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_of_equal_epochs_the_first_is_the_best() -> None:
    assert History([{"val_loss": loss} for loss in (0.5, 0.4, 0.4)]).best_epoch == 2


def test_of_equal_epochs_the_weights_of_the_first_are_kept(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.Sequential, "evaluate", lambda *_, **__: {"loss": 0.4, "accuracy": 0.5})
    first, _ = run(checkpoint.with_name("first"), epochs=1)
    fitted, history = run(checkpoint)
    assert history.best_epoch == 1
    for found, expected in zip(fitted.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_an_epoch_that_only_betters_the_one_before_it_is_not_the_best(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter((0.3, 0.3, 0.5, 0.4))
    monkeypatch.setattr(keras.Sequential, "evaluate", lambda *_, **__: {"loss": next(losses), "accuracy": 0.5})
    first, _ = run(checkpoint.with_name("first"), epochs=1)
    fitted, history = run(checkpoint, epochs=3)
    assert history.best_epoch == 1
    for found, expected in zip(fitted.get_weights(), first.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_history_says_how_it_went(uninterrupted: Fitted) -> None:
    assert len(uninterrupted.history) == EPOCHS
    first, *_, last = uninterrupted.history
    assert set(first) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert last["loss"] < first["loss"]
    assert all(0 <= epoch[name] <= 1 for epoch in uninterrupted.history for name in ("accuracy", "val_accuracy"))
    fitted = model()
    fitted.set_weights(uninterrupted.weights)
    best = min(uninterrupted.history, key=lambda epoch: epoch["val_loss"])
    logs = fitted.evaluate(VALIDATION.inputs, VALIDATION.targets, verbose=0, return_dict=True)
    assert best["val_loss"] == pytest.approx(logs["loss"], abs=1e-5)
    assert best["val_accuracy"] == pytest.approx(logs["accuracy"], abs=1e-5)


def test_loss_and_accuracy_are_means_over_the_examples(checkpoint: Path) -> None:
    """With a learning rate of 0 and no dropout they are those of the first weights, the short batch included."""
    still = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    still.compile(loss="binary_crossentropy", optimizer=keras.optimizers.SGD(0.0), metrics=["accuracy"])
    order = shuffled(len(TRAINING), 8, 0)
    (epoch,) = fit(still, TRAINING, TRAINING, order=order, epochs=1, checkpoint=Checkpoint(checkpoint, {})).epochs
    assert epoch["loss"] == pytest.approx(epoch["val_loss"], abs=1e-5)
    assert epoch["accuracy"] == pytest.approx(epoch["val_accuracy"], abs=1e-5)


def test_an_epoch_takes_every_example_once_in_an_order_of_its_own() -> None:
    batches = shuffled(len(TRAINING), 8, 3)
    assert [[len(batch) for batch in batches(epoch)] for epoch in range(EPOCHS)] == [[8, 8, 5]] * EPOCHS
    orders = [np.concatenate(batches(epoch)).tolist() for epoch in range(EPOCHS)]
    everything = list(range(len(TRAINING)))
    assert [sorted(order) for order in orders] == [everything] * EPOCHS
    assert len({tuple(order) for order in [*orders, everything]}) == EPOCHS + 1
    assert orders == [np.concatenate(batches(epoch)).tolist() for epoch in range(EPOCHS)]


def test_another_seed_takes_another_order(uninterrupted: Fitted, checkpoint: Path) -> None:
    assert outcome(run(checkpoint, seed=4)).history != uninterrupted.history
