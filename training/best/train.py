"""The recipe ``best`` from beginning to end.

1. Teachers answer for all reviews: a linear model and paragraph vectors, each fitted without the movies it speaks of,
   and a regression that weighs the two.
2. Assistants, LSTMs, learn from the labels, and from these answers on the unlabelled reviews.
3. All of them together teach one small student, on reviews, single sentences and phrases.

Teaching a small network what a larger ensemble says: Bucilă, Caruana and Niculescu-Mizil, *Model Compression*, KDD 2006;
Hinton, Vinyals and Dean, *Distilling the Knowledge in a Neural Network*, 2015; with assistants in between: Mirzadeh et
al., *Improved Knowledge Distillation via Teacher Assistant*, AAAI 2020.
"""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from app.sentiment.engines import VOCABULARY_KEY, OnnxEngine
from app.sentiment.padding import truncate
from training.best import corpus as corpora
from training.best import linear_teacher, paragraph_teacher, phrases, word_vectors
from training.best.answers import Answers, Logits, folds, logits
from training.best.corpus import START_ID, Corpus, Document, Ids
from training.best.material import LONGEST_SENTENCE, Material, Pieces, Targets
from training.best.network import Network
from training.best.recipe import Recipe
from training.best.student import Student
from training.figures import measure
from training.imdb import Reviews
from training.onnx_export import export
from training.sentiment import SPLIT_SEED

THREADS: Final = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def read(recipe: Recipe, train: Reviews, unlabelled: Reviews) -> Corpus:
    return corpora.read(
        train,
        unlabelled,
        vocabulary_size=recipe.vocabulary_size,
        validation=recipe.validation,
        split_seed=SPLIT_SEED,
    )


def teach(recipe: Recipe, corpus: Corpus, *, seed: int, checkpoint: Path) -> Network:
    """Go through all stages; each is kept in the checkpoint and not done again."""
    checkpoint.mkdir(parents=True, exist_ok=True)
    vectors = _vectors(recipe, corpus, seed, checkpoint)
    first = _first_teachers(recipe, corpus, seed, checkpoint)
    documents = corpus.documents
    labels = _softened(corpus.reviews, first.reviews, recipe.label)
    read = [*documents["reviews"], *documents["unlabelled"]]
    targets = np.concatenate([labels, expit(first.unlabelled)])
    material = _material(corpus, read, targets, None)
    assistants: list[Network] = []
    for number, assistant in enumerate(recipe.assistants):
        taught = Student(assistant, vectors, material)
        taught.teach(checkpoint / f"assistant-{number + 1}", lambda network: _measured(network, recipe.maxlen, corpus))
        assistants.append(taught.network)
    answers = _kept(checkpoint / "assistants.npz", lambda: _assistants_answers(recipe, assistants, corpus, read))
    ...
