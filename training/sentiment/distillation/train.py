"""The recipe ``best`` from beginning to end.

1. Teachers answer for all reviews: a linear model and paragraph vectors, each without having seen the movies it speaks
   of, and a regression that weighs the two.
2. Assistants, LSTMs, learn from the labels, and from these answers on the unlabelled reviews. They alone can say what
   a single sentence is worth. Further generations learn from the teachers and those before them, sentences too.
3. All of them together teach the network that is kept, on reviews, sentences and phrases.

Teaching a small network what an ensemble says: Bucilă, Caruana and Niculescu-Mizil, *Model Compression*, KDD 2006;
Hinton, Vinyals and Dean, *Distilling the Knowledge in a Neural Network*, 2015; with assistants in between: Mirzadeh et
al., *Improved Knowledge Distillation via Teacher Assistant*, AAAI 2020.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from string import ascii_lowercase
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from training.corpora.imdb import Reviews
from training.sentiment.distillation import corpus as corpora
from training.sentiment.distillation import lstm_answers, stage, student, teachers, word_vectors
from training.sentiment.distillation.answers import Answers, Logits
from training.sentiment.distillation.card import card
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.recipe import Recipe
from training.sentiment.distillation.texts import Texts
from training.sentiment.evaluation.calibration import fit_temperature
from training.sentiment.evaluation.figures import measure
from training.sentiment.lecture import SPLIT_SEED
from training.sentiment.trained import HeldOut, Trained

WORKERS: Final = os.cpu_count() or 1


@dataclass(frozen=True)
class Taught:
    """What comes out.

    Attributes:
        network: The student.
        history: Its figures after each epoch.
        teachers: The accuracy on the held-out reviews of each that taught it.
        held_out: Its logits on the held-out reviews, shape (n,).
    """

    network: Network
    history: list[dict[str, float]]
    teachers: dict[str, float]
    held_out: Logits


def train(recipe: Recipe, reviews: Reviews, unlabelled: Reviews, *, seed: int, checkpoint: Path) -> Trained:
    """Train the recipe.

    Args:
        recipe: What to train.
        reviews: The train split, or a sample of it.
        unlabelled: The unsup split, or a sample of it.
        seed: Of everything random.
        checkpoint: Folder for the state of the training; it is gone on from if it exists.

    Raises:
        training.interruption.Interrupted: A signal came while an LSTM was learning; its state is saved.
    """
    corpus = corpora.read(
        reviews,
        unlabelled,
        vocabulary_size=recipe.vocabulary_size,
        validation=recipe.validation,
        split_seed=SPLIT_SEED,
    )
    taught = teach(recipe, corpus, seed=seed, checkpoint=checkpoint)
    held_out = HeldOut(corpus.held_out.labels, taught.held_out)
    return Trained(
        recipe=recipe,
        seed=seed,
        tokenizer=corpus.tokenizer,
        model=taught.network.serving_model(recipe.maxlen, fit_temperature(held_out.logits, held_out.labels)),
        history=taught.history,
        best_epoch=len(taught.history),
        data={
            "training": len(corpus.reviews),
            "validation": len(corpus.held_out),
            "unlabelled": {"reviews": len(unlabelled), "sha256": unlabelled.sha256},
        },
        card=card(taught.teachers),
        held_out=held_out,
        figures={"teachers": taught.teachers},
    )


def teach(recipe: Recipe, corpus: Corpus, *, seed: int, checkpoint: Path) -> Taught:
    """Go through all stages. What each gives is kept in the checkpoint, and found there by the next attempt.

    Args:
        recipe: What to do.
        corpus: The reviews.
        seed: Of everything random.
        checkpoint: Folder; made if need be.

    Raises:
        training.interruption.Interrupted: A signal came while an LSTM was learning; its state is saved.
    """
    read = Texts.of(corpus)
    vectors = stage.kept(checkpoint / "word-vectors.npz", partial(_word_vectors, recipe, corpus, seed))["vectors"]
    known = teachers.answer(recipe, corpus, seed=seed, workers=WORKERS, checkpoint=checkpoint)
    accuracies = {name: _accuracy(corpus, answers.held_out) for name, answers in known.items()}
    said: list[Said] = []
    weighed = known["both"]

    def learn(how: student.Recipe, place: Path) -> tuple[Network, list[dict[str, float]]]:
        material = read.material(_targets(recipe, corpus, weighed), said[-1].sentences if said else None)
        learner = student.Student(replace(how, seed=how.seed + seed), vectors, material)
        history = learner.teach(place, partial(_measured, recipe, corpus))
        return learner.network, history

    for number, generation in enumerate(recipe.assistants, start=1):
        answers = []
        for letter, assistant in zip(ascii_lowercase, generation, strict=False):
            place = checkpoint / f"assistant-{number}{letter}"
            network, _ = learn(assistant, place)
            ask = partial(_answers, recipe, corpus, read, network)
            answers.append(Said(**stage.kept(place.with_suffix(".npz"), ask)))
        said.append(Said.mean(answers))
        weighed = _weigh(corpus, known["both"], said)
        accuracies[f"assistants of generation {number}"] = _accuracy(corpus, said[-1].held_out)
        accuracies[f"all up to generation {number}"] = _accuracy(corpus, weighed.held_out)
    network, history = learn(recipe.student, checkpoint / "student")
    held_out = lstm_answers.answer(network, [one.ids for one in corpus.documents["held_out"]], recipe.maxlen)
    return Taught(network, history, accuracies, held_out)


@dataclass(frozen=True)
class Said:
    """What assistants say, in logits.

    Attributes:
        held_out: Of the held-out reviews.
        unlabelled: Of the unlabelled reviews.
        sentences: Of the sentences of :class:`training.sentiment.distillation.texts.Texts`.
    """

    held_out: Logits
    unlabelled: Logits
    sentences: Logits

    @classmethod
    def mean(cls, parts: Sequence["Said"]) -> "Said":
        """Return the mean of what several say."""
        return cls(*(np.mean([getattr(part, name) for part in parts], axis=0) for name in cls.__annotations__))


def _word_vectors(recipe: Recipe, corpus: Corpus, seed: int) -> stage.Arrays:
    read = [*corpus.documents["reviews"], *corpus.documents["unlabelled"]]
    size = corpus.tokenizer.vocabulary_size
    return {"vectors": word_vectors.learn(recipe.word_vectors, read, size, seed=seed, workers=WORKERS)}


def _targets(recipe: Recipe, corpus: Corpus, weighed: Answers) -> NDArray[np.float64]:
    softened = recipe.label * corpus.reviews.labels + (1 - recipe.label) * expit(weighed.reviews)
    return np.concatenate([softened, expit(weighed.unlabelled)])


def _answers(recipe: Recipe, corpus: Corpus, read: Texts, network: Network) -> stage.Arrays:
    sys.stderr.write("What an assistant says of the reviews and their sentences.\n")
    sides = {name: [one.ids for one in corpus.documents[name]] for name in ("held_out", "unlabelled")}
    places = zip(read.sentences.starts, read.sentences.lengths, strict=True)
    sides["sentences"] = [read.ids[start : start + length] for start, length in places]
    return {name: lstm_answers.answer(network, texts, recipe.maxlen) for name, texts in sides.items()}


def _weigh(corpus: Corpus, both: Answers, said: Sequence[Said]) -> Answers:
    """Weigh the teachers and each generation of assistants by a regression on the held-out reviews.

    Of the labelled reviews the teachers alone speak: the assistants know their labels.
    """
    columns = {
        name: np.stack([getattr(one, name) for one in (both, *said)], axis=1) for name in ("held_out", "unlabelled")
    }
    weigher = LogisticRegression().fit(columns["held_out"], corpus.held_out.labels)
    return Answers(both.reviews, **{name: weigher.decision_function(column) for name, column in columns.items()})


def _measured(recipe: Recipe, corpus: Corpus, network: Network) -> dict[str, float]:
    given = lstm_answers.answer(network, [one.ids for one in corpus.documents["held_out"]], recipe.maxlen)
    figures = measure(corpus.held_out.labels, expit(given))
    return {"val_loss": figures.log_loss, "val_accuracy": figures.accuracy}


def _accuracy(corpus: Corpus, held_out: Logits) -> float:
    return round(float(((held_out >= 0) == corpus.held_out.labels).mean()), 4)
