"""The Keras model of a model folder, by which others predict."""

from pathlib import Path
from typing import Any

import keras

import app.sentiment.windows  # noqa: F401 - by importing it Keras knows the layers of a model of windows
from app.sentiment.engines import ENGINES, dropping_masks


def load(folder: Path) -> Any:
    """Load it. Its outputs have the shape (n, 1) or (n, labels); positive is the last of either."""
    with dropping_masks():
        return keras.models.load_model(folder / ENGINES["tensorflow"].file, compile=False)
