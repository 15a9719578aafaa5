"""Everything that makes one training of the recipe ``best`` differ from another."""

from dataclasses import dataclass
from typing import Final

from app.sentiment.side import Side
from training.sentiment.distillation import paragraph_teacher, student, word_vectors
from training.sentiment.distillation.network import Noise


@dataclass(frozen=True)
class Recipe:
    """How the model is made.

    Attributes:
        name: By this it is picked; the model is named ``sentiment-<name>``.
        vocabulary_size: Number of token ids at most, the three reserved ones included.
        maxlen: Longest text that the model reads, in tokens.
        padding: Where Keras' model has shorter texts padded.
        truncating: Where longer texts are cut.
        validation: Share of the labelled reviews that is held out, by movie.
        folds: Parts of the labelled reviews; the teachers answer for each without having seen it.
        label: How much the label counts in what is to be answered for a labelled review; the rest is the teachers'.
        seed: Of everything random but the students, unless another is asked for; it is added to the students' seeds.
        word_vectors: The first vectors of the words.
        paragraph_vectors: The second teacher's vectors.
        assistants: The LSTMs that answer for single sentences, and with the teachers for unlabelled reviews;
            generation by generation, each taught by those before.
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
    word_vectors: word_vectors.Recipe
    paragraph_vectors: paragraph_teacher.Recipe
    assistants: tuple[tuple[student.Recipe, ...], ...]
    student: student.Recipe


BEST: Final = Recipe(
    name="best",
    vocabulary_size=20_000,
    maxlen=1024,
    padding="pre",
    truncating="pre",
    validation=0.1,
    folds=5,
    label=0.75,
    seed=1,
    word_vectors=word_vectors.Recipe(),
    paragraph_vectors=paragraph_teacher.Recipe(),
    assistants=(
        (
            student.Recipe(units=64, epochs=4, noise=Noise(), seed=1, sentences=0.5),
            student.Recipe(units=64, epochs=4, noise=Noise(words=0.2), seed=2, window=240, sentences=0.5),
        ),
        (student.Recipe(units=96, epochs=4, noise=Noise(), seed=3, window=400, phrases=8, learning_rate=2e-3),),
        (student.Recipe(units=96, epochs=6, noise=Noise(), seed=4, window=400, phrases=8, learning_rate=2e-3),),
    ),
    student=student.Recipe(units=96, epochs=6, noise=Noise(), seed=5, window=400, phrases=8, learning_rate=2e-3),
)
