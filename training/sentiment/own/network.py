"""The network of the recipe ``best``, trained on texts of any lengths at once."""

from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.sentiment.distillation.corpus import START_ID, UNKNOWN_ID, Ids
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.recipe import Noise
from training.sentiment.own.base import Weights
from training.sentiment.own.windows import WindowBatch, batch_of

Floats = NDArray[np.float64]

_ROWS: Final = 128
_WORDS: Final = 1023
"""Of a text that is read to be answered; the start id and one more make up what the models read."""


BATCH: Final = WindowBatch(
    tf.TensorSpec((None, None), tf.int32),
    tf.TensorSpec((None,), tf.int32),
    tf.TensorSpec((None,), tf.int32),
    tf.TensorSpec((None, None), tf.float32),
)
"""What TensorFlow compiles for: batches of any size, once."""


class WindowNetwork(Network):
    """A network of windows with a softmax, that learns from batches of windows."""

    def __init__(self, weights: Weights, window: int) -> None:
        """Build the layers.

        Args:
            weights: Their first weights.
            window: Words of a window at most.
        """
        vectors, *lstm, kernel, bias = weights
        super().__init__(vectors, len(lstm[1]), outputs=len(bias), window=window)
        self._size = window
        self.lstm.set_weights(lstm)
        self.dense.activation = keras.activations.softmax
        self.dense.set_weights([kernel, bias])

    @property
    def weights(self) -> Weights:
        """The weights, layer by layer."""
        return [array for layer in self.layers for array in layer.get_weights()]

    def gradients(self, batch: WindowBatch, noise: Noise, seed: tf.Tensor) -> tuple[tf.Tensor, list[Any]]:
        """Return the mean cross-entropy of a batch, and the gradients to follow.

        Args:
            batch: The texts, as tensors.
            noise: How hard to make it.
            seed: Of the noise, shape (2,).
        """
        ids = batch.ids
        dropped = (tf.random.stateless_uniform(tf.shape(ids), seed) < noise.words) & (ids > START_ID)
        ids = tf.where(dropped, UNKNOWN_ID, ids)
        variables = [variable.value for variable in self.variables]
        with tf.GradientTape() as tape:
            features = self._read(ids, batch, noise.embedding, seed)
            features *= _kept(tf.shape(features), noise.output, seed + tf.constant([2, 0]))
            logits = tf.matmul(features, self.dense.kernel.value) + self.dense.bias.value
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=batch.targets, logits=logits))
        return loss, [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]

    def maxima(self, texts: Sequence[Ids]) -> NDArray[np.float32]:
        """Return what the last layer reads of texts, shape (n, features); they are without the start id."""
        found = np.zeros((len(texts), 2 * self.lstm.forward_layer.units), np.float32)
        order = np.argsort([len(text) for text in texts], kind="stable")
        nothing = np.zeros((_ROWS, 1), np.float32)
        for first in range(0, len(texts), _ROWS):
            places = order[first : first + _ROWS]
            batch = batch_of([texts[place][-_WORDS:] for place in places], nothing[: len(places)], self._size)
            found[places] = self._maxima(WindowBatch(*map(tf.constant, batch)))
        return found

    def logits(self, maxima: NDArray[np.float32]) -> Floats:
        """Return the logits of what :meth:`maxima` gives, shape (n, labels)."""
        kernel, bias = self.dense.get_weights()
        return np.asarray(maxima @ kernel + bias, np.float64)

    @tf.function(input_signature=[BATCH])  # type: ignore[untyped-decorator]
    def _maxima(self, batch: WindowBatch) -> tf.Tensor:
        return self._read(batch.ids, batch, 0.0, tf.constant([0, 0]))

    def _read(self, ids: tf.Tensor, batch: WindowBatch, dropped: float, seed: tf.Tensor) -> tf.Tensor:
        """Return the maximum of each feature over all steps of all windows of each text, and 0; (texts, features)."""
        embedded = tf.gather(self.embedding.embeddings.value, ids)
        if dropped:
            texts = tf.shape(batch.targets)[0]
            mask = _kept(tf.stack([texts, self.embedding.output_dim]), dropped, seed + tf.constant([1, 0]))
            embedded *= tf.gather(mask, batch.owner)[:, None]
        forward = self.lstm.forward_layer(embedded)
        # It reads from the end, where no padding may be: the windows are moved there.
        moved = tf.reverse(tf.reverse_sequence(embedded, batch.lengths, seq_axis=1), [1])
        states = tf.concat([forward, self.lstm.backward_layer(moved)], axis=2)
        inside = tf.sequence_mask(batch.lengths, tf.shape(ids)[1], tf.float32)[:, :, None]
        of_window = tf.reduce_max(tf.nn.relu(states) * inside, axis=1)
        return tf.math.segment_max(of_window, batch.owner)


def _kept(shape: tf.Tensor, dropped: float, seed: tf.Tensor) -> tf.Tensor:
    """Return dropout's mask: zeros where something is dropped, and what makes up for them elsewhere."""
    return tf.cast(tf.random.stateless_uniform(shape, seed) >= dropped, tf.float32) / (1 - dropped)
