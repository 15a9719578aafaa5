import numpy as np
import pytest

from tests.training.sentiment.own.conftest import ROWS, TINY_ADAPT
from training.checkpoint import Progress
from training.sentiment.distillation.corpus import encoded
from training.sentiment.own.base import Base
from training.sentiment.own.tuning import ChoosingLearner, Tuning, loss


def learner(base: Base) -> ChoosingLearner:
    ids = [encoded(base.tokenizer, row.text) for row in ROWS]
    targets = np.eye(3, dtype=np.float32)[[base.labels.index(row.label) for row in ROWS]]
    tuning = Tuning(TINY_ADAPT, base.weights, base.window)
    return ChoosingLearner(tuning, base.weights, 0.05, 2, (ids[:40], targets[:40]), (ids[40:], targets[40:]), seed=1)


def train(one: ChoosingLearner, first: int, last: int) -> None:
    """Make the steps from the first to before the last."""
    for number in range(first, last):
        epoch, place = divmod(number, one.steps)
        one.train_step(list(one.batches(epoch))[place], number)


@pytest.mark.parametrize("epochs", [0, 1])
def test_a_training_goes_on_from_its_arrays_as_if_nothing_had_been(base: Base, epochs: int) -> None:
    whole = learner(base)
    done = epochs * whole.steps
    train(whole, 0, done)
    for _ in range(epochs):
        whole.end_epoch(Progress())
    train(whole, done, done + 2)
    resumed = learner(base)
    resumed.restore(whole.arrays())
    for one in (whole, resumed):
        train(one, done + 2, done + one.steps)
    assert whole.end_epoch(Progress()) == resumed.end_epoch(Progress())
    assert (whole.least, whole.share) == (resumed.least, resumed.share)
    for array, other in zip(whole.arrays(), resumed.arrays(), strict=True):
        np.testing.assert_array_equal(array, other)


def test_the_loss_is_that_after_the_best_temperature() -> None:
    labels = np.array([0, 0, 0, 1], np.intp)
    logits = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    least = -(3 * np.log(0.75) + np.log(0.25)) / 4
    for sureness in (0.5, 1.0, 4.0):
        assert loss(sureness * logits, labels) == pytest.approx(least, abs=1e-4)
