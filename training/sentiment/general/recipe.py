"""Everything that makes one training of the recipe ``best`` differ from another: data alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from app.sentiment.labels import NEGATIVE, NEUTRAL, POSITIVE, Labels
from app.sentiment.side import Side
from training.sentiment.distillation.recipe import FILMS, DistillationRecipe, Noise

LABELS: Final[Labels] = (NEGATIVE, NEUTRAL, POSITIVE)

IMDB, TREEBANK, EDITED, PRODUCTS, EMOTIONS, WRITTEN = "imdb", "sst", "edited", "products", "emotions", "written"
CORPORA: Final = (IMDB, TREEBANK, EDITED, PRODUCTS, EMOTIONS, WRITTEN)
"""Corpora by their modules in :mod:`training.corpora`; ``imdb`` is never left out."""

SHARES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "labelled": 1.0,
        "unlabelled": 0.6,
        "review sentences": 0.5,
        "film phrases": 3.0,
        "treebank sentences": 3.0,
        "treebank phrases": 0.6,
        "neutral treebank phrases": 0.2,
        "edited": 4.0,
        "products": 2.0,
        "product titles": 1.0,
        "comments": 1.5,
        "written": 6.0,
        "everyday phrases": 2.0,
        "joined": 1.0,
    }
)
"""How many times an epoch shows each text of a kind: 0.6 is three in five of them, chosen at random. Sentences of
reviews are shown to the student alone, since only the teachers know what each of them says."""


_MORE_COMMENTS: Final = {
    **SHARES,
    "comments": 3.0,
    "treebank sentences": 4.0,
    "treebank phrases": 0.8,
    "neutral treebank phrases": 0.3,
}


@dataclass(frozen=True)
class NetworkRecipe:
    """How a network is trained.

    Attributes:
        units: Units of the LSTM in each direction.
        epochs: Times that the shares of all texts are read.
        seed: Of the weights and all draws.
        window: Tokens of a window at most.
        longest: Tokens of a text that are read in training, at most.
        batch: Tokens a step, about.
        learning_rate: The largest, of Adam.
        noise: What keeps it from learning texts by heart.
        shares: See :data:`SHARES`; kinds that are not named are not read.
        english: Whether the vectors of English words (GloVe) stand beside those learnt from reviews.
    """

    units: int
    epochs: int
    seed: int
    window: int = 32
    longest: int = 320
    batch: int = 12_000
    learning_rate: float = 1e-3
    noise: Noise = field(default_factory=Noise)
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))
    english: bool = False


@dataclass(frozen=True)
class GeneralRecipe:
    """How the model is made.

    Attributes:
        name: By this it is picked; the model is named ``sentiment-<name>``.
        vocabulary_size: Number of token ids, the three reserved ones included.
        maxlen: Longest text that the model reads, in tokens.
        padding: Where Keras' model has shorter texts padded.
        truncating: Where longer texts are cut.
        seed: Seed, unless another is asked for; it is added to the networks' seeds.
        films: How the network comes about from which all others begin.
        held_out_products: Share of the products that is held out, with their reviews.
        label: Weight of the label in the target of a text; the rest is that of the teachers' probabilities.
        teachers: Networks of the size of the film network, which go on from its weights.
        student: The network that is kept.
        finishes: Its further trainings, each from the weights that the one before gave (Loshchilov and Hutter, *SGDR:
            Stochastic Gradient Descent with Warm Restarts*, ICLR 2017).
        compressed: Dimensions to which the teachers' vectors are brought for the student, by principal components.
        without: Corpora that are left out.
    """

    name: str
    vocabulary_size: int
    maxlen: int
    padding: Side
    truncating: Side
    seed: int
    films: DistillationRecipe
    held_out_products: float
    label: float
    teachers: tuple[NetworkRecipe, ...]
    student: NetworkRecipe
    finishes: tuple[NetworkRecipe, ...]
    compressed: int
    without: tuple[str, ...] = ()


_LESS_NOISE: Final = Noise(words=0.08, embedding=0.2, output=0.4)

BEST: Final = GeneralRecipe(
    name="best",
    vocabulary_size=26_000,
    maxlen=1025,
    padding="pre",
    truncating="pre",
    seed=1,
    films=FILMS,
    held_out_products=0.2,
    label=0.75,
    teachers=(
        NetworkRecipe(units=96, epochs=3, seed=11),
        NetworkRecipe(units=96, epochs=3, seed=12),
        NetworkRecipe(units=96, epochs=3, seed=13, english=True, shares=_MORE_COMMENTS),
    ),
    student=NetworkRecipe(units=64, epochs=6, seed=14, english=True, shares=_MORE_COMMENTS),
    finishes=(
        NetworkRecipe(
            units=64,
            epochs=4,
            seed=15,
            english=True,
            noise=_LESS_NOISE,
            shares={**_MORE_COMMENTS, "unlabelled": 1.0, "film phrases": 8.0},
        ),
        NetworkRecipe(
            units=64,
            epochs=1,
            seed=16,
            english=True,
            noise=_LESS_NOISE,
            learning_rate=5e-4,
            shares={
                **_MORE_COMMENTS,
                "unlabelled": 1.0,
                "film phrases": 8.0,
                "everyday phrases": 8.0,
                "written": 8.0,
                "edited": 2.0,
            },
        ),
    ),
    compressed=64,
)
