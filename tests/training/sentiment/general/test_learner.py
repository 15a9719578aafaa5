import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
import tensorflow as tf

from app.sentiment.labels import NEGATIVE, NEUTRAL, POSITIVE
from training.checkpoint import Checkpoint, Interrupted
from training.sentiment.distillation import inference, student
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.recipe import Noise
from training.sentiment.general.learner import GeneralLearner, network_of
from training.sentiment.general.material import GeneralMaterial
from training.sentiment.general.recipe import LABELS, NetworkRecipe

WORDS: Final = {NEGATIVE: 3, NEUTRAL: 4, POSITIVE: 5}
RECIPE: Final = NetworkRecipe(
    units=3, epochs=2, seed=5, window=4, longest=12, batch=100, learning_rate=0.05, noise=Noise(0, 0.1, 0.1),
    shares={"one": 1.0},
)  # fmt: skip
VECTORS: Final = np.random.default_rng(3).normal(0, 0.5, (12, 5)).astype(np.float32)


def material() -> GeneralMaterial:
    """Texts of ten words, one of which says what is to be answered."""
    random = np.random.default_rng(2)
    rows = random.integers(6, 12, (60, 10), np.int32)
    answers = np.arange(60) % 3
    rows[np.arange(60), random.integers(0, 10, 60)] = np.array(list(WORDS.values()))[answers]
    return GeneralMaterial.of({"one": list(rows)}, {"one": np.eye(3)[answers] * 0.9 + 0.1 / 3})


MATERIAL: Final = material()


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Warm-up and average are made for thousands of steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(student, "WARM_UP", 2)
        patch.setattr(student, "AVERAGED", 0.8)
        yield


@pytest.fixture
def _eager() -> Iterator[None]:
    """Nearly all the time of a few steps would go into tracing."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def learner(recipe: NetworkRecipe = RECIPE, start: Sequence[Any] = ()) -> GeneralLearner[Network]:
    return GeneralLearner(recipe, network_of(recipe, VECTORS, start), MATERIAL, window=recipe.window)


def values(network: Network) -> list[Any]:
    return [variable.numpy() for variable in network.variables]


@pytest.mark.usefixtures("_eager")
def test_a_training_that_is_resumed_ends_as_if_it_had_not_been_interrupted(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = learner()
    history = whole.learn(Checkpoint(tmp_path / "whole", {}))
    checkpoint = Checkpoint(tmp_path / "checkpoint", {})
    first = learner()
    with monkeypatch.context() as patch:
        real = GeneralLearner.train_step

        def step(self: GeneralLearner[Network], batch: Any, number: int) -> Any:
            if number == self.steps + 1:
                signal.raise_signal(signal.SIGINT)
            return real(self, batch, number)

        patch.setattr(GeneralLearner, "train_step", step)
        with pytest.raises(Interrupted, match="Stopped in epoch 2 after step 2 of"):
            first.learn(checkpoint)
    second = learner()
    assert second.learn(checkpoint) == history
    for one, other in zip(values(second.network), values(whole.network), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_learns_what_is_obvious(tmp_path: Any) -> None:
    made = learner(replace(RECIPE, units=6, epochs=25, learning_rate=0.1))
    history = made.learn(Checkpoint(tmp_path / "checkpoint", {}))
    assert history[-1]["loss"] < history[0]["loss"]
    texts = [np.array([7, 8, word, 9, 7, 10], np.int32) for word in WORDS.values()]
    found = inference.probabilities(made.network, texts, 13)
    assert [LABELS[index] for index in found.argmax(axis=1)] == list(WORDS)


def test_it_begins_with_the_given_weights() -> None:
    other = Network(VECTORS + 1, 3, outputs=3, window=4)
    made = learner(start=other.lstm.get_weights())
    np.testing.assert_array_equal(made.network.embedding.get_weights()[0], VECTORS)
    for one, given in zip(made.network.lstm.get_weights(), other.lstm.get_weights(), strict=True):
        np.testing.assert_array_equal(one, given)
    assert not (made.network.dense.get_weights()[0] == other.dense.get_weights()[0]).all()
    made = learner(start=[*other.lstm.get_weights(), *other.dense.get_weights()])
    for one, given in zip(made.network.dense.get_weights(), other.dense.get_weights(), strict=True):
        np.testing.assert_array_equal(one, given)


def test_the_seed_decides_weights_and_order() -> None:
    one, same, other = (learner(replace(RECIPE, seed=seed)) for seed in (5, 5, 6))
    assert all((a == b).all() for a, b in zip(values(one.network), values(same.network), strict=True))
    assert not (values(one.network)[1] == values(other.network)[1]).all()
    first, again, another = ([batch.ids.tolist() for batch in made.batches(1)] for made in (one, same, other))
    assert first == again != another
