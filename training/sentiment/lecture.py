"""Section 5 of the lecture: from reviews to the trained Keras model, Embedding → LSTM → Dense."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from app.sentiment.tokenizer import Tokenizer
from training.checkpoint import Checkpoint, identity
from training.corpora.imdb import Reviews
from training.fitting import Dataset, fit, shuffled
from training.sentiment.encoding import encode
from training.sentiment.recipes import SPLIT_SEED, LectureRecipe
from training.sentiment.trained import Trained


def build(recipe: LectureRecipe, vocabulary_size: int) -> keras.Model:
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


def train(recipe: LectureRecipe, reviews: Reviews, *, seed: int, checkpoint: Path) -> Trained:
    """Train a recipe on labelled reviews, of which some movies are held out to choose the epoch.

    Args:
        recipe: What to train.
        reviews: The train split, or a sample of it.
        seed: Seed of the weights and the shuffling.
        checkpoint: Folder for the state of the training; it is gone on from if it exists.

    Raises:
        training.checkpoint.Interrupted: A signal came; the state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()

    tokenizer = Tokenizer.fit(reviews.texts, recipe.vocabulary_size)
    kept, held = reviews.split_by_movie(recipe.validation, SPLIT_SEED)
    training, validation = (
        Dataset(encode(tokenizer, recipe, side.texts), side.labels.astype(np.float32)) for side in (kept, held)
    )

    model = build(recipe, tokenizer.vocabulary_size)
    history = fit(
        model,
        training,
        validation,
        order=shuffled(len(training), recipe.batch_size, seed),
        epochs=recipe.epochs,
        checkpoint=Checkpoint(checkpoint, identity(recipe, [reviews.sha256], seed)),
    )
    return Trained(
        recipe=recipe,
        seed=seed,
        tokenizer=tokenizer,
        model=model,
        history=[{name: round(value, 6) for name, value in epoch.items()} for epoch in history.epochs],
        best_epoch=history.best_epoch,
        data={"training": len(kept), "validation": len(held)},
    )
