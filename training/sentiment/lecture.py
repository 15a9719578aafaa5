"""The lecture's recipe, and the way from reviews to its trained Keras model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras
import numpy as np
import tensorflow as tf

from app.sentiment.side import Side
from app.sentiment.tokenizer import Tokenizer
from training.corpora.imdb import Reviews
from training.sentiment.card import lecture as lecture_card
from training.sentiment.encoding import encode
from training.sentiment.fitting import Examples, fit
from training.sentiment.trained import Trained


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one model differ from another.

    Attributes:
        name: By this it is picked; the model is named ``sentiment-<name>``.
        vocabulary_size: Number of token ids at most, the three reserved ones included.
        maxlen: Length of the padded reviews.
        padding: Where short reviews are padded.
        truncating: Where long reviews are cut.
        embedding_dim: Length of a word's vector.
        units: Units of the LSTM.
        batch_size: Reviews a step.
        epochs: Epochs at most; the best one on the held-out movies is kept.
        learning_rate: Of Adam.
        validation: Share of the training reviews that is held out, by movie.
        seed: Seed of the weights and the shuffling, unless another is asked for.
    """

    name: str
    vocabulary_size: int
    maxlen: int
    padding: Side
    truncating: Side
    embedding_dim: int
    units: int
    batch_size: int
    epochs: int
    learning_rate: float
    validation: float
    seed: int


LECTURE: Final = Recipe(
    name="lecture",
    vocabulary_size=10_000,
    maxlen=500,
    padding="pre",
    truncating="pre",
    embedding_dim=50,
    units=64,
    batch_size=128,
    epochs=3,
    learning_rate=0.001,
    validation=0.1,
    seed=1,
)
"""Section 5 of the lecture, number for number. Of six seeds, this one had the least loss on the held-out movies."""

SPLIT_SEED: Final = 0
"""The held-out movies are the same for every seed, so that seeds and recipes can be compared on them."""


def build(recipe: Recipe, vocabulary_size: int) -> keras.Model:
    """Build and compile the network of a recipe; input (n, maxlen) ids, output (n, 1) probabilities."""
    model = keras.Sequential(
        [
            keras.Input((recipe.maxlen,), dtype="int32", name="tokens"),
            keras.layers.Embedding(vocabulary_size, recipe.embedding_dim),
            keras.layers.LSTM(recipe.units),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(
        loss="binary_crossentropy",
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        metrics=["accuracy"],
    )
    return model


def train(recipe: Recipe, reviews: Reviews, *, seed: int, checkpoint: Path) -> Trained:
    """Train a recipe on labelled reviews, of which some movies are held out to choose the epoch.

    Args:
        recipe: What to train.
        reviews: The train split, or a sample of it.
        seed: Seed of the weights and the shuffling.
        checkpoint: Folder for the state of the training; it is gone on from if it exists.

    Raises:
        training.interruption.Interrupted: A signal came; the state is saved.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    tokenizer = Tokenizer.fit(reviews.texts, recipe.vocabulary_size)
    kept, held = reviews.split_by_movie(recipe.validation, SPLIT_SEED)
    fitted, state = fit(
        build(recipe, tokenizer.vocabulary_size),
        Examples(encode(tokenizer, recipe, kept.texts), kept.labels.astype(np.float32)),
        Examples(encode(tokenizer, recipe, held.texts), held.labels.astype(np.float32)),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        seed=seed,
        checkpoint=checkpoint,
    )
    data = {"training": len(kept), "validation": len(held)}
    return Trained(recipe, seed, tokenizer, fitted, state.history, state.best_epoch, data, lecture_card.CARD)
