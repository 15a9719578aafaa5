"""Where a sentiment model errs: its accuracy on kinds of reviews, and its worst errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from training.corpora.imdb import Reviews
from training.sentiment.evaluation.figures import Floats
from training.sentiment.evaluation.intervals import wilson

WORST: Final = 20
"""How many errors are listed."""

_LENGTHS: Final = (100, 150, 200, 300, 500, 1000)
_LENGTH_NAMES: Final = ("< 100", "100–149", "150–199", "200–299", "300–499", "500–999", "≥ 1000")
_SHARES: Final = (0.01, 0.02, 0.04, 0.06, 0.1)
_SHARE_NAMES: Final = ("< 1 %", "1–2 %", "2–4 %", "4–6 %", "6–10 %", "≥ 10 %")


class Counted(Protocol):
    """The words of a text, as an encoding or a classification has them."""

    @property
    def words(self) -> int:
        """How many words the text has."""

    @property
    def unknown(self) -> int:
        """How many of them the model does not know."""


@dataclass(frozen=True)
class Group:
    """Reviews of one kind.

    Attributes:
        name: What they have in common, such as ``100–149`` words.
        reviews: How many there are; at least one.
        accuracy: Share that was classified correctly.
    """

    name: str
    reviews: int
    accuracy: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval of the accuracy, by :func:`training.sentiment.evaluation.intervals.wilson`."""
        return wilson(round(self.accuracy * self.reviews), self.reviews)


@dataclass(frozen=True)
class WorstError:
    """A review whose wrong label got a large probability.

    Attributes:
        review: The id of the review.
        stars: What its author gave the film.
        words: How many words it has.
        probability: What the model gave for positive.
    """

    review: str
    stars: int
    words: int
    probability: float


@dataclass(frozen=True)
class ErrorAnalysis:
    """Where a model errs; with :func:`dataclasses.asdict`, plain JSON.

    Attributes:
        reviews: How many reviews were classified.
        errors: How many of them got the wrong label.
        by_length: Accuracy by words, the shortest first. Here and below, kinds without reviews are left out.
        by_stars: Accuracy by the author's rating, the lowest first.
        by_unknown: Accuracy by the share of words that the model does not know, the lowest first. A share on the
            border of two groups is of the higher.
        worst: The :data:`WORST` errors with the largest probability of the wrong label, the worst first; equal ones in
            the order of the reviews.
    """

    reviews: int
    errors: int
    by_length: list[Group]
    by_stars: list[Group]
    by_unknown: list[Group]
    worst: list[WorstError]


def analyse(reviews: Reviews, counts: Sequence[Counted], probabilities: Floats) -> ErrorAnalysis:
    """Find out where a model errs.

    Args:
        reviews: n reviews with labels and stars.
        counts: The words of each.
        probabilities: That each is positive, shape (n,).

    Raises:
        ValueError: The three are not of the same length.
        training.corpora.imdb.DataError: The id of a review does not tell its stars.
    """
    if not len(reviews) == len(counts) == len(probabilities):
        raise ValueError(f"{len(reviews)} reviews, {len(counts)} counts and {len(probabilities)} probabilities")
    right = (probabilities >= 0.5) == reviews.labels
    stars = np.array([row.stars for row in reviews.rows])
    words = np.array([count.words for count in counts])
    unknown = np.array([count.unknown for count in counts]) / np.maximum(words, 1)
    return ErrorAnalysis(
        reviews=len(reviews),
        errors=int(np.sum(~right)),
        by_length=_groups(right, np.searchsorted(_LENGTHS, words, side="right"), _LENGTH_NAMES),
        by_stars=_groups(right, stars, range(stars.max(initial=0) + 1)),
        by_unknown=_groups(right, np.searchsorted(_SHARES, unknown, side="right"), _SHARE_NAMES),
        worst=[
            WorstError(reviews.rows[index].id, int(stars[index]), int(words[index]), _rounded(probabilities[index]))
            for index in _worst_first(right, reviews.labels, probabilities)[:WORST]
        ],
    )


def _groups(right: NDArray[np.bool_], kinds: NDArray[np.intp], names: Sequence[object]) -> list[Group]:
    return [
        Group(str(names[kind]), int(np.sum(kinds == kind)), _rounded(right[kinds == kind].mean()))
        for kind in np.unique(kinds)
    ]


def _worst_first(right: NDArray[np.bool_], labels: NDArray[np.int8], probabilities: Floats) -> NDArray[np.intp]:
    wrong = np.flatnonzero(~right)
    distance = np.abs(labels[wrong] - probabilities[wrong].astype(np.float64))
    return wrong[np.argsort(-distance, kind="stable")]


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 6)
