"""A smaller network out of a larger one: fewer units, and word vectors of fewer dimensions.

Units that add little to any decision are taken out, as in Han, Pool, Tran and Dally, *Learning both Weights and
Connections for Efficient Neural Networks*, NIPS 2015, but whole. What the LSTM is given by a word, the product of its
vector and the kernel, is brought to a lower rank by singular values (Eckart and Young, 1936), each word weighted by how
often it is read.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Weights = list[NDArray[np.float32]]
"""Of the embedding; of the LSTM in each direction the kernel, the recurrent kernel and the bias; of the last layer."""

_GATES = 4


def pruned(
    weights: Sequence[NDArray[np.float32]],
    features: NDArray[np.float32],
    counts: NDArray[np.int64],
    *,
    units: int,
    dimensions: int,
) -> Weights:
    """Return the weights of the smaller network.

    Args:
        weights: Of the larger one.
        features: What its last layer reads of some texts: the maxima over time, shape (n, features).
        counts: How often each token id is read, shape (vocabulary,).
        units: Units to keep in each direction.
        dimensions: Dimensions of its word vectors.
    """
    vectors, forward, backward, kernel, bias = weights[0], weights[1:4], weights[4:7], weights[7], weights[8]
    kept = [np.sort(np.argsort(-part)[:units]) for part in np.split(_importance(features, kernel), 2)]
    directions = [_of_units(direction, chosen) for direction, chosen in zip((forward, backward), kept, strict=True)]
    vectors, kernels = _of_rank(vectors, np.concatenate([one[0] for one in directions], axis=1), counts, dimensions)
    rows = np.concatenate([kept[0], kept[1] + len(kernel) // 2])
    lstm = [
        array
        for part, (_, *others) in zip(np.split(kernels, 2, axis=1), directions, strict=True)
        for array in (part, *others)
    ]
    return [vectors, *lstm, kernel[rows], bias]


def _importance(features: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the deviation of each feature, times how differently the labels weigh it; shape (features,)."""
    read = np.maximum(features, 0).std(axis=0)
    return np.asarray(read * np.linalg.norm(kernel - kernel.mean(axis=1, keepdims=True), axis=1))


def _of_units(direction: Sequence[NDArray[np.float32]], kept: NDArray[np.intp]) -> Weights:
    kernel, recurrent, bias = direction
    units = len(recurrent)
    columns = np.concatenate([gate * units + kept for gate in range(_GATES)])
    return [kernel[:, columns], recurrent[np.ix_(kept, columns)], bias[columns]]


def _of_rank(
    vectors: NDArray[np.float32], kernel: NDArray[np.float32], counts: NDArray[np.int64], rank: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return vectors and a kernel whose product is nearest to that of the given ones."""
    weighted = np.sqrt(counts + 1.0)[:, None] * (vectors @ kernel)
    # The right singular vectors are the eigenvectors of a matrix that is small.
    _, directions = np.linalg.eigh(weighted.T @ weighted)
    right = directions[:, ::-1][:, :rank].astype(np.float32)
    found = np.asarray(vectors @ kernel @ right, np.float32)
    scale = np.float32(vectors.std() / found.std())
    return found * scale, np.asarray(right.T / scale, np.float32)
