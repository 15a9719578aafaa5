"""The encoder of BERT (Devlin et al., NAACL 2019) with an output for each label, for texts of one length at a time."""

from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.sentiment.distillation.corpus import Ids
from training.sentiment.distillation.recipe import Noise
from training.sentiment.encoder.pretrained import Weights

PIECES: Final = 510
"""Word pieces of a text that are read at most; two more stand around them."""
CLS, SEP, MASK = 101, 102, 103
"""Ids that stand in front of a text, behind it, and in place of a hidden piece."""
_HEADS: Final = 12
_EPSILON: Final = 1e-12
_FRONT: Final = "embeddings."
_LAYER: Final = "encoder.layer.{}."


class Encoder:
    """The network; it computes in bfloat16, and keeps and updates its weights in float32.

    The mean of the last layer's vectors goes through a linear layer to the logits. The vectors of word pieces and
    places stay as they were pretrained.
    """

    def __init__(self, weights: Weights, outputs: int) -> None:
        """Take the weights.

        Args:
            weights: By the names that BERT's have at Hugging Face.
            outputs: Number of labels; the last layer is drawn anew.
        """
        names = [name for name in weights if name.startswith((_FRONT, "encoder.")) and "position_ids" not in name]
        self._weights = {name: keras.Variable(weights[name], name=name.replace(".", "_")) for name in sorted(names)}
        self._layers = 1 + max(int(name.split(".")[2]) for name in names if name.startswith("encoder."))
        width = weights[_FRONT + "LayerNorm.bias"].shape[0]
        self._kernel = keras.Variable(keras.initializers.TruncatedNormal(0.02)((width, outputs)), name="kernel")
        self._bias = keras.Variable(np.zeros(outputs, np.float32), name="bias")
        self._answer = tf.function(self._probabilities, reduce_retracing=True)

    @property
    def outputs(self) -> int:
        """Number of labels."""
        return int(self._bias.shape[0])

    @property
    def variables(self) -> list[Any]:
        """The weights that are trained."""
        learnt = [variable for name, variable in self._weights.items() if not name.startswith(_FRONT)]
        return [*learnt, self._kernel, self._bias]

    def losses(self, ids: tf.Tensor, targets: tf.Tensor, noise: Noise, seed: tf.Tensor) -> tuple[tf.Tensor, list[Any]]:
        """Return the mean cross-entropy, and the gradients to follow.

        Args:
            ids: Word pieces, shape (n, 1 + length); the first of each row is not read.
            targets: Shape (n, outputs).
            noise: How hard to make it.
            seed: Of the noise, shape (2,).
        """
        hidden = tf.random.stateless_uniform(tf.shape(ids), seed) < noise.words
        with tf.GradientTape() as tape:
            logits = self._logits(tf.where(hidden, MASK, ids), noise, seed)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=targets, logits=logits))
        gradients = tape.gradient(loss, [variable.value for variable in self.variables])
        return loss, [tf.convert_to_tensor(gradient) for gradient in gradients]

    def probabilities(self, ids: Ids) -> NDArray[np.float32]:
        """Return the probability of each label, shape (n, outputs), given pieces as :meth:`losses` takes them."""
        return np.asarray(self._answer(tf.constant(ids)))

    def _probabilities(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(self._logits(ids, None, None))

    def _logits(self, ids: tf.Tensor, noise: Noise | None, seed: tf.Tensor | None) -> tf.Tensor:
        n = tf.shape(ids)[0]
        ids = tf.concat([tf.fill((n, 1), CLS), ids[:, 1:], tf.fill((n, 1), SEP)], axis=1)
        states = self._embedded(ids)
        if noise is not None:
            states = _dropped(states, noise.embedding, seed)
        states = tf.cast(states, tf.bfloat16)
        for number in range(self._layers):
            states = self._layer(states, _LAYER.format(number))
        features = tf.reduce_mean(tf.cast(states, tf.float32), axis=1)
        if noise is not None:
            features = _dropped(features, noise.output, seed + tf.constant([1, 0]))
        return tf.matmul(features, self._kernel.value) + self._bias.value

    def _embedded(self, ids: tf.Tensor) -> tf.Tensor:
        words = tf.gather(self._value(_FRONT + "word_embeddings.weight"), ids)
        places = self._value(_FRONT + "position_embeddings.weight")[: tf.shape(ids)[1]]
        return self._normalized(
            words + places + self._value(_FRONT + "token_type_embeddings.weight")[0], _FRONT + "LayerNorm."
        )

    def _layer(self, states: tf.Tensor, layer: str) -> tf.Tensor:
        attended = self._linear(self._attention(states, layer + "attention.self."), layer + "attention.output.dense.")
        states = self._normalized(states + attended, layer + "attention.output.LayerNorm.")
        inner = tf.nn.gelu(self._linear(states, layer + "intermediate.dense."), approximate=True)
        return self._normalized(states + self._linear(inner, layer + "output.dense."), layer + "output.LayerNorm.")

    def _attention(self, states: tf.Tensor, part: str) -> tf.Tensor:
        n, time, width = tf.shape(states)[0], tf.shape(states)[1], states.shape[-1]
        query, key, value = (
            tf.transpose(
                tf.reshape(self._linear(states, f"{part}{name}."), (n, time, _HEADS, width // _HEADS)), (0, 2, 1, 3)
            )
            for name in ("query", "key", "value")
        )
        scores = tf.matmul(query, key, transpose_b=True) * (width // _HEADS) ** -0.5
        mixed = tf.matmul(tf.nn.softmax(scores), value)
        return tf.reshape(tf.transpose(mixed, (0, 2, 1, 3)), (n, time, width))

    def _linear(self, states: tf.Tensor, part: str) -> tf.Tensor:
        kernel = tf.cast(self._value(part + "weight"), states.dtype)
        flat = tf.reshape(states, (-1, states.shape[-1]))
        found = tf.nn.bias_add(
            tf.matmul(flat, kernel, transpose_b=True), tf.cast(self._value(part + "bias"), states.dtype)
        )
        return tf.reshape(found, tf.concat([tf.shape(states)[:-1], kernel.shape[:1]], axis=0))

    def _normalized(self, states: tf.Tensor, part: str) -> tf.Tensor:
        wide = tf.cast(states, tf.float32)
        mean, variance = tf.nn.moments(wide, axes=[-1], keepdims=True)
        scaled = (wide - mean) * tf.math.rsqrt(variance + _EPSILON)
        return tf.cast(scaled * self._value(part + "weight") + self._value(part + "bias"), states.dtype)

    def _value(self, name: str) -> tf.Variable:
        return self._weights[name].value


def _dropped(states: tf.Tensor, share: float, seed: tf.Tensor) -> tf.Tensor:
    kept = tf.random.stateless_uniform(tf.shape(states), seed) >= share
    return states * tf.cast(kept, states.dtype) / (1 - share)
