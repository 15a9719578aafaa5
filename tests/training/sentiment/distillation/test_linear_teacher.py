from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from training.corpora.imdb import Reviews
from training.sentiment.distillation import linear_teacher
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.out_of_fold import NAMES, folds, logits


def test_it_tells_obvious_reviews_apart(corpus: Corpus) -> None:
    found = linear_teacher.predict(corpus, folds(corpus.reviews, 2, seed=1))
    for name in NAMES:
        answers = getattr(found, name)
        assert answers.shape == (len(getattr(corpus, name)),)
        assert np.isfinite(answers).all()
    for name in ("reviews", "held_out"):
        assert ((getattr(found, name) > 0) == getattr(corpus, name).labels).mean() > 0.95


def test_it_is_never_asked_about_a_review_that_it_was_fitted_on(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of two reviews may say what the other does, so they are numbered."""
    numbered = Reviews([row._replace(text=f"{index} {row.label}") for index, row in enumerate(corpus.reviews.rows)])

    class Knowing:
        """Knows the texts that it was fitted on by heart."""

        def __init__(self, texts: Sequence[str], labels: NDArray[np.int8]) -> None:
            assert [int(text.split()[1]) for text in texts] == labels.tolist()
            self.texts = set(texts)

        fit = classmethod(lambda cls, texts, labels: cls(texts, labels))

        def predict(self, texts: Sequence[str]) -> NDArray[np.float64]:
            return np.array([0.9 if text in self.texts else 0.1 for text in texts])

    monkeypatch.setattr(linear_teacher, "BagOfWords", Knowing)
    found = linear_teacher.predict(replace(corpus, reviews=numbered), folds(numbered, 3, seed=1))
    np.testing.assert_allclose(found.reviews, logits(np.full(len(numbered), 0.1)))
