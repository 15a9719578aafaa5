import numpy as np
import pytest
import tensorflow as tf

from app.sentiment.windows import Windows
from training.sentiment.distillation.corpus import START_ID, encoded
from training.sentiment.distillation.recipe import Noise
from training.sentiment.own import train
from training.sentiment.own.base import Base
from training.sentiment.own.network import WindowNetwork
from training.sentiment.own.windows import WindowBatch, batch_of, batches

TEXTS = ["", "soup", "The soup was awful " * 2, "The train number 7 was great " * 4, "rude unheard-of room " * 8]
NOTHING = np.zeros((1, 2), np.float32)


@pytest.mark.parametrize("length", [*range(20), 40, 64])
def test_windows_are_cut_as_the_service_cuts_them(length: int) -> None:
    ids = np.arange(3, 3 + length, dtype=np.int32)
    padded = np.concatenate([np.zeros(66 - length, np.int32), [START_ID], ids]).astype(np.int32)
    wanted = np.asarray(Windows(8, START_ID)(padded[None]))
    wanted = wanted[wanted[:, 0] != 0]
    batch = batch_of([ids], NOTHING, 8)
    np.testing.assert_array_equal(batch.ids, wanted[:, : batch.ids.shape[1]])
    assert not wanted[:, batch.ids.shape[1] :].any()
    np.testing.assert_array_equal(batch.lengths, (wanted != 0).sum(axis=1))


def test_the_network_that_is_trained_answers_as_the_one_that_is_served(base: Base) -> None:
    network = WindowNetwork(base.weights, base.window)
    ids = [encoded(base.tokenizer, text) for text in TEXTS]
    padded = np.zeros((len(ids), 33), np.int32)
    for row, one in zip(padded, ids, strict=True):
        row[32 - len(one) :] = [START_ID, *one]
    wanted = train.serving_model(base.weights, base, base.labels, 1.0).predict(padded, verbose=0)
    found = tf.nn.softmax(network.logits(network.maxima(ids))).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_of_a_text_that_is_too_long_the_end_is_read_as_served(base: Base) -> None:
    network = WindowNetwork(base.weights, base.window)
    start, end = (encoded(base.tokenizer, text) for text in ("awful rude soup ", "great train room "))
    long = np.tile(end, 1023)[-1023:]
    whole, read, other = network.maxima([np.concatenate([np.tile(start, 500), long]), long, np.tile(start, 500)])
    np.testing.assert_array_equal(whole, read)
    assert not np.allclose(whole, other)


def test_all_texts_are_shown_once_and_long_ones_in_part() -> None:
    random = np.random.default_rng(0)
    texts = [np.full(number + 1, number + 3, np.int32) for number in range(20)]
    targets = np.eye(20, dtype=np.float32)
    shown = list(batches(texts, targets, window=4, longest=10, rows=6, tokens=30, random=random))
    seen = np.concatenate([batch.targets.argmax(axis=1) for batch in shown])
    assert sorted(seen.tolist()) == list(range(20))
    for batch in shown:
        assert len(batch.targets) <= 6
        words = np.bincount(batch.owner, batch.lengths - 1).astype(int)
        assert words.tolist() == [min(number + 1, 10) for number in batch.targets.argmax(axis=1)]
        assert words.sum() <= 30


def test_gradients_lead_to_the_targets(base: Base) -> None:
    network = WindowNetwork(base.weights, base.window)
    ids = [encoded(base.tokenizer, text) for text in TEXTS[1:]]
    targets = np.eye(3, dtype=np.float32)[[0, 2, 1, 0]]
    batch = WindowBatch(*map(tf.constant, batch_of(ids, targets, base.window)))
    losses = []
    for step in range(30):
        loss, gradients = network.gradients(batch, Noise(0, 0, 0), tf.constant([1, step]))
        losses.append(float(loss))
        for variable, gradient in zip(network.variables, gradients, strict=True):
            variable.assign_sub(2.0 * gradient)
    assert losses[-1] < 0.7 * losses[0]
