"""Vectors brought down to a plane or to space, for a plot."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Projection(NamedTuple):
    """Points, and how much of what tells them apart they show.

    Attributes:
        coordinates: Shape (n, dimensions), around the origin.
        explained_variance_ratio: The share of the variance along each axis, shape (dimensions,).
    """

    coordinates: NDArray[np.float64]
    explained_variance_ratio: NDArray[np.float64]


def project(vectors: NDArray[np.float64], dimensions: int) -> Projection:
    """Project vectors onto their principal components (PCA).

    The sign of an axis is free in PCA; here the point farthest out on each is on its positive side, so that the same
    vectors always give the same picture. Axes beyond those that n points span are zeros.

    Args:
        vectors: Shape (n, d).
        dimensions: Number of axes.
    """
    centered = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centered, full_matrices=False)
    # What is left of a component by rounding has no direction.
    sizes = np.where(sizes > 1e-9 * max(sizes[0], 1e-300), sizes, 0)
    points = (left * sizes)[:, :dimensions]
    farthest = points[np.abs(points).argmax(axis=0), np.arange(points.shape[1])]
    coordinates = np.zeros((len(vectors), dimensions))
    coordinates[:, : points.shape[1]] = points * np.where(farthest < 0, -1, 1)
    ratio = np.zeros(dimensions)
    variances = sizes**2
    ratio[: points.shape[1]] = (variances / (variances.sum() or 1))[:dimensions]
    return Projection(coordinates, ratio)
