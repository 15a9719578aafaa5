"""Selective classification: how right a model is where it is sure, so that a user can choose a threshold.

Geifman and El-Yaniv, *Selective Classification for Deep Neural Networks*, NIPS 2017.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.sentiment.evaluation.choice import best

SHARES: Final = (0.5, 0.8, 0.95)


@dataclass(frozen=True)
class Coverage:
    """The texts of which a model is the surest.

    Attributes:
        share: How many of all texts they are.
        threshold: The least probability of the chosen label among them.
        accuracy: How many of them are classified correctly.
    """

    share: float
    threshold: float
    accuracy: float


def coverage(probabilities: NDArray[np.float64], labels: NDArray[np.intp]) -> list[Coverage]:
    """Return the accuracy on the surest of n ≥ 1 texts, for each of :data:`SHARES`.

    Args:
        probabilities: Of the labels to choose from, shape (n, labels).
        labels: The right ones, as indices; shape (n,).
    """
    right, sure = best(probabilities) == labels, probabilities.max(axis=1)
    order = np.argsort(-sure, kind="stable")
    found = []
    for share in SHARES:
        surest = order[: ceil(share * len(order))]
        found.append(Coverage(share, round(float(sure[surest[-1]]), 4), round(float(right[surest].mean()), 6)))
    return found
