"""What a training of a sentiment model gives, whatever the recipe."""

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from app.sentiment.labels import BINARY, Labels
from app.sentiment.tokenizer import Tokenizer
from app.sentiment.warnings import Language
from training.sentiment.recipes import SentimentRecipe


@dataclass(frozen=True)
class HeldOut:
    """The held-out reviews before calibration.

    Attributes:
        labels: 1 for positive or 0, shape (n,).
        logits: What the model gave before its logits were divided by a temperature, shape (n,).
    """

    labels: NDArray[np.int8]
    logits: NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """A model and how it came about.

    Attributes:
        recipe: What was done.
        seed: With this seed.
        tokenizer: What turns texts into ids.
        model: Input (n, maxlen) ids; output (n, 1) probabilities of positive, from a sigmoid, or (n, labels) from a
            softmax.
        history: Figures of each epoch; ``val_loss`` and ``val_accuracy``, of the held-out reviews, are among them.
        best_epoch: The epoch that was kept, counted from 1.
        data: What it learnt from, such as the number of reviews in ``training`` and ``validation``.
        held_out: For a model that is calibrated.
        figures: What else was measured on the way.
        labels: What the model tells apart, in the order of its outputs.
        language: That of the texts it learnt from, for the service to warn of others: all corpora here are English.
            ``None`` if it is not known.
    """

    recipe: SentimentRecipe
    seed: int
    tokenizer: Tokenizer
    model: keras.Sequential
    history: list[dict[str, float]]
    best_epoch: int
    data: dict[str, Any]
    held_out: HeldOut | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    labels: Labels = BINARY
    language: Language | None = "en"
