"""Everything that makes one training on the user's own texts differ from another: data alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from app.sentiment.side import Side
from training.sentiment.distillation.recipe import Noise, WordVectorsRecipe

MOST_EPOCHS: Final = 40


@dataclass(frozen=True, kw_only=True)
class OwnRecipe:
    """What all have in common.

    Attributes:
        name: By this it is picked.
        maxlen: Longest text that the model reads, in tokens.
        padding: Where Keras' model has shorter texts padded.
        truncating: Where longer texts are cut.
        seed: Seed of everything random, unless another is asked for.
        held_out: Share of the rows that is held out to test with, if no test file is given.
        validation: Share of the others that is held out to choose by.
    """

    name: str
    maxlen: int
    padding: Side = "pre"
    truncating: Side = "pre"
    seed: int = 1
    held_out: float = 0.2
    validation: float = 0.1


@dataclass(frozen=True, kw_only=True)
class TuningRecipe(OwnRecipe):
    """How a network of the shape of ``best`` is trained, be it from a base or from nothing.

    Attributes:
        rates: Learning rates of Adam to choose from.
        epochs: Times that all texts are read, at most.
        steps: Of few texts, there are so many more epochs that so many steps are made, but no more than
            :data:`MOST_EPOCHS`.
        cross_validated: Up to so many rows, learning rate, epoch and the rest are chosen by cross-validation, and then
            all rows are trained on; of more, :attr:`validation` is held out at first, to choose by.
        folds: Of the cross-validation.
        trial: Of more rows, so many are read to choose a learning rate.
        noise: What keeps the network from learning texts by heart.
        rows: Texts of a batch at most.
        tokens: Words of a batch at most.
        longest: Words of a text that are read in training, at most.
        new_words: How many words are added to those of the base at most.
        rare: A word that fewer texts have is not added.
    """

    rates: tuple[float, ...]
    epochs: int
    steps: int = 0
    cross_validated: int
    folds: int = 3
    trial: int = 2_000
    noise: Noise = field(default_factory=lambda: Noise(words=0.05, embedding=0.1, output=0.3))
    rows: int = 32
    tokens: int = 6_000
    longest: int = 320
    new_words: int = 10_000
    rare: int = 2


@dataclass(frozen=True, kw_only=True)
class FreshNetworkRecipe(TuningRecipe):
    """How such a network is trained from nothing.

    Attributes:
        units: Units of the LSTM in each direction.
        window: Words of a window at most.
        word_vectors: How the first vectors of the words are learnt, from the rows to train on.
    """

    units: int
    window: int
    word_vectors: WordVectorsRecipe


@dataclass(frozen=True, kw_only=True)
class FreshLectureRecipe(OwnRecipe):
    """How the lecture's network is trained: Embedding → LSTM → Dense, with an output for each label.

    Attributes:
        vocabulary_size: Number of token ids at most.
        embedding_dim: Length of a word's vector.
        units: Units of the LSTM.
        batch_size: Texts a step.
        steps: Steps that are made at least, in as many epochs as it takes.
        epochs: Epochs that are made at least; the best one is kept.
        learning_rate: Of Adam.
    """

    vocabulary_size: int
    embedding_dim: int
    units: int
    batch_size: int
    steps: int
    epochs: int
    learning_rate: float


ADAPT: Final = TuningRecipe(name="adapt", maxlen=1025, rates=(1e-3, 3e-3), epochs=5, cross_validated=3_000)
BEST: Final = FreshNetworkRecipe(
    name="best",
    maxlen=1025,
    rates=(1e-3, 3e-3),
    epochs=8,
    steps=400,
    cross_validated=0,
    noise=Noise(words=0.1, embedding=0.3, output=0.5),
    units=64,
    window=32,
    new_words=26_000,
    word_vectors=WordVectorsRecipe(vector_size=96),
)
LECTURE: Final = FreshLectureRecipe(
    name="lecture",
    maxlen=500,
    vocabulary_size=10_000,
    embedding_dim=50,
    units=64,
    batch_size=128,
    steps=300,
    epochs=3,
    learning_rate=0.001,
)

RECIPES: Final[Mapping[str, OwnRecipe]] = {recipe.name: recipe for recipe in (ADAPT, BEST, LECTURE)}
"""What a model of the user's own texts can be trained by; the first is the default."""
