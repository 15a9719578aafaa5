import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import keras
import numpy as np
import pytest

from training.interruption import Interrupted
from training.sentiment import fitting
from training.sentiment.fitting import Examples, State, fit

EPOCHS, STEPS = 3, 3

Send = Callable[[tuple[int, int], signal.Signals], None]


class Killed(Exception):
    """Stands for an end that nobody could prepare for."""


class Fitted(NamedTuple):
    """All that two trainings can differ in."""

    weights: list[Any]
    optimizer: list[Any]
    history: list[dict[str, float]]


def examples(size: int, seed: int = 0, *, flipped: bool = False) -> Examples:
    inputs = np.random.default_rng(seed).normal(size=(size, 4)).astype(np.float32)
    labels = (inputs.sum(axis=1) > 0) != flipped
    return Examples(inputs, labels.astype(np.float32))


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


def run(
    checkpoint: Path, *, epochs: int = EPOCHS, seed: int = 3, validation: Examples = VALIDATION
) -> tuple[Any, State]:
    return fit(model(), TRAINING, validation, batch_size=8, epochs=epochs, seed=seed, checkpoint=checkpoint)


def outcome(fitted: tuple[Any, State]) -> Fitted:
    network, state = fitted
    optimizer = [variable.numpy() for variable in network.optimizer.variables]
    return Fitted(network.get_weights(), optimizer, state.history)


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


