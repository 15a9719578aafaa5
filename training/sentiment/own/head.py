"""The last layer alone: multinomial logistic regression whose weights are drawn towards those that it begins with."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]
VARIANCES: Final = (0.03, 0.1, 0.3, 1.0)
"""How far weights may go from where they begin: variances of a normal distribution, least first."""
_OF_BIAS: Final = 10.0
_OF_NEW: Final = 0.3
"""Of the weights of labels that the base does not have, at least: those begin with nothing."""


def fit(
    maxima: NDArray[np.float32],
    targets: NDArray[np.float32],
    kernel: NDArray[np.float32],
    bias: NDArray[np.float32],
    known: NDArray[np.bool_],
    variance: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the kernel and the bias with the largest probability after the texts were seen.

    Args:
        maxima: What the layer reads of n texts, shape (n, features).
        targets: Probabilities to learn, shape (n, labels).
        kernel: The first one, shape (features, labels).
        bias: The first one, shape (labels,).
        known: Which labels the first weights are of; the others' are zeros.
        variance: How far the weights of known labels may go; 0 leaves all but the biases where they are.
    """
    read = maxima.astype(np.float64)
    start = np.vstack([kernel, bias]).astype(np.float64)
    of_label = np.where(known, variance, max(variance, _OF_NEW))
    free = of_label > 0
    precision = np.zeros_like(start)
    precision[:-1, free] = 1 / of_label[free]
    precision[-1] = 1 / _OF_BIAS
    moving = np.ones_like(start)
    moving[:-1, ~free] = 0

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(start.shape)
        logits = read @ weights[:-1] + weights[-1]
        moved = weights - start
        wrong = softmax(logits, axis=1) - targets
        slope = np.vstack([read.T @ wrong, wrong.sum(axis=0)]) + precision * moved
        value = -float((targets * log_softmax(logits, axis=1)).sum()) + float((precision * moved**2).sum()) / 2
        return value, (slope * moving).ravel()

    # The products are small: threads of BLAS wait for each other for longer than they compute.
    with threadpool_limits(1, user_api="blas"):
        found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    weights = found.x.reshape(start.shape).astype(np.float32)
    return weights[:-1], weights[-1]
