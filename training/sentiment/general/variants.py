"""Further short texts, made of those that there are, for teachers to label.

Words are replaced and runs of words taken, as in Tang, Lu, Liu, Mou, Vechtomova and Lin, *Distilling Task-Specific
Knowledge from BERT into Simple Neural Networks*, 2019. What replaces a word is near it among word vectors, as in Jiao
et al., *TinyBERT: Distilling BERT for Natural Language Understanding*, 2020. Besides, halves of two texts are joined.

A variant need not mean what its text meant: what is to be answered for it is what teachers say.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

NEAREST: Final = 8
"""Words that a word is replaced by."""
_KEPT: Final = 150
"""The most frequent words, which are mostly grammar, are not replaced."""
_REPLACED: Final = 0.15
"""Share of the other words that is."""
_RUN: Final = 0.25
"""Share of the variants that are a run of words."""
_JOINED: Final = 0.25
"""Share of those that are the beginning of one text and the end of another."""
_LONGEST_RUN: Final = 9
_ROWS: Final = 1_000
_WORD: Final = re.compile(r"(?<![\w'’])[A-Za-z]+(?![\w'’])")


@dataclass(frozen=True)
class Neighbours:
    """The words that are nearest to each word.

    Attributes:
        words: The words.
        nearest: Positions in them of those that are nearest to each, shape (words, :data:`NEAREST` or fewer).
        place: The position of each word that may be replaced.
    """

    words: Sequence[str]
    nearest: NDArray[np.int64]
    place: Mapping[str, int]

    @classmethod
    def of(cls, words: Sequence[str], english: Mapping[str, NDArray[np.float32]]) -> Self:
        """Compare all words that have a vector, by the cosine.

        Args:
            words: Words that may replace others.
            english: Vectors of words of English, the most frequent first.
        """
        known = [word for word in words if word in english and word.isascii() and word.isalpha()]
        vectors = np.stack([english[word] for word in known]).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        count = min(NEAREST, len(known) - 1)
        nearest = np.empty((len(known), count), np.int64)
        for first in range(0, len(known), _ROWS):
            cosines = vectors[first : first + _ROWS] @ vectors.T
            rows = np.arange(len(cosines))
            cosines[rows, first + rows] = -np.inf
            nearest[first : first + _ROWS] = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        kept = set(list(english)[:_KEPT])
        return cls(known, nearest, {word: place for place, word in enumerate(known) if word not in kept})

    def replace(self, text: str, random: np.random.Generator) -> str:
        """Return a text in which some words are replaced by words that are near them."""

        def other(found: re.Match[str]) -> str:
            word = found.group()
            place = self.place.get(word.lower())
            if place is None or random.random() >= _REPLACED:
                return word
            chosen: str = self.words[random.choice(self.nearest[place])]
            return chosen.capitalize() if word[0].isupper() else chosen

        return _WORD.sub(other, text)


def variants(texts: Sequence[str], times: int, neighbours: Neighbours, random: np.random.Generator) -> list[str]:
    """Make variants of texts: no two are equal, and none is one of the texts.

    Args:
        texts: The texts.
        times: Variants that are tried of each.
        neighbours: What words are replaced by.
        random: Decides on everything.
    """
    split = [text.split() for text in texts]
    made: dict[str, None] = {}
    for words in split:
        for _ in range(times):
            kind = random.random()
            found = words
            if kind < _RUN:
                count = int(random.integers(1, _LONGEST_RUN + 1))
                start = int(random.integers(0, max(len(words) - count, 0) + 1))
                found = words[start : start + count]
            elif kind < _RUN + _JOINED:
                other = split[random.integers(len(split))]
                found = [*words[: -(-len(words) // 2)], *other[len(other) // 2 :]]
            made[neighbours.replace(" ".join(found), random)] = None
    for text in texts:
        made.pop(text, None)
    return [text for text in made if text]
