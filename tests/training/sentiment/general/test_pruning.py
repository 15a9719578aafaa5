from typing import Any, Final

import numpy as np
import pytest

from tests.training.sentiment.distillation import tiny
from training.sentiment.distillation import inference
from training.sentiment.distillation.network import Network
from training.sentiment.general.pruning import pruned

VOCABULARY, UNITS, DIMENSIONS = 20, 5, 6
RANDOM: Final = np.random.default_rng(7)
ROWS: Final = [RANDOM.integers(2, VOCABULARY, 8, np.int32) for _ in range(30)]
COUNTS: Final = np.bincount(np.concatenate(ROWS), minlength=VOCABULARY)


def network(units: int, dimensions: int) -> Network:
    vectors = RANDOM.normal(0, 0.5, (VOCABULARY, dimensions)).astype(np.float32)
    found = Network(vectors, units, outputs=3, window=4)
    found.lstm.set_weights([RANDOM.normal(0, 0.5, array.shape) for array in found.lstm.get_weights()])
    found.dense.set_weights([RANDOM.normal(0, 1, array.shape) for array in found.dense.get_weights()])
    return found


def weights(found: Network) -> list[Any]:
    return [array for layer in found.layers for array in layer.get_weights()]


def smaller(found: Network, units: int, dimensions: int) -> Network:
    features = inference.features(found, ROWS)
    made = pruned(weights(found), features, COUNTS, units=units, dimensions=dimensions)
    other = Network(made[0], units, outputs=3, window=4)
    other.lstm.set_weights(made[1:7])
    other.dense.set_weights(made[7:])
    return other


def answers(found: Network) -> Any:
    return inference.probabilities(found, ROWS, 13)


@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
class TestPruned:
    def test_nothing_that_is_read_is_lost_with_as_many_units_and_dimensions(self) -> None:
        whole = network(UNITS, DIMENSIONS)
        np.testing.assert_allclose(answers(smaller(whole, UNITS, DIMENSIONS)), answers(whole), atol=1e-4)

    def test_units_and_dimensions_that_do_nothing_go_first(self) -> None:
        whole = network(UNITS, DIMENSIONS)
        given = weights(whole)
        given[0][:, 2] = 0.0
        for direction in (1, 4):
            given[direction + 1][3] = 0.0
        given[7][[3, UNITS + 3]] = 0.5
        whole.embedding.set_weights(given[:1])
        whole.lstm.set_weights(given[1:7])
        whole.dense.set_weights(given[7:])
        small = smaller(whole, UNITS - 1, DIMENSIONS - 1)
        assert (small.lstm.forward_layer.units, small.embedding.output_dim) == (UNITS - 1, DIMENSIONS - 1)
        # A weight that is the same for all labels shifts all logits alike.
        np.testing.assert_allclose(answers(small), answers(whole), atol=1e-4)

    def test_words_that_are_read_often_keep_more(self) -> None:
        whole = network(UNITS, DIMENSIONS)
        features = inference.features(whole, ROWS)

        def error(counts: Any, words: Any) -> float:
            vectors, kernel, *_ = pruned(weights(whole), features, counts, units=UNITS, dimensions=3)
            product = weights(whole)[0] @ weights(whole)[1]
            return float(np.abs(vectors @ kernel - product)[words].mean())

        often = np.where(np.arange(VOCABULARY) < 4, 10_000, 0)
        assert error(often, slice(4)) < 0.5 * error(np.zeros(VOCABULARY, int), slice(4))


def test_the_features_are_those_of_the_windows() -> None:
    found = network(UNITS, DIMENSIONS)
    texts = [*ROWS[:3], ROWS[0][:5], ROWS[1][:1]]
    features = inference.features(found, texts)
    # Five tokens make two windows of two.
    expected = [found.features(np.array([[1, *ids]], np.int32))[0] for ids in (*ROWS[:3], ROWS[0][:4], ROWS[1][:1])]
    np.testing.assert_allclose(features, expected, atol=1e-6)


def test_texts_are_cut_to_windows_of_one_length() -> None:
    found = network(UNITS, DIMENSIONS)
    assert [found.whole_windows(length) for length in (0, 1, 4, 5, 6, 9, 63)] == [0, 1, 4, 4, 6, 9, 48]
    assert tiny.network(12).whole_windows(37) == 37
