import numpy as np
import pytest

from tests.training.sentiment.encoder import tiny
from training.sentiment.encoder import inference
from training.sentiment.encoder.network import Encoder


def test_texts_of_all_lengths_get_the_answers_they_get_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "_BATCH", 30)
    random, encoder = np.random.default_rng(4), Encoder(tiny.weights(), 3)
    texts = [random.integers(tiny.FIRST_WORD, tiny.VOCABULARY, length, np.int32) for length in (3, 0, 9, 3, 1, 3, 9, 3)]
    found = inference.probabilities(encoder, texts, 20)
    alone = [encoder.probabilities(np.array([[0, *ids]], np.int32))[0] for ids in texts]
    np.testing.assert_allclose(found, alone, atol=2e-4)
    assert np.ptp(found, axis=0).max() > 0.001


def test_of_long_texts_both_ends_are_read() -> None:
    ids = np.arange(110, 119, dtype=np.int32)
    encoder = Encoder(tiny.weights(), 3)
    found = inference.probabilities(encoder, [ids], 5)
    ends = np.array([[0, 110, 111, 116, 117, 118]], np.int32)
    np.testing.assert_array_equal(found, encoder.probabilities(ends))


def test_no_texts_have_no_answers() -> None:
    assert inference.probabilities(Encoder(tiny.weights(), 3), [], 5).shape == (0, 3)
