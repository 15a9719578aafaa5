"""The film network from beginning to end.

1. Teachers predict all reviews: a linear model and paragraph vectors, each out of fold by movie, and a regression that
   stacks the two.
2. Assistants, LSTMs, are trained on the labels, and on these predictions of the unlabelled reviews. They alone can
   predict single sentences. Further generations are trained on the teachers and those before them, sentences too.
3. The network that is kept is trained on the predictions of all of them, of reviews, sentences and phrases.

Distilling an ensemble into a small network: Bucilă, Caruana and Niculescu-Mizil, *Model Compression*, KDD 2006;
Hinton, Vinyals and Dean, *Distilling the Knowledge in a Neural Network*, 2015; with assistants in between: Mirzadeh et
al., *Improved Knowledge Distillation via Teacher Assistant*, AAAI 2020.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from string import ascii_lowercase
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from training.checkpoint import Arrays, Checkpoint
from training.sentiment.distillation import inference, student, teachers, word_vectors
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.out_of_fold import Logits, TeacherLogits
from training.sentiment.distillation.recipe import DistillationRecipe, StudentRecipe
from training.sentiment.distillation.texts import StudentTexts
from training.sentiment.evaluation.figures import measure

WORKERS: Final = os.cpu_count() or 1


@dataclass(frozen=True)
class Distilled:
    """The student that is kept, and how it came about.

    Attributes:
        network: The student.
        history: Its figures after each epoch.
        teachers: The accuracy on the held-out reviews of each of its teachers.
        held_out: Its logits on the held-out reviews, shape (n,).
        answers: The logits of the teachers and the student together, stacked; of labelled reviews the teachers' alone.
    """

    network: Network
    history: list[dict[str, float]]
    teachers: dict[str, float]
    held_out: Logits
    answers: TeacherLogits


@dataclass(frozen=True)
class AssistantLogits:
    """The logits of positive that assistants give.

    Attributes:
        held_out: Of the held-out reviews.
        unlabelled: Of the unlabelled reviews.
        sentences: Of the sentences of :class:`training.sentiment.distillation.texts.StudentTexts`.
    """

    held_out: Logits
    unlabelled: Logits
    sentences: Logits

    @classmethod
    def mean(cls, parts: Sequence["AssistantLogits"]) -> "AssistantLogits":
        """Return the mean over several assistants."""
        return cls(*(np.mean([getattr(part, name) for part in parts], axis=0) for name in cls.__annotations__))


def distil(recipe: DistillationRecipe, corpus: Corpus, *, seed: int, checkpoint: Checkpoint) -> Distilled:
    """Go through all stages. The results of each are kept in the checkpoint, and found there by the next attempt.

    Args:
        recipe: What to do.
        corpus: The reviews.
        seed: Of everything random.
        checkpoint: Where the results are kept.

    Raises:
        training.checkpoint.Interrupted: A signal came while an LSTM was trained; its state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    texts = StudentTexts.of(corpus)
    vectors = checkpoint.kept("word-vectors", partial(_word_vectors, recipe, corpus, seed))["vectors"]
    known = teachers.predict(recipe, corpus, seed=seed, workers=WORKERS, checkpoint=checkpoint)
    accuracies = {name: _accuracy(corpus, logits.held_out) for name, logits in known.items()}
    generations: list[AssistantLogits] = []
    combined = known["both"]

    def learn(how: StudentRecipe, part: str) -> tuple[Network, list[dict[str, float]]]:
        sentences = generations[-1].sentences if generations else None
        material = texts.material(_targets(recipe, corpus, combined), sentences)
        learner = student.Student(replace(how, seed=how.seed + seed), vectors, material)
        history = learner.learn(checkpoint.part(part), partial(_measured, recipe, corpus))
        return learner.network, history

    for number, generation in enumerate(recipe.assistants, start=1):
        assistants = []
        for letter, assistant in zip(ascii_lowercase, generation, strict=False):
            part = f"assistant-{number}{letter}"
            network, _ = learn(assistant, part)
            predict = partial(_assistant_logits, recipe, corpus, texts, network)
            assistants.append(AssistantLogits(**checkpoint.kept(part, predict)))
        generations.append(AssistantLogits.mean(assistants))
        combined = _stacked(corpus, known["both"], generations)
        accuracies[f"assistants of generation {number}"] = _accuracy(corpus, generations[-1].held_out)
        accuracies[f"all up to generation {number}"] = _accuracy(corpus, combined.held_out)
    network, history = learn(recipe.student, "student")
    predicted = AssistantLogits(
        **checkpoint.kept("student", partial(_assistant_logits, recipe, corpus, texts, network))
    )
    return Distilled(network, history, accuracies, predicted.held_out, _stacked(corpus, known["both"], [predicted]))


def _word_vectors(recipe: DistillationRecipe, corpus: Corpus, seed: int) -> Arrays:
    read = [*corpus.documents["reviews"], *corpus.documents["unlabelled"]]
    size = corpus.tokenizer.vocabulary_size
    return {"vectors": word_vectors.learn(recipe.word_vectors, read, size, seed=seed, workers=WORKERS)}


def _targets(recipe: DistillationRecipe, corpus: Corpus, combined: TeacherLogits) -> NDArray[np.float64]:
    softened = recipe.label * corpus.reviews.labels + (1 - recipe.label) * expit(combined.reviews)
    return np.concatenate([softened, expit(combined.unlabelled)])


def _assistant_logits(recipe: DistillationRecipe, corpus: Corpus, read: StudentTexts, network: Network) -> Arrays:
    sys.stderr.write("An assistant predicts the reviews and their sentences.\n")
    sides = {name: [one.ids for one in corpus.documents[name]] for name in ("held_out", "unlabelled")}
    places = zip(read.sentences.starts, read.sentences.lengths, strict=True)
    sides["sentences"] = [read.ids[start : start + length] for start, length in places]
    return {name: inference.predict(network, texts, recipe.maxlen) for name, texts in sides.items()}


def _stacked(corpus: Corpus, both: TeacherLogits, generations: Sequence[AssistantLogits]) -> TeacherLogits:
    """Combine the teachers and each generation of assistants by stacking: a regression on the held-out reviews.

    For the labelled reviews the teachers' logits are taken alone: the assistants were trained on those labels.
    """
    columns = {
        name: np.stack([getattr(one, name) for one in (both, *generations)], axis=1)
        for name in ("held_out", "unlabelled")
    }
    regression = LogisticRegression().fit(columns["held_out"], corpus.held_out.labels)
    return TeacherLogits(
        both.reviews, **{name: regression.decision_function(column) for name, column in columns.items()}
    )


def _measured(recipe: DistillationRecipe, corpus: Corpus, network: Network) -> dict[str, float]:
    given = inference.predict(network, [one.ids for one in corpus.documents["held_out"]], recipe.maxlen)
    figures = measure(corpus.held_out.labels, expit(given))
    return {"val_loss": figures.log_loss, "val_accuracy": figures.accuracy}


def _accuracy(corpus: Corpus, held_out: Logits) -> float:
    return round(float(((held_out >= 0) == corpus.held_out.labels).mean()), 4)
