from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, logit

from tests.training.sentiment.distillation import tiny
from training.sentiment.distillation.corpus import START_ID, UNKNOWN_ID
from training.sentiment.distillation.network import Network, _drop_words, _kept
from training.sentiment.distillation.recipe import Noise

pytestmark = pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
"""What Keras says of `GlobalMaxPooling1D` is true, and is what `losses` reproduces."""

VOCABULARY: Final = 12
MAXLEN: Final = 9
QUIET: Final = Noise(words=0, embedding=0, output=0)
NOISES: Final = (QUIET, Noise(words=0.2, embedding=0.3, output=0.3))
RANDOM: Final = np.random.default_rng(8)
IDS: Final = tf.constant(np.pad(RANDOM.integers(2, VOCABULARY, (6, 5)), ((0, 0), (1, 0)), constant_values=START_ID))
TARGETS: Final = tf.constant(RANDOM.random(6), tf.float32)
SEED: Final = tf.constant([3, 40])


@pytest.fixture
def network() -> Network:
    return tiny.network(VOCABULARY)


def probability(network: Network, ids: Sequence[int]) -> float:
    """What the layers give for a text as it is."""
    states = network.lstm(network.embedding(np.array([ids])))
    return float(network.dense(tf.nn.relu(tf.reduce_max(states, axis=1)))[0, 0])


def loss_of(network: Network, noise: Noise, seed: Any = SEED) -> float:
    return float(network.losses(IDS, TARGETS, noise, seed)[0])


def test_it_begins_with_the_given_vectors() -> None:
    vectors = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    network = Network(vectors, 2)
    np.testing.assert_array_equal(network.embedding.get_weights()[0], vectors)
    assert [layer.name.rpartition("_")[0] or layer.name for layer in network.layers] == [
        "embedding", "bidirectional", "dense",
    ]  # fmt: skip
    assert sum(np.prod(variable.shape) for variable in network.variables) == 15 + 2 * 4 * 2 * (3 + 2 + 1) + 5


@pytest.mark.parametrize("length", range(1, MAXLEN))
def test_the_model_to_serve_gives_for_padded_texts_what_the_layers_give_for_bare_ones(
    network: Network, length: int
) -> None:
    ids = [START_ID, *np.random.default_rng(length).integers(2, VOCABULARY, length - 1).tolist()]
    padded = np.pad([ids], ((0, 0), (MAXLEN - length, 0)))
    assert network.serving_model(MAXLEN)(padded).numpy()[0, 0] == pytest.approx(probability(network, ids), abs=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1.7])
def test_the_temperature_divides_the_logits(network: Network, temperature: float) -> None:
    padded = np.pad(IDS, ((0, 0), (MAXLEN - 6, 0)))
    plain, divided = (network.serving_model(MAXLEN, by)(padded).numpy()[:, 0] for by in (1.0, temperature))
    assert plain.std() > 0.02
    np.testing.assert_allclose(divided, expit(logit(plain) / temperature), atol=1e-5)


def test_so_does_a_power_of_the_number_of_tokens() -> None:
    random = np.random.default_rng(5)
    network = Network(random.normal(0, 1, (VOCABULARY, 4)).astype(np.float32), 3, outputs=3, window=2)
    network.dense.set_weights([random.normal(0, 1, weight.shape) for weight in network.dense.get_weights()])
    rows = np.stack([np.pad([START_ID, *range(2, length + 1)], (MAXLEN - length, 0)) for length in range(1, MAXLEN)])
    plain, divided = (np.log(network.serving_model(MAXLEN, *by)(rows).numpy()) for by in ((1.0,), (1.5, 0.25)))
    by = 1.5 * np.arange(1, MAXLEN)[:, None] ** 0.25
    np.testing.assert_allclose(divided - divided[:, :1], (plain - plain[:, :1]) / by, atol=1e-5)


def test_the_model_to_serve_keeps_its_weights_when_the_network_learns_on(network: Network) -> None:
    model = network.serving_model(MAXLEN)
    before = [weight.copy() for weight in model.get_weights()]
    network.dense.kernel.assign(network.dense.kernel + 1)
    for weight, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)


