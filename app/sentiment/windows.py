"""Keras layers of a network that reads a text in windows, each on its own, and takes the maximum over all.

The maximum over time does not care where a text is cut, and short rows that run together keep a processor busier than a
long one alone. The first token, which is the start id, stands in front of every window.
"""

from typing import Any

import keras
from keras import ops

from app.sentiment.attribution import COUNTED_WINDOWS

_PACKAGE = "sentiment"
"""Under this, Keras' files name the layers."""


@keras.saving.register_keras_serializable(_PACKAGE)
class Windows(keras.layers.Layer):  # type: ignore[misc]
    """Ids of texts to the ids of their windows.

    A text has as few windows as it can, of about equal length: one word more than a window holds makes two halves, not
    a window of a single word.

    Input: shape (n, time), n texts, padded with zeros in front. Output: shape (n · windows, length + 1), the windows of
    a text one after the other, as many as the longest possible text has; zeros behind the tokens of each.
    """

    def __init__(self, length: int, start: int, **options: Any) -> None:
        """Build the layer.

        Args:
            length: Tokens of a window at most, without the one in front.
            start: The id in front of every window but the first one, which has the first token of the text there.
            **options: Of any layer.
        """
        super().__init__(**options)
        self.length = length
        self.start = start

    def windows(self, time: int) -> int:
        """Return how many windows a text of that many tokens has."""
        return max(1, -(-(time - 1) // self.length))

    def call(self, ids: Any) -> Any:
        """Cut the windows."""
        time = ids.shape[1]
        windows = ops.expand_dims(ops.arange(self.windows(time)), (0, 2))
        steps = ops.expand_dims(ops.arange(self.length), (0, 1))
        first = ops.cast(ops.argmax(ops.cast(ops.not_equal(ids, 0), "int32"), axis=1), "int32")[:, None, None]
        inner = time - first - 1
        used = ops.maximum(-(-inner // self.length), 1)
        own = -(-inner // used)
        places = windows * own + steps
        inside = ops.logical_and(steps < own, places < inner)
        wanted = ops.reshape(ops.where(inside, first + 1 + places, 0), (-1, windows.shape[1] * self.length))
        words = ops.reshape(ops.take_along_axis(ids, wanted, axis=1), (-1, *inside.shape[1:]))
        words = ops.where(inside, words, 0)
        fronts = ops.where(windows < used, self.start, 0)
        fronts = ops.where(windows == 0, ops.take_along_axis(ids, first[:, :, 0], axis=1)[:, :, None], fronts)
        return ops.reshape(ops.concatenate([ops.cast(fronts, ids.dtype), words], axis=2), (-1, self.length + 1))

    def compute_output_shape(self, _input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the windows."""
        return None, self.length + 1

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of :meth:`__init__`."""
        return {**super().get_config(), "length": self.length, "start": self.start}


@keras.saving.register_keras_serializable(_PACKAGE)
class MaximumOverWindows(keras.layers.Layer):  # type: ignore[misc]
    """The maximum of each feature over all steps of all windows of a text, and 0.

    With a ``length_power``, one more feature stands behind the maxima, 1, and all are divided by that power of the
    number of the text's tokens, of which six full windows count at most. A ``Dense`` without a bias that follows then
    gives logits divided by a temperature that depends on the length: the weights of the last feature are its bias.

    Input: shape (n · windows, steps, features), zeros where a text is over; masked there, if there is a
    ``length_power``. Output: shape (n, features), or (n, features + 1).
    """

    def __init__(self, windows: int, length_power: float | None = None, **options: Any) -> None:
        """Build the layer.

        Args:
            windows: Of a text, as :class:`Windows` cut them.
            length_power: To which power the number of tokens is what all is divided by; ``None`` for nothing.
            **options: Of any layer.
        """
        super().__init__(**options)
        self.windows = windows
        self.length_power = length_power
        self.supports_masking = True

    def call(self, features: Any, mask: Any = None) -> Any:
        """Take the maximum. Where a step is masked, a recurrent layer has already written zeros."""
        of_window = ops.max(features, axis=1)
        of_text = ops.relu(ops.max(ops.reshape(of_window, (-1, self.windows, features.shape[-1])), axis=1))
        if self.length_power is None:
            return of_text
        in_window = ops.reshape(ops.sum(ops.cast(mask, of_text.dtype), axis=1), (-1, self.windows))
        # Each further window has the start id in front, which is no token of the text.
        further = ops.maximum(ops.sum(ops.cast(in_window > 0, of_text.dtype), axis=1) - 1, 0)
        most = COUNTED_WINDOWS * (features.shape[1] - 1)
        tokens = ops.clip(ops.sum(in_window, axis=1) - further, 1, most)[:, None]
        return ops.concatenate([of_text, ops.ones_like(tokens)], axis=1) / ops.power(tokens, self.length_power)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """Say that nothing is masked any more."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of the maxima."""
        features = input_shape[-1]
        return None, features if features is None or self.length_power is None else features + 1

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of :meth:`__init__`."""
        return {**super().get_config(), "windows": self.windows, "length_power": self.length_power}


def has_states(model: keras.Sequential) -> bool:
    """Whether a model reads a text in windows with one LSTM each way, whose maxima are all that it classifies by."""
    kinds = [Windows, keras.layers.Embedding, keras.layers.Bidirectional, MaximumOverWindows, keras.layers.Dense]
    if [type(layer) for layer in model.layers] != kinds:
        return False
    both, maximum, dense = model.layers[2:]
    activation = keras.activations.sigmoid if dense.units == 1 else keras.activations.softmax
    return (
        both.merge_mode == "concat"
        and all(map(_is_plain, (both.forward_layer, both.backward_layer)))
        and both.forward_layer.units == both.backward_layer.units
        and dense.activation == activation
        and dense.use_bias == (maximum.length_power is None)
    )


def _is_plain(layer: keras.layers.Layer) -> bool:
    functions = keras.activations.tanh, keras.activations.sigmoid
    return (
        type(layer) is keras.layers.LSTM
        and (layer.activation, layer.recurrent_activation) == functions
        and layer.use_bias
        and layer.return_sequences
    )


def with_states(model: keras.Sequential) -> keras.Model:
    """Return a model of the same weights that :func:`has_states`, with what it computes on its way.

    Outputs: the model's; the vectors of the tokens, shape (n · windows, steps, dimensions); h after each step, shape
    (n · windows, steps, 2 · units).
    """
    _, embedding, both, _, _ = model.layers
    return keras.Model(model.inputs[0], [*model.outputs, embedding.output, both.output])
