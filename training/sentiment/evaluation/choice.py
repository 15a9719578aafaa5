"""The choice of a label, for many texts at once: what :class:`app.sentiment.classifier.Classification` does for one."""

import numpy as np
from numpy.typing import NDArray

from app.sentiment.labels import Labels


def among(probabilities: NDArray[np.floating], labels: Labels, wanted: Labels) -> NDArray[np.float64]:
    """Choose from some of a model's labels only.

    Args:
        probabilities: Of the model's labels, shape (n, labels).
        labels: The model's labels.
        wanted: At least two of them.

    Returns:
        The probabilities of these in proportion, shape (n, wanted); in equal parts where all of them are 0.

    Raises:
        ValueError: A wanted label is none of the model's.
    """
    columns = probabilities[:, [labels.index(label) for label in wanted]].astype(np.float64)
    if wanted == labels:
        return columns
    total = columns.sum(axis=1, keepdims=True)
    return np.where(total > 0, columns / np.where(total > 0, total, 1), 1 / len(wanted))


def best(probabilities: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the index of the most probable label of each text, shape (n,); the last one of equally probable ones."""
    last = probabilities.shape[1] - 1
    return np.asarray(last - probabilities[:, ::-1].argmax(axis=1), np.intp)
