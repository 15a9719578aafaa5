"""What is measured of a binary classifier."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from sklearn import metrics

BINS: Final = 15
"""Bins of the calibration error, as in Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017."""

Floats = NDArray[np.floating]


class Figures(BaseModel):
    """The figures of one split.

    Attributes:
        reviews: How many reviews were classified.
        accuracy: Share that was classified correctly.
        roc_auc: Area under the ROC curve.
        log_loss: Mean negative log-likelihood, in nats.
        brier_score: Mean squared error of the probability.
        calibration_error: Expected calibration error with :data:`BINS` bins of equal width.
        confusion_matrix: ``[[true negatives, false positives], [false negatives, true positives]]``.
    """

    reviews: int
    accuracy: float
    roc_auc: float
    log_loss: float
    brier_score: float
    calibration_error: float
    confusion_matrix: list[list[int]]


def measure(labels: NDArray[np.int8], probabilities: Floats) -> Figures:
    """Measure predictions.

    Args:
        labels: 1 for positive or 0, shape (n,); both occur.
        probabilities: That each is positive, shape (n,).
    """
    predicted = probabilities >= 0.5
    return Figures(
        reviews=len(labels),
        accuracy=round(float(metrics.accuracy_score(labels, predicted)), 6),
        roc_auc=round(float(metrics.roc_auc_score(labels, probabilities)), 6),
        log_loss=round(float(metrics.log_loss(labels, probabilities.astype(np.float64))), 6),
        brier_score=round(float(metrics.brier_score_loss(labels, probabilities)), 6),
        calibration_error=round(calibration_error(labels, probabilities), 6),
        confusion_matrix=metrics.confusion_matrix(labels, predicted, labels=[0, 1]).tolist(),
    )


def calibration_error(labels: NDArray[np.int8], probabilities: Floats) -> float:
    """Return the expected calibration error: the mean distance of share and probability, weighted by bin."""
    share, mean, count = reliability(labels, probabilities)
    return float(np.sum(count * np.abs(share - mean)) / len(labels))


def reliability(labels: NDArray[np.int8], probabilities: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return the share of positives, the mean probability, and the size of each bin that is not empty."""
    bins = np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    used = count > 0
    share = np.bincount(bins, labels, BINS)[used] / count[used]
    mean = np.bincount(bins, probabilities, BINS)[used] / count[used]
    return share, mean, count[used]
