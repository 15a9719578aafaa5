"""How far the exported graph and Keras are apart, on random observations of random lengths."""

from dataclasses import dataclass
from typing import Final

import keras
import numpy as np
from numpy.typing import NDArray

from app.forecasts.forecaster import Forecaster
from training.forecasts.series import Array

INPUTS: Final = 1_000
LENGTHS: Final = 20
"""How many different lengths there are: Keras builds a graph anew for each."""


@dataclass(frozen=True)
class ForecastParity:
    """How far the two are apart.

    Attributes:
        inputs: How many sequences were compared.
        largest_relative_difference: Of any number, relative to what Keras gives or, where that is smaller, to the
            deviation of what it gives, since a forecast of no rain at all has no relative difference.
    """

    inputs: int
    largest_relative_difference: float


def compare(model: keras.Sequential, forecaster: Forecaster, *, seed: int = 0) -> ForecastParity:
    """Compare a Keras model with the forecaster that was exported from it.

    The sequences are noise around the mean of the model's example, of up to twice its length. The forecaster gets
    all of them, of all lengths, in one call.
    """
    random = np.random.default_rng(seed)
    example = np.array(forecaster.serving.example)
    lengths = random.integers(1, 2 * len(example) + 1, LENGTHS)
    groups = [_random(random, example, INPUTS // LENGTHS, int(length)) for length in lengths]
    expected = [forecast for group in groups for forecast in model(group, training=False).numpy()]
    found = forecaster.forecast([sequence for group in groups for sequence in group])
    deviation = np.concatenate(expected).std(axis=0)
    differences = [
        np.max(np.abs(ours - theirs) / np.maximum(np.abs(theirs), deviation))
        for ours, theirs in zip(found, expected, strict=True)
    ]
    return ForecastParity(len(found), float(max(differences)))


def _random(random: np.random.Generator, example: NDArray[np.float64], count: int, length: int) -> Array:
    mean, deviation = example.mean(axis=0), example.std(axis=0) + 1e-3
    noise = random.normal(size=(count, length, example.shape[1]))
    return np.asarray(mean + 2 * deviation * noise, dtype=np.float32)
