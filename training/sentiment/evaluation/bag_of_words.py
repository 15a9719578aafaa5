"""The linear baseline: logistic regression on word n-grams, weighted by naive Bayes.

Wang and Manning, *Baselines and Bigrams: Simple, Good Sentiment and Topic Classification*, ACL 2012. Where a network is
not better than this, there is no reason to prefer it.
"""

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

NGRAMS: Final = (1, 3)
MIN_TEXTS: Final = 2
"""An n-gram of fewer texts is left out."""
WEIGHT: Final = 4.0
"""How much a training text counts against large coefficients: scikit-learn's C."""
WORD: Final = r"[^\W_]+(?:'[^\W_]+)?|[!?]"


class BagOfWords:
    """Which n-grams a text has, each weighted by how much more often it is in positive texts, and summed up."""

    def __init__(
        self, vectorizer: CountVectorizer, ratios: NDArray[np.float32], regression: LogisticRegression
    ) -> None:
        """Take the parts that :meth:`fit` makes."""
        self._vectorizer = vectorizer
        self._ratios = ratios
        self._regression = regression

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        labels: NDArray[np.int8],
        ngrams: tuple[int, int] = NGRAMS,
        min_texts: int = MIN_TEXTS,
    ) -> Self:
        """Learn from labelled texts.

        Args:
            texts: The texts.
            labels: 1 for positive or 0, shape (n,).
            ngrams: Words of an n-gram, from the fewest to the most.
            min_texts: An n-gram of fewer texts is left out.
        """
        vectorizer = CountVectorizer(
            ngram_range=ngrams, min_df=min_texts, binary=True, token_pattern=WORD, dtype=np.float32
        )
        present = vectorizer.fit_transform(texts)
        positive, negative = (1 + np.asarray(present[labels == label].sum(axis=0)).ravel() for label in (1, 0))
        ratios = np.log(positive / positive.sum() / (negative / negative.sum())).astype(np.float32)
        regression = LogisticRegression(C=WEIGHT, solver="liblinear", dual=True, random_state=0)
        regression.fit(_weighted(present, ratios), labels)
        return cls(vectorizer, ratios, regression)

    def predict(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the probability that each text is positive, shape (n,)."""
        weighted = _weighted(self._vectorizer.transform(texts), self._ratios)
        probabilities: NDArray[np.float64] = self._regression.predict_proba(weighted)[:, 1]
        return probabilities


def _weighted(present: Any, ratios: NDArray[np.float32]) -> Any:
    """Weight a sparse matrix of which text has which n-gram."""
    return present.multiply(ratios).tocsr()
