"""Texts made up from a vocabulary: of a given number of words, or as long as reviews are."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

COMMON: Final = 10.0
"""The word of rank r is drawn with weight 1 / (r + COMMON), about as words are distributed in English."""
MEDIAN_WORDS: Final = 174
SPREAD: Final = 0.75
LONGEST: Final = 2500
"""Lengths of reviews: log-normal around this median, with this deviation of the logarithm, at most so long."""


class Writer:
    """Draws words at random; the same seed gives the same texts."""

    def __init__(self, vocabulary: Sequence[str], seed: int = 0) -> None:
        """Build the writer.

        Args:
            vocabulary: Words, most frequent first. Those with other characters than letters a–z are left out.
            seed: Seed of the random numbers.
        """
        self._words = [word for word in vocabulary if word.isascii() and word.isalpha()]
        weights = 1 / (np.arange(len(self._words)) + COMMON)
        self._probabilities = weights / weights.sum()
        self._random = np.random.default_rng(seed)

    def text(self, words: int) -> str:
        """Return a text of so many words, in sentences."""
        drawn = self._random.choice(len(self._words), words, p=self._probabilities)
        sentences = np.array_split(drawn, max(1, words // 15))
        return " ".join(" ".join(self._words[index] for index in sentence).capitalize() + "." for sentence in sentences)

    def reviews(self, count: int) -> Iterator[str]:
        """Give texts with the lengths that reviews have."""
        lengths = self._random.lognormal(np.log(MEDIAN_WORDS), SPREAD, count)
        for length in np.clip(lengths, 10, LONGEST).astype(int).tolist():
            yield self.text(length)
