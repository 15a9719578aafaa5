from typing import Any, Final

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import erf, softmax

from tests.training.sentiment.encoder import tiny
from training.sentiment.distillation.recipe import Noise
from training.sentiment.encoder import network
from training.sentiment.encoder.network import CLS, SEP, Encoder

QUIET: Final = Noise(0, 0, 0)
SEED: Final = tf.constant([1, 2])
IDS: Final = np.random.default_rng(3).integers(tiny.FIRST_WORD, tiny.VOCABULARY, (5, 8)).astype(np.int32)
TARGETS: Final = np.eye(3, dtype=np.float32)[[0, 1, 2, 2, 1]]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(tiny.weights(), 3)


def by_the_paper(encoder: Encoder, ids: Any) -> Any:
    """The probabilities as Devlin et al. and Vaswani et al. define the layers, text by text in float64."""
    weights = tiny.weights()
    kernel, bias = (variable.numpy() for variable in encoder.variables[-2:])

    def linear(x: Any, name: str) -> Any:
        return x @ weights[f"{name}.weight"].T.astype(np.float64) + weights[f"{name}.bias"]

    def norm(x: Any, name: str) -> Any:
        scaled = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    found = []
    for row in ids:
        pieces = [CLS, *row[1:], SEP]
        x = weights["embeddings.word_embeddings.weight"][pieces].astype(np.float64)
        x = x + weights["embeddings.position_embeddings.weight"][: len(pieces)]
        x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for number in range(tiny.LAYERS):
            layer = f"encoder.layer.{number}"
            query, key, value = (
                np.split(linear(x, f"{layer}.attention.self.{part}"), 12, axis=1) for part in ("query", "key", "value")
            )
            heads = [
                softmax(q @ k.T / np.sqrt(q.shape[1]), axis=1) @ v for q, k, v in zip(query, key, value, strict=True)
            ]
            mixed = linear(np.concatenate(heads, axis=1), f"{layer}.attention.output.dense")
            x = norm(x + mixed, f"{layer}.attention.output.LayerNorm")
            inner = linear(x, f"{layer}.intermediate.dense")
            inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
            x = norm(x + linear(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        found.append(softmax(x.mean(axis=0) @ kernel + bias))
    return np.array(found)


def test_it_is_the_encoder_of_the_paper(encoder: Encoder) -> None:
    found = encoder.probabilities(IDS)
    assert found.shape == (5, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    expected = by_the_paper(encoder, IDS)
    assert np.ptp(expected, axis=0).max() > 0.02
    # bfloat16 has eight bits of precision.
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_the_loss_is_the_cross_entropy(encoder: Encoder) -> None:
    loss, gradients = encoder.losses(tf.constant(IDS), tf.constant(TARGETS), QUIET, SEED)
    expected = -np.log((by_the_paper(encoder, IDS) * TARGETS).sum(axis=1)).mean()
    assert float(loss) == pytest.approx(expected, abs=1e-3)
    assert [gradient.shape for gradient in gradients] == [variable.shape for variable in encoder.variables]
    assert all(np.abs(gradient.numpy()).max() > 0 for gradient in gradients)


def test_word_pieces_and_places_keep_their_vectors(encoder: Encoder) -> None:
    shapes = [tuple(variable.shape) for variable in encoder.variables]
    assert (tiny.VOCABULARY, tiny.WIDTH) not in shapes
    assert (tiny.PLACES, tiny.WIDTH) not in shapes
    assert len(shapes) == 16 * tiny.LAYERS + 2


@pytest.mark.parametrize("noise", [Noise(0.9, 0, 0), Noise(0, 0.9, 0), Noise(0, 0, 0.9)])
def test_noise_makes_it_harder(encoder: Encoder, noise: Noise) -> None:
    quiet, *others = (
        float(encoder.losses(tf.constant(IDS), tf.constant(TARGETS), how, seed)[0])
        for how, seed in ((QUIET, SEED), (noise, SEED), (noise, tf.constant([1, 3])))
    )
    assert len({round(loss, 6) for loss in (quiet, *others)}) == 3


def test_a_hidden_piece_is_masked(encoder: Encoder) -> None:
    hidden = np.full_like(IDS, network.MASK)
    masked = encoder.losses(tf.constant(IDS), tf.constant(TARGETS), Noise(1.0, 0, 0), SEED)[0]
    same = encoder.losses(tf.constant(hidden), tf.constant(TARGETS), QUIET, SEED)[0]
    assert float(masked) == pytest.approx(float(same), abs=1e-6)


def test_the_first_column_is_not_read(encoder: Encoder) -> None:
    other = IDS.copy()
    other[:, 0] = 1
    np.testing.assert_array_equal(encoder.probabilities(IDS), encoder.probabilities(other))
