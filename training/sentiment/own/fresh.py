"""Networks from nothing, for any language with spaces between its words: the lecture's, and one shaped like best."""

import os
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.sentiment.classifier import SentimentServing
from app.sentiment.labels import Labels
from app.sentiment.rules import EVERYDAY
from app.sentiment.tokenizer import RESERVED, Tokenizer
from training.checkpoint import Checkpoint
from training.fitting import Dataset, fit, shuffled
from training.sentiment.distillation import word_vectors
from training.sentiment.distillation.corpus import Document, encoded
from training.sentiment.encoding import encode
from training.sentiment.evaluation.calibration import logits_of
from training.sentiment.own.base import Base
from training.sentiment.own.network import Floats
from training.sentiment.own.recipe import FreshLectureRecipe, FreshNetworkRecipe
from training.sentiment.own.split import Indices

_FEATURES = 0.1
"""Standard deviation of the first weights of the last layer, which learns nothing of zeros alone."""


def untrained(recipe: FreshNetworkRecipe, texts: Sequence[str], labels: Labels, *, seed: int) -> Base:
    """Return a network of the shape of ``best`` that knows the words of texts by what stands around them, and no label.

    Args:
        recipe: What to make.
        texts: The rows to train on.
        labels: What it shall tell apart.
        seed: Of everything random.
    """
    keras.utils.set_random_seed(seed)
    size = recipe.new_words + len(RESERVED)
    tokenizer = Tokenizer.fit(texts, size, rule=EVERYDAY)
    nowhere = np.zeros(0, np.int32)
    documents = [Document(encoded(tokenizer, text), nowhere) for text in texts]
    vectors = word_vectors.learn(
        recipe.word_vectors, documents, tokenizer.vocabulary_size, seed=seed, workers=os.cpu_count() or 1
    )
    lstm = keras.layers.Bidirectional(keras.layers.LSTM(recipe.units, return_sequences=True))
    lstm.build((None, None, vectors.shape[1]))
    kernel = np.random.default_rng(seed).normal(0, _FEATURES, (2 * recipe.units, len(labels))).astype(np.float32)
    serving = SentimentServing(
        vocabulary_size=tokenizer.vocabulary_size,
        maxlen=recipe.maxlen,
        padding="pre",
        truncating=recipe.truncating,
        labels=labels,
    )
    weights = [vectors, *lstm.get_weights(), kernel, np.zeros(len(labels), np.float32)]
    return Base(weights, tokenizer, labels, recipe.window, serving)


def lecture(
    recipe: FreshLectureRecipe,
    texts: Sequence[str],
    labels: Indices,
    held_out: NDArray[np.bool_],
    names: Labels,
    *,
    seed: int,
    checkpoint: Checkpoint,
) -> tuple[keras.Sequential, Tokenizer, list[dict[str, float]], int, Floats]:
    """Train the lecture's network, with a softmax of the labels.

    Args:
        recipe: How.
        texts: n texts.
        labels: The label of each, shape (n,).
        held_out: Which of them choose the epoch, shape (n,).
        names: The labels.
        seed: Of everything random.
        checkpoint: Resumed from if it is there.

    Returns:
        The model, the tokenizer, the figures of each epoch, the epoch that was kept, and the logits of the held-out
        texts.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    tokenizer = Tokenizer.fit(
        [text for text, held in zip(texts, held_out, strict=True) if not held], recipe.vocabulary_size
    )
    ids = encode(tokenizer, recipe, texts)
    targets = np.eye(len(names), dtype=np.float32)[labels]
    model = _lecture_network(recipe, tokenizer.vocabulary_size, len(names))
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        metrics=["accuracy"],
    )
    training, validation = (Dataset(ids[side], targets[side]) for side in (~held_out, held_out))
    batch = min(recipe.batch_size, max(8, len(training) // 16))
    epochs = max(recipe.epochs, -(-recipe.steps * batch // len(training)))
    history = fit(
        model,
        training,
        validation,
        order=shuffled(len(training), batch, seed),
        epochs=epochs,
        checkpoint=checkpoint,
    )
    logits = logits_of(model.predict(validation.inputs, verbose=0))
    return model, tokenizer, history.epochs, history.best_epoch, logits


def _lecture_network(recipe: FreshLectureRecipe, vocabulary_size: int, labels: int) -> keras.Sequential:
    return keras.Sequential(
        [
            keras.Input((recipe.maxlen,), dtype="int32", name="tokens"),
            keras.layers.Embedding(vocabulary_size, recipe.embedding_dim),
            keras.layers.LSTM(recipe.units),
            keras.layers.Dense(labels, activation="softmax"),
        ]
    )


def with_sigmoid(model: keras.Sequential) -> keras.Sequential:
    """Return a model of two labels with a sigmoid, the probability of the second one, in place of the softmax."""
    last = model.layers[-1]
    made = keras.Sequential(
        [
            keras.Input(model.input_shape[1:], dtype="int32", name="tokens"),
            *map(_copied, model.layers[:-1]),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    kernel, bias = last.get_weights()
    made.set_weights([*model.get_weights()[:-2], kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]])
    return made


def divided(model: keras.Sequential, temperature: float) -> None:
    """Divide the logits of a model by a temperature, which becomes part of the weights of its last layer."""
    model.layers[-1].set_weights([array / np.float32(temperature) for array in model.layers[-1].get_weights()])


def _copied(layer: keras.layers.Layer) -> keras.layers.Layer:
    return type(layer).from_config(layer.get_config())
