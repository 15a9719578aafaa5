"""Everything that makes one training of the film network differ from another: data alone."""

from dataclasses import dataclass
from typing import Final

from app.sentiment.side import Side


@dataclass(frozen=True)
class Noise:
    """What keeps a network from learning texts by heart.

    Attributes:
        words: Share of the words that are replaced by the unknown one.
        embedding: Share of the dimensions of the word vectors that are dropped, the same ones in a whole text.
        output: Share of the features that are dropped before the output.
    """

    words: float = 0.1
    embedding: float = 0.3
    output: float = 0.5


@dataclass(frozen=True)
class WordVectorsRecipe:
    """The settings of gensim's ``Word2Vec``, by its names."""

    vector_size: int = 100
    window: int = 5
    negative: int = 5
    epochs: int = 5


@dataclass(frozen=True)
class ParagraphVectorsRecipe:
    """The settings of gensim's ``Doc2Vec``, by its names, and of the logistic regression on its vectors.

    Attributes:
        vector_size: Length of a vector.
        min_count: N-grams that are rarer are left out.
        negative: N-grams drawn at random for each that is there.
        epochs: Times that all reviews are read.
        alpha: First learning rate; it falls to a hundredth.
        weight: Inverse of the strength of L2 regularization: scikit-learn's C, on vectors of length 1.
    """

    vector_size: int = 200
    min_count: int = 5
    negative: int = 5
    epochs: int = 10
    alpha: float = 0.05
    weight: float = 10.0


@dataclass(frozen=True)
class StudentRecipe:
    """How a student is trained.

    Attributes:
        units: Units of the LSTM in each direction.
        epochs: Times that all documents are read.
        window: Tokens of a document that are read at once, at most.
        sentences: Sentences that are shown for each document.
        phrases: Times that each phrase is shown in an epoch.
        batch_size: Documents a step.
        learning_rate: The largest, of Adam.
        noise: See :class:`Noise`.
        seed: Of the weights and all draws.
    """

    units: int
    epochs: int
    noise: Noise
    seed: int
    window: int = 200
    sentences: float = 1.5
    phrases: int = 1
    batch_size: int = 128
    learning_rate: float = 1e-3


@dataclass(frozen=True)
class DistillationRecipe:
    """How the model is made.

    Attributes:
        name: By this it is picked; the model is named ``sentiment-<name>``.
        vocabulary_size: Number of token ids at most, the three reserved ones included.
        maxlen: Longest text that the model reads, in tokens.
        padding: Where Keras' model has shorter texts padded.
        truncating: Where longer texts are cut.
        validation: Share of the labelled reviews that is held out, by movie.
        folds: Parts of the labelled reviews; the teachers predict each out of fold, fitted on the others.
        label: Weight of the label in the target of a labelled review; the rest is that of the teachers' probability.
        seed: Of everything random but the students, unless another is asked for; it is added to the students' seeds.
        word_vectors: The first vectors of the words.
        paragraph_vectors: The second teacher's vectors.
        assistants: The LSTMs that predict single sentences and, with the teachers, unlabelled reviews; generation
            by generation, each trained on the predictions of those before.
        student: The network that is kept.
    """

    name: str
    vocabulary_size: int
    maxlen: int
    padding: Side
    truncating: Side
    validation: float
    folds: int
    label: float
    seed: int
    word_vectors: WordVectorsRecipe
    paragraph_vectors: ParagraphVectorsRecipe
    assistants: tuple[tuple[StudentRecipe, ...], ...]
    student: StudentRecipe


FILMS: Final = DistillationRecipe(
    name="films",
    vocabulary_size=20_000,
    maxlen=1024,
    padding="pre",
    truncating="pre",
    validation=0.1,
    folds=5,
    label=0.75,
    seed=1,
    word_vectors=WordVectorsRecipe(),
    paragraph_vectors=ParagraphVectorsRecipe(),
    assistants=(
        (
            StudentRecipe(units=64, epochs=4, noise=Noise(), seed=1, sentences=0.5),
            StudentRecipe(units=64, epochs=4, noise=Noise(words=0.2), seed=2, window=240, sentences=0.5),
        ),
        (StudentRecipe(units=96, epochs=4, noise=Noise(), seed=3, window=400, phrases=8, learning_rate=2e-3),),
        (StudentRecipe(units=96, epochs=6, noise=Noise(), seed=4, window=400, phrases=8, learning_rate=2e-3),),
    ),
    student=StudentRecipe(units=96, epochs=6, noise=Noise(), seed=5, window=400, phrases=8, learning_rate=2e-3),
)
