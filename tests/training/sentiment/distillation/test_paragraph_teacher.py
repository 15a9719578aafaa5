from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.training.sentiment.distillation import tiny
from tests.training.sentiment.distillation.tiny import document
from training.sentiment.distillation import paragraph_teacher
from training.sentiment.distillation.corpus import UNKNOWN_ID, Corpus, Document
from training.sentiment.distillation.out_of_fold import NAMES, folds
from training.sentiment.distillation.paragraph_teacher import LONGEST, MOST, n_grams, vectors
from training.sentiment.distillation.recipe import ParagraphVectorsRecipe

RECIPE: Final = ParagraphVectorsRecipe(vector_size=8, min_count=1, epochs=20)
WORDS: Final = 15


def two_kinds(size: int) -> tuple[list[Document], NDArray[np.bool_]]:
    """Documents of random words, in random order; those of the second kind have other words."""
    random = np.random.default_rng(5)
    second = random.permutation(np.arange(size) % 2 == 1)
    return [document(random.integers(3, 3 + WORDS, 30) + WORDS * kind) for kind in second], second


def nearest(found: NDArray[np.float32]) -> NDArray[np.intp]:
    """For each vector, the index of the one most like it."""
    alike = found @ found.T
    np.fill_diagonal(alike, -2)
    most: NDArray[np.intp] = alike.argmax(axis=1)
    return most


def test_the_n_grams_of_a_document() -> None:
    found = list(n_grams(document([3, 20, UNKNOWN_ID, 4, 3])))
    assert found == ["3", "14", "4", "3", "3_14", "14_4", "4_3", "3_14_4", "14_4_3"]


@given(st.lists(st.integers(2, 40), max_size=12))
def test_n_grams_are_the_words_that_are_known_and_stand_together(ids: list[int]) -> None:
    known = [format(index, "x") for index in ids if index != UNKNOWN_ID]
    expected = ["_".join(known[at : at + n]) for n in (1, 2, 3) for at in range(len(known) - n + 1)]
    assert list(n_grams(document(ids))) == expected


def test_gensim_reads_all_n_grams_of_a_long_document() -> None:
    found = list(n_grams(document(range(3, 3 + 2 * MOST))))
    assert len(found) == LONGEST * MOST - 3 < 10_000
    assert max(int(words, 16) for words in found if "_" not in words) == 2 + MOST


@pytest.mark.parametrize("workers", [1, 2])
def test_documents_of_the_same_words_have_vectors_alike(workers: int) -> None:
    documents, second = two_kinds(60)
    found = vectors(RECIPE, documents, seed=3, workers=workers)
    assert found.shape == (60, 8)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    assert (second[nearest(found)] == second).mean() > 0.9


def test_a_document_without_known_words_takes_no_other_ones_vector() -> None:
    documents, second = two_kinds(60)
    for place in (0, 7, 20, 21, 40):
        documents.insert(place, document([UNKNOWN_ID] * (place % 3)))
        second = np.insert(second, place, False)
    full = np.array([len(list(n_grams(one))) > 0 for one in documents])
    found = vectors(RECIPE, documents, seed=3, workers=1)
    assert np.isfinite(found).all()
    found, second = found[full], second[full]
    assert (second[nearest(found)] == second).mean() > 0.9


def test_one_thread_learns_the_same_vectors_again() -> None:
    documents, _ = two_kinds(20)
    one, same, other = (vectors(RECIPE, documents, seed=seed, workers=1) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_documents_are_read_in_random_order_and_keep_their_own_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    class Doc2Vec:
        """Its vectors say what the first word of each document is."""

        def __init__(self, corpus_file: str, **_settings: Any) -> None:
            read.extend(int(line.split()[0], 16) for line in Path(corpus_file).read_text().splitlines())
            self.dv = self
            self.vectors = np.array([[word, 1] for word in read], np.float32)

    monkeypatch.setattr(paragraph_teacher, "Doc2Vec", Doc2Vec)
    words = list(range(3, 203))
    found = vectors(RECIPE, [document([word, 3]) for word in words], seed=2, workers=1)
    np.testing.assert_allclose(found[:, 0] / found[:, 1], words, rtol=1e-5)
    assert sorted(read) == words
    assert abs(np.corrcoef(read, words)[0, 1]) < 0.2


def test_it_tells_obvious_reviews_apart(corpus: Corpus) -> None:
    recipe = replace(tiny.RECIPE.paragraph_vectors, epochs=60, alpha=0.1)
    found = paragraph_teacher.predict(recipe, corpus, folds(corpus.reviews, 2, seed=1), seed=1, workers=1)
    for name in NAMES:
        logits = getattr(found, name)
        assert logits.shape == (len(getattr(corpus, name)),)
        assert np.isfinite(logits).all()
    for name in ("reviews", "held_out"):
        assert ((getattr(found, name) > 0) == getattr(corpus, name).labels).mean() > 0.9
