"""The recipes of sentiment models: data alone, so that naming them imports nothing that trains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

from app.sentiment.side import Side
from training.sentiment.general.recipe import BEST, GeneralRecipe

SPLIT_SEED: Final = 0
"""The held-out movies are the same for every seed, so that seeds and recipes can be compared on them."""


class SentimentRecipe(Protocol):
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
class LectureRecipe:
    """Everything that makes one model of the lecture's kind differ from another.

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


LECTURE: Final = LectureRecipe(
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

RECIPES: Final[Mapping[str, LectureRecipe | GeneralRecipe]] = {recipe.name: recipe for recipe in (LECTURE, BEST)}