@pytest.fixture
def handlers() -> Iterator[dict[signal.Signals, Any]]:
    """The handlers before the test; put back after it, whatever it does."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def send(monkeypatch: pytest.MonkeyPatch, handlers: dict[signal.Signals, Any]) -> Send:  # noqa: ARG001
    """Let a signal really come, once, when so many epochs and steps are done; step 0 is the end of an epoch."""

    def arrange(when: tuple[int, int], number: signal.Signals) -> None:
        pending = [number]

        def after(real: Callable[..., None]) -> Callable[..., None]:
            def call(network: Any, data: Examples, third: Any, fourth: Any) -> None:
                real(network, data, third, fourth)
                state = next(value for value in (third, fourth) if isinstance(value, State))
                if (state.epoch, state.step) == when and pending:
                    signal.raise_signal(pending.pop())

            return call

        monkeypatch.setattr(fitting, "_train_step", after(fitting._train_step))
        monkeypatch.setattr(fitting, "_end_epoch", after(fitting._end_epoch))

    return arrange


@pytest.mark.parametrize(
    ("when", "number", "sentence"),
    [
        ((0, 2), signal.SIGINT, "Stopped in epoch 1 after step 2 of 3."),
        ((1, 1), signal.SIGTERM, "Stopped in epoch 2 after step 1 of 3."),
        ((1, STEPS), signal.SIGINT, "Stopped in epoch 2 after step 3 of 3."),
        ((1, 0), signal.SIGINT, "Stopped after epoch 1 of 3."),
        ((EPOCHS, 0), signal.SIGTERM, "Stopped after epoch 3 of 3."),
    ],
)
def test_a_training_that_is_resumed_ends_as_if_it_had_not_been_interrupted(
    uninterrupted: Fitted,
    checkpoint: Path,
    send: Send,
    handlers: dict[signal.Signals, Any],
    when: tuple[int, int],
    number: signal.Signals,
    sentence: str,
) -> None:
    send(when, number)
    with pytest.raises(Interrupted) as caught:
        run(checkpoint)
    assert str(caught.value) == sentence
    assert {number: signal.getsignal(number) for number in handlers} == handlers
    assert sorted(path.name for path in checkpoint.iterdir()) == ["best.npz", "model.keras", "seeds.npz", "state.json"]
    assert_same(outcome(run(checkpoint)), uninterrupted)


def test_it_may_be_interrupted_again_and_again(
    uninterrupted: Fitted, checkpoint: Path, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    for when in [(0, 1), (0, 2), (2, 2)]:
        send(when, signal.SIGINT)
        with pytest.raises(Interrupted):
            run(checkpoint)
        monkeypatch.undo()
    assert_same(outcome(run(checkpoint)), uninterrupted)


def test_a_resumed_training_does_no_step_twice(checkpoint: Path, send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    send((1, 2), signal.SIGINT)
    with pytest.raises(Interrupted):
        run(checkpoint)
    monkeypatch.undo()
    done: list[tuple[int, int]] = []
    real = fitting._train_step

    def step(network: Any, data: Examples, batch: Any, state: State) -> None:
        done.append((state.epoch, state.step))
        real(network, data, batch, state)

    monkeypatch.setattr(fitting, "_train_step", step)
    run(checkpoint)
    assert done == [(1, 2), *((2, number) for number in range(STEPS))]
    done.clear()
    run(checkpoint)
    assert done == []


@pytest.mark.parametrize("last", [(0, 2), (2, 1)])
def test_a_killed_training_goes_on_from_its_last_checkpoint(
    uninterrupted: Fitted, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, last: tuple[int, int]
) -> None:
    real = fitting._train_step

    def step(network: Any, data: Examples, batch: Any, state: State) -> None:
        if (state.epoch, state.step) == last:
            raise Killed
        real(network, data, batch, state)

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "_train_step", step)
        patch.setattr(fitting, "SAVE_EVERY", 0.0)
        with pytest.raises(Killed):
            run(checkpoint)
    saved = json.loads((checkpoint / "state.json").read_text())
    assert (saved["epoch"], saved["step"]) == last
    assert_same(outcome(run(checkpoint)), uninterrupted)


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(
    uninterrupted: Fitted, checkpoint: Path, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send((1, 2), signal.SIGINT)
    with pytest.raises(Interrupted):
        run(checkpoint)
    before = {path.name: path.read_bytes() for path in checkpoint.iterdir()}

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full)
        with pytest.raises(OSError, match="No space left"):
            run(checkpoint)
    assert {path.name: path.read_bytes() for path in checkpoint.iterdir()} == before
    assert list(checkpoint.parent.iterdir()) == [checkpoint]
    assert_same(outcome(run(checkpoint)), uninterrupted)


@pytest.mark.parametrize("interrupted", [None, (1, 2), (3, 0)])
def test_the_weights_are_those_of_the_best_epoch(
    checkpoint: Path, send: Send, interrupted: tuple[int, int] | None
) -> None:
    """Validated on the contrary of what it learns, the first epoch is the best."""
    contrary = examples(20, seed=1, flipped=True)
    first, _ = run(checkpoint.with_name("first"), epochs=1, validation=contrary)
    if interrupted is not None:
        send(interrupted, signal.SIGINT)
        with pytest.raises(Interrupted):
            run(checkpoint, validation=contrary)
    fitted, state = run(checkpoint, validation=contrary)
    losses = [epoch["val_loss"] for epoch in state.history]
    assert losses == sorted(losses)
    assert losses[0] < losses[-1]
    assert state.best_epoch == 1
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
    logs = fitted.evaluate(VALIDATION.inputs, VALIDATION.labels, verbose=0, return_dict=True)
    assert best["val_loss"] == pytest.approx(logs["loss"], abs=1e-5)
    assert best["val_accuracy"] == pytest.approx(logs["accuracy"], abs=1e-5)


def test_loss_and_accuracy_are_means_over_the_examples(checkpoint: Path) -> None:
    """With a learning rate of 0 and no dropout they are those of the first weights, the short batch included."""
    still = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    still.compile(loss="binary_crossentropy", optimizer=keras.optimizers.SGD(0.0), metrics=["accuracy"])
    _, state = fit(still, TRAINING, TRAINING, batch_size=8, epochs=1, seed=0, checkpoint=checkpoint)
    (epoch,) = state.history
    assert epoch["loss"] == pytest.approx(epoch["val_loss"], abs=1e-5)
    assert epoch["accuracy"] == pytest.approx(epoch["val_accuracy"], abs=1e-5)


def test_an_epoch_takes_every_example_once_in_an_order_of_its_own(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders: list[list[int]] = [[] for _ in range(EPOCHS)]

    def step(_network: Any, _data: Examples, batch: Any, state: State) -> None:
        orders[state.epoch] += batch.tolist()
        state.step += 1

    monkeypatch.setattr(fitting, "_train_step", step)
    run(checkpoint)
    everything = list(range(len(TRAINING)))
    assert [sorted(order) for order in orders] == [everything] * EPOCHS
    assert len({tuple(order) for order in [*orders, everything]}) == EPOCHS + 1


def test_another_seed_takes_another_order(uninterrupted: Fitted, checkpoint: Path) -> None:
    assert outcome(run(checkpoint, seed=4)).history != uninterrupted.history


def test_progress_is_shown(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, state = run(checkpoint, epochs=2)
    captured = capsys.readouterr()
    assert "epoch 2/2" in captured.err
    assert "loss=" in captured.err
    assert f"{2 * STEPS}/{2 * STEPS}" in captured.err
    assert f"epoch 1 - loss: {state.history[0]['loss']:.4f}" in captured.out + captured.err


# Signals.


def test_handlers_are_as_before_when_training_is_done(checkpoint: Path, handlers: dict[signal.Signals, Any]) -> None:
    run(checkpoint, epochs=1)
    assert {number: signal.getsignal(number) for number in handlers} == handlers


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_acts_as_usual(
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
    handlers: dict[signal.Signals, Any],
    first: signal.Signals,
    second: signal.Signals,
) -> None:
    def usual(number: int, _frame: FrameType | None) -> None:
        raise Killed(signal.Signals(number).name)

    for number in handlers:
        signal.signal(number, usual)

    def step(*_: object) -> None:
        signal.raise_signal(first)
        signal.raise_signal(second)

    monkeypatch.setattr(fitting, "_train_step", step)
    with pytest.raises(Killed, match=second.name):
        run(checkpoint)
    assert not checkpoint.exists()
    assert {number: signal.getsignal(number) for number in handlers} == dict.fromkeys(handlers, usual)