def test_the_loss_is_the_cross_entropy_of_the_probabilities(network: Network) -> None:
    found = np.array([probability(network, ids) for ids in IDS.numpy().tolist()])
    targets = TARGETS.numpy()
    expected = -(targets * np.log(found) + (1 - targets) * np.log(1 - found)).mean()
    assert loss_of(network, QUIET) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("noise", NOISES, ids=["quiet", "noisy"])
def test_gradients_are_the_slopes_of_the_loss(network: Network, noise: Noise) -> None:
    _, gradients = network.losses(IDS, TARGETS, noise, SEED)
    random = np.random.default_rng(2)
    width = 1e-2
    for variable, gradient in zip(network.variables, gradients, strict=True):
        assert gradient.shape == variable.shape
        value = variable.numpy()
        direction = random.normal(size=value.shape).astype(np.float32)
        direction /= np.linalg.norm(direction)
        sides = []
        for sign in (1, -1):
            variable.assign(value + sign * width * direction)
            sides.append(loss_of(network, noise))
        variable.assign(value)
        slope = (sides[0] - sides[1]) / (2 * width)
        assert slope == pytest.approx(float(np.sum(gradient.numpy() * direction)), rel=0.05, abs=2e-4)


@pytest.mark.parametrize("noise", NOISES, ids=["quiet", "noisy"])
def test_a_step_along_the_gradients_lowers_the_loss(network: Network, noise: Noise) -> None:
    before, gradients = network.losses(IDS, TARGETS, noise, SEED)
    assert all(np.isfinite(gradient).all() for gradient in gradients)
    for variable, gradient in zip(network.variables, gradients, strict=True):
        variable.assign(variable - 0.02 * gradient)
    assert loss_of(network, noise) < float(before) - 1e-5


def test_the_seed_decides_the_noise_and_nothing_else(network: Network) -> None:
    other = tf.constant([3, 50])
    noisy = NOISES[1]
    assert loss_of(network, noisy) == loss_of(network, noisy)
    assert loss_of(network, noisy) != pytest.approx(loss_of(network, noisy, other), abs=1e-4)
    assert loss_of(network, QUIET) == loss_of(network, QUIET, other)


@pytest.mark.parametrize(
    "noise",
    [
        Noise(words=0.5, embedding=0, output=0),
        Noise(words=0, embedding=0.5, output=0),
        Noise(words=0, embedding=0, output=0.5),
    ],
    ids=["words", "embedding", "output"],
)
def test_each_noise_changes_the_loss(network: Network, noise: Noise) -> None:
    assert loss_of(network, noise) != pytest.approx(loss_of(network, QUIET), abs=1e-4)


def test_words_are_dropped_but_not_the_start() -> None:
    ids = np.full((200, 50), 7)
    ids[:, 0] = START_ID
    found = _drop_words(tf.constant(ids), 0.2, SEED).numpy()
    assert (found[:, 0] == START_ID).all()
    assert set(np.unique(found[:, 1:])) == {7, UNKNOWN_ID}
    assert (found == UNKNOWN_ID).mean() == pytest.approx(0.2, abs=0.02)
    np.testing.assert_array_equal(_drop_words(tf.constant(ids), 0.0, SEED).numpy(), ids)


def test_dropout_makes_up_for_what_it_drops() -> None:
    found = _kept(tf.constant([200, 50]), 0.3, SEED).numpy()
    assert set(np.unique(found)) == {0, np.float32(1 / 0.7)}
    assert found.mean() == pytest.approx(1, abs=0.03)
    np.testing.assert_array_equal(_kept(tf.constant([4, 5]), 0.0, SEED).numpy(), np.ones((4, 5)))


def test_the_same_dimensions_are_dropped_in_a_whole_text(network: Network) -> None:
    embedded = network._embed(IDS, 0.5, SEED).numpy()
    dropped = (embedded == 0).all(axis=1)
    assert 0.2 < dropped.mean() < 0.8
    np.testing.assert_array_equal(embedded == 0, np.broadcast_to(dropped[:, None], embedded.shape))
    assert len({tuple(row) for row in dropped.tolist()}) > 1
