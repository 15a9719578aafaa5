"""Training on all kinds of texts, resumable at any step."""

from collections.abc import Iterator, Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from training.sentiment.distillation.material import Batch
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.student import N, NetworkLearner
from training.sentiment.general.material import GeneralMaterial
from training.sentiment.general.recipe import LABELS, NetworkRecipe, Training


class GeneralLearner(NetworkLearner[N]):
    """A learner of :func:`training.checkpoint.run` on all kinds of texts."""

    def __init__(self, recipe: Training, network: N, material: GeneralMaterial, *, window: int = 1) -> None:
        """Prepare the training.

        Args:
            recipe: How it is trained.
            network: In its first state.
            material: What it reads.
            window: Tokens of a window at most, where the network reads a text in windows.
        """
        self._recipe = recipe
        self._material = material
        self._window = window
        super().__init__(
            network, epochs=recipe.epochs, learning_rate=recipe.learning_rate, noise=recipe.noise, seed=recipe.seed
        )

    def batches(self, epoch: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, in the order that follows from the seed and the epoch."""
        recipe = self._recipe
        return self._material.epoch(
            recipe.shares,
            window=self._window,
            longest=recipe.longest,
            batch=recipe.batch,
            random=np.random.default_rng([recipe.seed, epoch]),
        )


def network_of(
    recipe: NetworkRecipe, vectors: NDArray[np.float32], start: Sequence[NDArray[np.float32]] = ()
) -> Network:
    """Build a network in its first state.

    Args:
        recipe: How it is trained.
        vectors: The first vector of each token id, shape (vocabulary, dimensions).
        start: The first weights of its LSTM, and those of its last layer behind them, if they are not to be drawn.
    """
    keras.utils.set_random_seed(recipe.seed)
    network = Network(vectors, recipe.units, outputs=len(LABELS), window=recipe.window)
    count = len(network.lstm.weights)
    if start:
        network.lstm.set_weights(start[:count])
    if start[count:]:
        network.dense.set_weights(start[count:])
    return network
