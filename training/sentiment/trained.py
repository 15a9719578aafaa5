"""What a training of a sentiment model gives, whatever the recipe."""

from dataclasses import dataclass, field
from typing import Any

import keras

from app.sentiment.labels import BINARY, Labels
from app.sentiment.tokenizer import Tokenizer
from app.sentiment.warnings import Language
from training.sentiment.evaluation.calibration import Calibration
from training.sentiment.recipes import SentimentRecipe


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
        figures: What else was measured on the way, as plain JSON.
        labels: What the model tells apart, in the order of its outputs.
        calibration: What a temperature does to the model; where it is used, the model's logits are divided by it.
        version: The version of the model.
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
    figures: dict[str, Any] = field(default_factory=dict)
    labels: Labels = BINARY
    calibration: Calibration | None = None
    version: str = "1.0.0"
    language: Language | None = "en"
