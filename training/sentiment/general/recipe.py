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
MINILM: Final = "minilm"
"""The pretrained transformer among the teachers."""
PARTS: Final = (*CORPORA, MINILM)
"""What a training can do without, the reviews of films aside."""

SHARES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "labelled": 1.0,
        "unlabelled": 0.6,
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
"""How many times an epoch shows each text of a kind: 0.6 is three in five of them, chosen at random. Texts that only
teachers have labelled are shown to the student alone."""

_MORE_COMMENTS: Final = {
    **SHARES,
    "comments": 3.0,
    "treebank sentences": 4.0,
    "treebank phrases": 0.8,
    "neutral treebank phrases": 0.3,
}
_OF_THE_ENCODER: Final = {
    "labelled": 0.25,
    "film phrases": 0.3,
    "treebank sentences": 1.0,
    "treebank phrases": 0.3,
    "neutral treebank phrases": 0.05,
    "edited": 1.0,
    "products": 0.4,
    "product titles": 1.0,
    "comments": 1.0,
    "written": 2.0,
    "everyday phrases": 0.5,
    "joined": 0.2,
}
_OF_THE_STUDENT: Final = {
    **_MORE_COMMENTS,
    "review sentences": 0.67,
    "product sentences": 2.0,
    "other comments": 2.0,
    "film phrases": 4.0,
    "everyday phrases": 4.0,
}
_OF_THE_OTHER_STUDENT: Final = {
    **_OF_THE_STUDENT,
    "review sentences": 1.0,
    "edited sentences": 2.0,
    "varied treebank sentences": 1.0,
    "varied product titles": 1.0,
    "varied comments": 1.0,
    "varied written": 1.0,
}


@dataclass(frozen=True, kw_only=True)
class Training:
    """How something is trained on all kinds of texts.

    Attributes:
        epochs: Times that the shares of all texts are read.
        seed: Of the weights and all draws.
        longest: Tokens of a text that are read in training, at most.
        batch: Tokens a step, about.
        learning_rate: The largest, of Adam.
        noise: What keeps it from learning texts by heart.
        shares: See :data:`SHARES`; kinds that are not named are not read.
    """

    epochs: int
    seed: int
    longest: int = 320
    batch: int = 12_000
    learning_rate: float = 1e-3
    noise: Noise = field(default_factory=Noise)
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))


@dataclass(frozen=True, kw_only=True)
class NetworkRecipe(Training):
    """How a network is trained.

    Attributes:
        units: Units of the LSTM in each direction.
        window: Tokens of a window at most.
        english: Whether the vectors of English words (GloVe) stand beside those learnt from reviews.
    """

    units: int
    window: int = 32
    english: bool = False


@dataclass(frozen=True, kw_only=True)
class EncoderRecipe(Training):
    """How the pretrained transformer is trained, and how much it has to say.

    Attributes:
        weight: Of its probabilities beside the mean of the networks', from 0 to 1.
    """

    weight: float


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
        label: Weight of the label in the target of a review of a film; the rest is that of the teachers' probabilities.
        uncertain_label: The same for texts whose labels people often disagree on.
        teachers: Networks of the size of the film network, which go on from its weights.
        encoder: The pretrained transformer among the teachers.
        student: How the first student is trained.
        varied: How a second one is trained from the same start, on variants of short texts too.
        varied_weight: Of its weights in the mean of both, which is what is kept in the end, from 0 to 1.
        pruned: The number of the teacher that the student is at first, less units and dimensions.
        dimensions: Of the student's word vectors.
        without: Corpora that are left out, or the encoder.
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
    uncertain_label: float
    teachers: tuple[NetworkRecipe, ...]
    encoder: EncoderRecipe
    student: NetworkRecipe
    varied: NetworkRecipe
    varied_weight: float
    pruned: int
    dimensions: int
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
    uncertain_label=0.5,
    teachers=(
        NetworkRecipe(units=96, epochs=3, seed=11),
        NetworkRecipe(units=96, epochs=3, seed=12),
        NetworkRecipe(units=96, epochs=3, seed=13, english=True, shares=_MORE_COMMENTS),
    ),
    encoder=EncoderRecipe(
        epochs=2,
        seed=17,
        longest=128,
        batch=3_000,
        learning_rate=1e-4,
        noise=Noise(words=0.1, embedding=0.1, output=0.1),
        shares=_OF_THE_ENCODER,
        weight=0.7,
    ),
    student=NetworkRecipe(units=64, epochs=6, seed=14, noise=_LESS_NOISE, shares=_OF_THE_STUDENT),
    varied=NetworkRecipe(units=64, epochs=8, seed=14, noise=_LESS_NOISE, shares=_OF_THE_OTHER_STUDENT),
    varied_weight=0.35,
    pruned=3,
    dimensions=96,
)
