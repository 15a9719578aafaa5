"""The weights by which the service attributes a text's log-odds to its words."""

import keras
import numpy as np
from numpy.typing import NDArray

from app.sentiment.attribution import Weights
from app.sentiment.tokenizer import RESERVED, UNKNOWN
from app.sentiment.windows import has_states


def weights(model: keras.Sequential) -> Weights | None:
    """Return those of a model that :func:`app.sentiment.windows.has_states`; of another, ``None``."""
    if not has_states(model):
        return None
    windows, embedding, both, maximum, _ = model.layers
    kernel, recurrent, bias = (
        np.stack(pair) for pair in zip(both.forward_layer.get_weights(), both.backward_layer.get_weights(), strict=True)
    )
    outputs, output_bias = last_layer(model)
    return Weights(
        kernel,
        recurrent,
        bias,
        outputs,
        embedding.get_weights()[0][RESERVED.index(UNKNOWN)],
        np.array(windows.length, np.int64),
        output_bias,
        np.array(maximum.length_power or 0, np.float32),
    )


def last_layer(model: keras.Sequential) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the kernel, shape (2 · units, outputs), and the bias, shape (outputs,), of a model that has states."""
    *kernel, bias = np.vstack(model.layers[-1].get_weights())
    return np.array(kernel), bias
