"""What a network has to beat: the linear model of word pairs, one against the others for each label."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.sentiment.evaluation.bag_of_words import BagOfWords

PAIRS = (1, 2)


class LinearBaseline:
    """Logistic regression on words and word pairs, weighted by naive Bayes."""

    def __init__(self, models: Sequence[BagOfWords]) -> None:
        """Take one model for each label; one alone is that of the second of two."""
        self._models = models

    @classmethod
    def fit(cls, texts: Sequence[str], labels: NDArray[np.intp], count: int) -> "LinearBaseline":
        """Learn from labelled texts.

        Args:
            texts: n texts.
            labels: Of each, from 0; shape (n,).
            count: Number of labels.
        """
        wanted = [1] if count == 2 else range(count)
        return cls([BagOfWords.fit(texts, (labels == label).astype(np.int8), PAIRS, 1) for label in wanted])

    def predict(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return a probability for each label, shape (n, labels)."""
        found = np.stack([model.predict(texts) for model in self._models], axis=1)
        if found.shape[1] == 1:
            return np.hstack([1 - found, found])
        return np.asarray(found / found.sum(axis=1, keepdims=True))
