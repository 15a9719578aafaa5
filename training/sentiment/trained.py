"""What a training of a sentiment model gives, whatever the recipe."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from app.sentiment.labels import BINARY, Labels
from app.sentiment.side import Side
from app.sentiment.tokenizer import Tokenizer


class Recipe(Protocol):
    """Everything that makes one training differ from another: a frozen dataclass with these among its fields."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """By this it is picked; the model is named ``sentiment-<name>``."""

    @property
    def maxlen(self) -> int:
        """Length of the padded reviews, in tokens."""

    @property
    def padding(self) -> Side:
        """Where short reviews are padded."""

    @property
    def truncating(self) -> Side:
        """Where long reviews are cut."""

    @property
    def seed(self) -> int:
        """Seed, unless another is asked for."""


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
        card: The model card, a format string; see :func:`training.sentiment.card.card.write`.
        held_out: For a model that is calibrated.
        figures: What else was measured on the way.
        labels: What the model tells apart, in the order of its outputs.
    """

    recipe: Recipe
    seed: int
    tokenizer: Tokenizer
    model: keras.Sequential
    history: list[dict[str, float]]
    best_epoch: int
    data: dict[str, Any]
    card: str
    held_out: HeldOut | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    labels: Labels = BINARY
