"""A space of word vectors: neighbours, similarities and analogies, as gensim's ``KeyedVectors`` defines them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.vectors.cosine_index import CosineIndex
from app.vectors.spellings import closest
from app.vectors.vocabulary import Vocabulary

_CANCELLED: Final = 1e-6
"""A sum that is shorter than this share of the lengths of its terms is a rounding error of a sum of zero."""
_SHOWN: Final = 60
"""Characters of an unknown word that a message repeats."""

Vector = NDArray[np.float64]


class SimilarWord(NamedTuple):
    """A word, and the cosine of the angle between its vector and another, from −1 to 1."""

    word: str
    similarity: float


class UnknownWord(LookupError):
    """A word is not in the space. The message is a sentence with the closest spellings.

    Attributes:
        word: The word, as it was asked for.
    """

    def __init__(self, word: str, space: str, vocabulary: Vocabulary) -> None:
        super().__init__(word)
        self.word = word
        self._space = space
        self._vocabulary = vocabulary

    @cached_property
    def spellings(self) -> list[str]:
        """Words of the space that are spelt almost like it, likeliest first; looked for when they are asked for."""
        return closest(self.word, self._vocabulary)

    def __str__(self) -> str:
        found = self.spellings
        shown = self.word if len(self.word) <= _SHOWN else f"{self.word[:_SHOWN]}…"
        hint = f"; the closest spellings are {', '.join(found)}" if found else ", nor one that is spelt like it"
        return f"There is no word {shown!r} in {self._space}{hint}."


class NoDirection(ValueError):
    """The arithmetic gave a vector of zeros, to which nothing is near. The message is a sentence."""


@dataclass(frozen=True)
class About:
    """Name, source and licence of a space.

    Attributes:
        name: By which requests pick it.
        source: Where the vectors come from.
        licence: Under which they may be used.
    """

    name: str
    source: str
    licence: str


class VectorSpace:
    """Words as points.

    A word is looked up as it is given, then in lower case. Row 0 is the most frequent word.
    """

    def __init__(self, about: About, vocabulary: Vocabulary, matrix: NDArray[np.floating[Any]]) -> None:
        """Make a space.

        Args:
            about: What it is.
            vocabulary: The words.
            matrix: Their vectors, shape (n, d), all finite.

        Raises:
            ValueError: There are not as many vectors as words.
        """
        if len(vocabulary) != len(matrix):
            raise ValueError(f"there are {len(vocabulary):,} words and {len(matrix):,} vectors")
        self.about = about
        self.vocabulary = vocabulary
        self._matrix = matrix
        self._index = CosineIndex(matrix)

    @property
    def name(self) -> str:
        """The name by which requests pick it."""
        return self.about.name

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return int(self._matrix.shape[1])

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: str) -> bool:
        return self._find(word) is not None

    def row(self, word: str) -> int:
        """Return the row of a word, which is its rank by frequency, from 0.

        Raises:
            UnknownWord: It is not in the space.
        """
        row = self._find(word)
        if row is None:
            raise UnknownWord(word, self.name, self.vocabulary)
        return row

    def vector(self, row: int) -> NDArray[np.float32]:
        """Return the vector of a row, shape (d,), as the model has it."""
        vector: NDArray[np.float32] = np.asarray(self._matrix[row], dtype=np.float32)
        return vector

    def similarity(self, first: str, second: str) -> float:
        """Return the cosine of two words, from −1 to 1; 0 if a vector is all zeros.

        Raises:
            UnknownWord: One of them is not in the space.
        """
        return float(_unit(self._vector(first)) @ _unit(self._vector(second)))

    def neighbors(self, word: str, topn: int = 10) -> list[SimilarWord]:
        """Return the words nearest to a word, nearest first, without the word itself.

        Raises:
            UnknownWord: It is not in the space.
            NoDirection: Its vector is all zeros.
        """
        return self.most_similar([word], topn=topn)

    def most_similar(
        self,
        positive: Sequence[str],
        negative: Sequence[str] = (),
        *,
        topn: int = 10,
        normalize: bool = True,
        exclude_inputs: bool = True,
        restrict_vocab: int | None = None,
    ) -> list[SimilarWord]:
        """Return the words nearest to a sum of words, nearest first: *queen* + *man* − *king* is near *woman*.

        The defaults are those of gensim's ``KeyedVectors.most_similar`` (3CosAdd: Mikolov et al., *Linguistic
        Regularities in Continuous Space Word Representations*, NAACL 2013).

        Args:
            positive: Words to add.
            negative: Words to subtract.
            topn: How many words; the space may have fewer.
            normalize: Add unit vectors, so that each word counts alike; else the vectors as they are.
            exclude_inputs: Leave the words that are given out of the result.
            restrict_vocab: Only the so many most frequent words can be results.

        Raises:
            UnknownWord: A word is not in the space.
            NoDirection: The sum is zero.
        """
        added, subtracted = list(map(self.row, positive)), list(map(self.row, negative))
        direction = self._sum(added, subtracted, normalize)
        excluded = {*added, *subtracted} if exclude_inputs else set()
        rows, cosines = self._index.search(direction, topn + len(excluded), restrict_vocab)
        found = zip(rows.tolist(), cosines.tolist(), strict=True)
        return [SimilarWord(self.vocabulary[row], cosine) for row, cosine in found if row not in excluded][:topn]

    def vectors(self, words: Iterable[str]) -> Vector:
        """Return the vectors of words, shape (n, d).

        Raises:
            UnknownWord: A word is not in the space.
        """
        return np.array([self._vector(word) for word in words])

    def _find(self, word: str) -> int | None:
        row = self.vocabulary.find(word)
        return self.vocabulary.find(word.lower()) if row is None else row

    def _vector(self, word: str) -> Vector:
        return self.vector(self.row(word)).astype(np.float64)

    def _sum(self, added: Sequence[int], subtracted: Sequence[int], normalize: bool) -> Vector:
        terms = np.array([self.vector(row) for row in [*added, *subtracted]], dtype=np.float64)
        if normalize:
            terms = np.array([_unit(term) for term in terms])
        terms[len(added) :] *= -1
        total: Vector = terms.sum(axis=0)
        if np.linalg.norm(total) <= _CANCELLED * np.linalg.norm(terms, axis=1).sum():
            raise NoDirection("The words cancel each other out: their sum is zero and has no direction; change some.")
        return _unit(total)


def _unit(vector: Vector) -> Vector:
    norm = np.linalg.norm(vector)
    return vector / norm if norm > 0 else vector
