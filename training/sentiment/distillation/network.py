"""The network: word vectors, an LSTM in both directions, the maximum of each feature over time, and the outputs.

Max-pooling over time: Collobert et al., *Natural Language Processing (Almost) from Scratch*, JMLR 2011; with an LSTM
for sentiment: Johnson and Zhang, *Supervised and Semi-Supervised Text Categorization using LSTM for Region
Embeddings*, ICML 2016; Sachan, Zaheer and Salakhutdinov, *Revisiting LSTM Networks for Semi-Supervised Text
Classification via Mixed Objective Function*, AAAI 2019.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.sentiment.engines import dropping_masks
from app.sentiment.windows import MaximumOverWindows, Windows
from training.sentiment.distillation.corpus import START_ID, UNKNOWN_ID
from training.sentiment.distillation.recipe import Noise


class Network:
    """The layers, with what training needs: texts come in batches of one length, so nothing is padded or masked."""

    def __init__(
        self, vectors: NDArray[np.float32], units: int, *, outputs: int = 1, window: int | None = None
    ) -> None:
        """Build the layers.

        Args:
            vectors: The first vector of each token id, shape (vocabulary, dimensions).
            units: Units of the LSTM in each direction.
            outputs: 1, a sigmoid; or one for each of several labels, a softmax.
            window: Tokens of a window at most, where the network reads a text in windows.
        """
        size, dimensions = vectors.shape
        self.window = window
        self.embedding = keras.layers.Embedding(size, dimensions, mask_zero=True)
        self.lstm = keras.layers.Bidirectional(keras.layers.LSTM(units, return_sequences=True))
        self.dense = keras.layers.Dense(outputs, activation="sigmoid" if outputs == 1 else "softmax")
        self.embedding.build((None, None))
        self.lstm.build((None, None, dimensions))
        self.dense.build((None, 2 * units))
        self.embedding.set_weights([vectors])

    @property
    def layers(self) -> list[keras.layers.Layer]:
        """The layers that have weights."""
        return [self.embedding, self.lstm, self.dense]

    @property
    def variables(self) -> list[Any]:
        """The weights, layer by layer."""
        return [variable for layer in self.layers for variable in layer.trainable_variables]

    @property
    def _values(self) -> list[tf.Variable]:
        return [variable.value for variable in self.variables]

    def serving_model(self, maxlen: int, temperature: float = 1.0, length_power: float = 0.0) -> keras.Sequential:
        """Return the model for texts padded in front to one length; it masks the padding.

        Keras' max-pooling sees the zeros that a masked LSTM gives for padding, which is why :meth:`losses` counts no
        feature below zero.

        Args:
            maxlen: The length.
            temperature: The logits are divided by this,
            length_power: and by this power of the number of a text's tokens, see
                :class:`app.sentiment.windows.MaximumOverWindows`. Other than 0 it needs windows.
        """
        windows = Windows(self.window, START_ID) if self.window is not None else None
        layers = [
            keras.Input((maxlen,), dtype="int32", name="tokens"),
            *([windows] if windows is not None else []),
            keras.layers.Embedding(self.embedding.input_dim, self.embedding.output_dim, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(self.lstm.forward_layer.units, return_sequences=True)),
            MaximumOverWindows(windows.windows(maxlen), length_power or None)
            if windows is not None
            else keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(self.dense.units, activation=self.dense.activation, use_bias=not length_power),
        ]
        with dropping_masks():
            model = keras.Sequential(layers)
        *weights, kernel, bias = [array for layer in self.layers for array in layer.get_weights()]
        last = [np.vstack([kernel, bias])] if length_power else [kernel, bias]
        model.set_weights([*weights, *(array / np.float32(temperature) for array in last)])
        return model

    def losses(self, ids: tf.Tensor, targets: tf.Tensor, noise: Noise, seed: tf.Tensor) -> tuple[tf.Tensor, list[Any]]:
        """Return the mean cross-entropy, and the gradients to follow.

        Args:
            ids: Shape (n, time), each row with the start id in front. A network of windows takes rows that can be cut
                into windows of one length.
            targets: From 0 to 1; shape (n,) of a sigmoid, (n, outputs) of a softmax.
            noise: How hard to make it.
            seed: Of the noise, shape (2,).
        """
        ids = _drop_words(ids, noise.words, seed)
        with tf.GradientTape() as tape:
            embedded = self._embed(ids, noise.embedding, seed)
            loss = self._loss(self._features(embedded), targets, noise.output, seed)
        return loss, [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, self._values)]

    def features(self, ids: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the maximum of each feature over time, shape (n, features), for rows as :meth:`losses` takes them."""
        embedded = tf.gather(self.embedding.embeddings.value, tf.constant(ids))
        return np.asarray(self._features(embedded))

    def whole_windows(self, length: int) -> int:
        """Return how many of so many tokens can be cut into windows of one length, the fewest that hold them all."""
        if self.window is None:
            return length
        while length % (windows := max(-(-length // self.window), 1)):
            length -= length % windows  # 33 tokens make 2 · 16, which fit into one window.
        return length

    def _embed(self, ids: tf.Tensor, dropped: float, seed: tf.Tensor) -> tf.Tensor:
        embedded = tf.gather(self.embedding.embeddings.value, ids)
        shape = tf.stack([tf.shape(ids)[0], 1, self.embedding.output_dim])
        return embedded * _kept(shape, dropped, seed + tf.constant([1, 0]))

    def _features(self, embedded: tf.Tensor) -> tf.Tensor:
        """Return the maximum of each feature over time; shape (n, features)."""
        if self.window is None:
            return tf.reduce_max(self.lstm(embedded), axis=1)
        inner = tf.shape(embedded)[1] - 1
        count = tf.maximum((inner + self.window - 1) // self.window, 1)
        n, dimensions = tf.shape(embedded)[0], self.embedding.output_dim
        cut = tf.reshape(embedded[:, 1:], (n * count, inner // count, dimensions))
        starts = tf.repeat(embedded[:, :1], count, axis=0)
        states = self.lstm(tf.concat([starts, cut], axis=1))
        return tf.reduce_max(tf.reshape(tf.reduce_max(states, axis=1), (n, count, states.shape[-1])), axis=1)

    def _loss(self, features: tf.Tensor, targets: tf.Tensor, dropped: float, seed: tf.Tensor) -> tf.Tensor:
        features = tf.nn.relu(features)
        features *= _kept(tf.shape(features), dropped, seed + tf.constant([2, 0]))
        logits = tf.matmul(features, self.dense.kernel.value) + self.dense.bias.value
        if self.dense.units == 1:
            return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits[:, 0]))
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits))


def _drop_words(ids: tf.Tensor, share: float, seed: tf.Tensor) -> tf.Tensor:
    dropped = tf.random.stateless_uniform(tf.shape(ids), seed) < share
    return tf.where(dropped & (ids != START_ID), UNKNOWN_ID, ids)


def _kept(shape: tf.Tensor, dropped: float, seed: tf.Tensor) -> tf.Tensor:
    """Return dropout's mask: zeros where something is dropped, and what makes up for them elsewhere."""
    return tf.cast(tf.random.stateless_uniform(shape, seed) >= dropped, tf.float32) / (1 - dropped)
