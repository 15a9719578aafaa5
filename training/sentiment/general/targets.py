"""What a network is to answer for a text: probabilities of negative, neutral and positive."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Target = tuple[float, float, float]
Targets = NDArray[np.float64]
"""Shape (n, 3)."""

NEGATIVE: Final[Target] = (0.95, 0.04, 0.01)
NEUTRAL: Final[Target] = (0.06, 0.88, 0.06)
POSITIVE: Final[Target] = (0.01, 0.04, 0.95)
NEGATED_PRAISE: Final[Target] = (0.88, 0.10, 0.02)
NEGATED_BLAME: Final[Target] = (0.08, 0.22, 0.70)
"""*Not bad* is less than *good* (Potts, *On the negativity of negation*, SALT 2010)."""

TREEBANK: Final[tuple[Target, ...]] = (
    (0.95, 0.04, 0.01),
    (0.74, 0.23, 0.03),
    (0.10, 0.80, 0.10),
    (0.03, 0.23, 0.74),
    (0.01, 0.04, 0.95),
)
"""Of the five labels of the Treebank."""

RATINGS: Final[dict[float, Target]] = {1: NEGATIVE, 2: (0.86, 0.12, 0.02), 4: (0.03, 0.12, 0.85), 5: POSITIVE}
"""Of a product's stars."""
TITLES: Final[tuple[Target, Target]] = ((0.80, 0.15, 0.05), (0.05, 0.15, 0.80))
"""Of the title of a review of a product, whose verdict it does not always tell."""
EDITED: Final[tuple[Target, Target]] = ((0.95, 0.03, 0.02), (0.02, 0.03, 0.95))

POLARITIES: Final[dict[str, Target]] = {
    "negative": (0.86, 0.11, 0.03),
    "neutral": (0.08, 0.84, 0.08),
    "positive": (0.03, 0.11, 0.86),
}
"""Of comments. Their readers often disagreed."""
LABELS: Final[dict[str, Target]] = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}

_NEUTRAL_REVIEWS: Final = 0.02
"""Share of a whole review's probability that is neutral: nearly all of them are for or against something."""


def of_review(positive: NDArray[np.floating]) -> Targets:
    """Turn the probability that a review is positive, shape (n,), into targets."""
    share = 1 - _NEUTRAL_REVIEWS
    return np.stack([(1 - positive) * share, np.full(len(positive), _NEUTRAL_REVIEWS), positive * share], axis=1)


def array(targets: list[Target]) -> Targets:
    """Return targets as an array."""
    return np.array(targets, np.float64).reshape(-1, 3)
