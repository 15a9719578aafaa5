"""Temperature scaling: Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017, section 4.2."""

from dataclasses import dataclass
from math import exp, log
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit

from training.sentiment.evaluation.figures import Floats, measure

HIGHEST: Final = 20.0
"""No temperature is above this, nor below its inverse: where no label is wrong, the best would be 0."""


@dataclass(frozen=True)
class Calibration:
    """What temperature scaling does to the probabilities of held-out reviews.

    Attributes:
        reviews: How many reviews were held out.
        temperature: What logits are to be divided by; above 1 if the model is too sure of itself. No label changes.
        log_loss_before: Mean negative log-likelihood of the probabilities as they come, in nats.
        log_loss_after: The same with the temperature.
        error_before: Expected calibration error of the probabilities as they come.
        error_after: The same with the temperature.
    """

    reviews: int
    temperature: float
    log_loss_before: float
    log_loss_after: float
    error_before: float
    error_after: float

    @classmethod
    def of(cls, logits: Floats, labels: NDArray[np.int8]) -> "Calibration":
        """Fit the temperature, and measure before and after.

        Args:
            logits: What the model gives before the sigmoid, shape (n,).
            labels: 1 for positive or 0, shape (n,); both occur.

        Raises:
            ValueError: The shapes are others.
        """
        temperature = fit_temperature(logits, labels)
        before, after = (measure(labels, scaled(logits, divisor)) for divisor in (1.0, temperature))
        return cls(
            reviews=len(labels),
            temperature=temperature,
            log_loss_before=before.log_loss,
            log_loss_after=after.log_loss,
            error_before=before.calibration_error,
            error_after=after.calibration_error,
        )


def fit_temperature(logits: Floats, labels: NDArray[np.int8]) -> float:
    """Return the temperature with the least log loss, from 1 / :data:`HIGHEST` to :data:`HIGHEST`.

    Args:
        logits: What the model gives before the sigmoid, shape (n,).
        labels: 1 for positive or 0, shape (n,).

    Raises:
        ValueError: The shapes are others, or there are no reviews.
    """
    if logits.ndim != 1 or logits.shape != labels.shape or not len(labels):
        raise ValueError(f"logits of shape {logits.shape} do not go with labels of shape {labels.shape}")
    margins = np.where(labels == 1, 1.0, -1.0) * logits.astype(np.float64)

    def log_loss(log_temperature: float) -> float:
        return float(np.logaddexp(0, -margins / exp(log_temperature)).mean())

    # The loss is convex in the inverse of the temperature, so it has one minimum in the logarithm too.
    bounds = (-log(HIGHEST), log(HIGHEST))
    found = minimize_scalar(log_loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return exp(found.x)


def scaled(logits: Floats, temperature: float) -> NDArray[np.float64]:
    """Return the probabilities of logits divided by a temperature, shape (n,)."""
    probabilities: NDArray[np.float64] = expit(logits.astype(np.float64) / temperature)
    return probabilities
