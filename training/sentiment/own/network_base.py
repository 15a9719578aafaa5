"""Reading the network of a model folder, to go on from it."""

from pathlib import Path

import keras
import numpy as np

from app.artifacts.manifest import require
from app.sentiment.engines import ENGINES, dropping_masks
from app.sentiment.windows import has_states
from training.sentiment.attribution import last_layer
from training.sentiment.own.base import Base, BaseError, read_tokenizer


def load(folder: Path) -> Base:
    """Read the Keras model of a model folder.

    Raises:
        app.artifacts.manifest.ArtifactError: The folder is damaged or has no Keras model.
        BaseError: It is a model of another kind.
    """
    manifest, tokenizer, serving = read_tokenizer(folder)
    require(folder, manifest, [ENGINES["tensorflow"].file])
    with dropping_masks():
        model = keras.models.load_model(folder / ENGINES["tensorflow"].file, compile=False)
    if not has_states(model):
        raise BaseError(
            f"{folder} cannot be adapted, since it does not read texts in windows; name another --base, of the recipe "
            "best or adapt, or train from nothing with --recipe lecture."
        )
    windows, embedding, both, _, dense = model.layers
    kernel, bias = last_layer(model)
    if dense.units == 1:  # A sigmoid is the softmax of 0 and its logit.
        kernel, bias = np.hstack([np.zeros_like(kernel), kernel]), np.array([0, bias[0]], np.float32)
    weights = [*embedding.get_weights(), *both.get_weights(), kernel, bias]
    return Base(weights, tokenizer, serving.labels, windows.length, serving, manifest)
