"""The weights by which the service attributes a text's log-odds to its words."""

import keras
import numpy as np

from app.sentiment.attribution import Weights
from app.sentiment.tokenizer import RESERVED, UNKNOWN
from app.sentiment.windows import has_states


def weights(model: keras.Sequential) -> Weights | None:
    """Return those of a model that :func:`app.sentiment.windows.has_states`; of another, ``None``."""
    if not has_states(model):
        return None
    windows, embedding, both, _, dense = model.layers
    kernel, recurrent, bias = (
        np.stack(pair) for pair in zip(both.forward_layer.get_weights(), both.backward_layer.get_weights(), strict=True)
    )
    return Weights(
        kernel,
        recurrent,
        bias,
        dense.get_weights()[0],
        embedding.get_weights()[0][RESERVED.index(UNKNOWN)],
        np.array(windows.length, np.int64),
    )
