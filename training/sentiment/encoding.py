"""Texts as the input of a Keras model: tokenized and padded."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.sentiment.padding import pad_sequences
from app.sentiment.tokenizer import Tokenizer
from training.sentiment.recipes import SentimentRecipe


def encode(tokenizer: Tokenizer, recipe: SentimentRecipe, texts: Sequence[str]) -> NDArray[np.int32]:
    """Tokenize and pad texts; shape (n, maxlen)."""
    sequences = [tokenizer.encode(text).ids for text in texts]
    return pad_sequences(sequences, recipe.maxlen, padding=recipe.padding, truncating=recipe.truncating)
