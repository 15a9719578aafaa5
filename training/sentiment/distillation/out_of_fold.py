"""Out-of-fold predictions: a teacher never sees the label of a review that it predicts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from training.checkpoint import Checkpoint
from training.corpora.imdb import Reviews

NAMES: Final = ("reviews", "held_out", "unlabelled")
_CLOSEST: Final = 1e-6
"""No probability is taken for closer to 0 or 1 than this, so that its logit is finite."""

Logits = NDArray[np.float64]


@dataclass(frozen=True)
class TeacherLogits:
    """The logits of positive that a teacher gives.

    Attributes:
        reviews: Of the labelled reviews, shape (n,), each by a teacher that was fitted without it and its movie.
        held_out: Of the reviews of the held-out movies.
        unlabelled: Of the unlabelled reviews.
    """

    reviews: Logits
    held_out: Logits
    unlabelled: Logits

    @classmethod
    def kept(cls, checkpoint: Checkpoint, name: str, make: Callable[[], "TeacherLogits"]) -> "TeacherLogits":
        """Compute the logits, or read those of an earlier run; see :meth:`training.checkpoint.Checkpoint.kept`."""
        return cls(**checkpoint.kept(name, lambda: vars(make())))


def folds(reviews: Reviews, count: int, seed: int) -> NDArray[np.intp]:
    """Give each review the number of its fold, shape (n,); all reviews of a movie are in the same one."""
    movies = sorted(set(reviews.movies))
    np.random.default_rng(seed).shuffle(movies)
    fold_of = {movie: number % count for number, movie in enumerate(movies)}
    return np.array([fold_of[movie] for movie in reviews.movies])


def out_of_fold(
    fold_of: NDArray[np.intp], predict: Callable[[NDArray[np.intp], NDArray[np.intp]], tuple[Logits, Logits, Logits]]
) -> TeacherLogits:
    """Fit a teacher once a fold, and average what all give for other reviews.

    Args:
        fold_of: The fold of each labelled review, by :func:`folds`.
        predict: Takes the indices of the reviews to fit and of those to predict; returns the logits of the latter,
            of the held-out reviews and of the unlabelled ones.
    """
    reviews = np.empty(len(fold_of))
    others: list[tuple[Logits, Logits]] = []
    for fold in range(fold_of.max() + 1):
        left_out = np.flatnonzero(fold_of == fold)
        reviews[left_out], held_out, unlabelled = predict(np.flatnonzero(fold_of != fold), left_out)
        others.append((held_out, unlabelled))
    held_out, unlabelled = (np.mean(side, axis=0) for side in zip(*others, strict=True))
    return TeacherLogits(reviews, held_out, unlabelled)


def logits(probabilities: NDArray[np.floating]) -> Logits:
    """Turn probabilities into finite logits."""
    clipped = np.clip(probabilities.astype(np.float64), _CLOSEST, 1 - _CLOSEST)
    return np.asarray(logit(clipped), dtype=np.float64)
