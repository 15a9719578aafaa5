from typing import Final

import numpy as np
import pytest

from tests.training.sentiment.distillation.tiny import document
from training.sentiment.distillation.corpus import UNKNOWN_ID
from training.sentiment.distillation.recipe import WordVectorsRecipe
from training.sentiment.distillation.word_vectors import DEVIATION, learn

RECIPE: Final = WordVectorsRecipe(vector_size=6, epochs=2)
RANDOM: Final = np.random.default_rng(2)
DOCUMENTS: Final = [document([*RANDOM.integers(3, 20, 30), UNKNOWN_ID]) for _ in range(30)] + [document([])]


def test_every_id_that_occurs_has_a_vector_and_no_other_one() -> None:
    found = learn(RECIPE, DOCUMENTS, 25, seed=1, workers=1)
    assert found.shape == (25, 6)
    assert found.dtype == np.float32
    assert np.flatnonzero(found.any(axis=1)).tolist() == list(range(3, 20))
    assert found[3:20].std() == pytest.approx(DEVIATION, rel=1e-4)


def test_one_thread_learns_the_same_vectors_again() -> None:
    one, same, other = (learn(RECIPE, DOCUMENTS, 20, seed=seed, workers=1) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_words_in_the_same_places_have_vectors_alike() -> None:
    """3 and 4 stand among the same words, 5 among others."""
    around = np.random.default_rng(3)
    documents = [
        document([word if place == 4 else index for place, index in enumerate(around.integers(*others, 9))])
        for _ in range(150)
        for word, others in ((3, (10, 20)), (4, (10, 20)), (5, (20, 30)))
    ]
    found = learn(WordVectorsRecipe(vector_size=6, epochs=40), documents, 30, seed=1, workers=1)
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    assert found[3] @ found[4] > found[3] @ found[5] + 0.3
