"""The second teacher: a vector for each review that predicts its n-grams, and a logistic regression on these vectors.

Le and Mikolov, *Distributed Representations of Sentences and Documents*, ICML 2014 (PV-DBOW), on n-grams instead of
words: Li, Liu, Du, Zhang and Zhao, *Learning Document Embeddings by Predicting N-grams for Sentiment Classification of
Long Movie Reviews*, ICLR workshop 2016. The vectors are learnt from all texts and no label; it errs on other reviews
than the linear model does.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from gensim.models import Doc2Vec
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.sentiment.distillation.corpus import UNKNOWN_ID, Corpus, Document
from training.sentiment.distillation.out_of_fold import Logits, TeacherLogits, out_of_fold
from training.sentiment.distillation.recipe import ParagraphVectorsRecipe
from training.vectors.epochs import ShownEpochs

LONGEST: Final = 3
"""Words of the longest n-gram."""
MOST: Final = 3_000
"""Of a longer review, the first words are read: gensim reads no more than 10,000 n-grams of a text."""
_NOTHING: Final = "-"
"""Stands for a text without n-grams: gensim skips an empty line, and gives each text after it the next one's vector."""


def n_grams(document: Document) -> Iterator[str]:
    """Yield the n-grams of a document, as ids joined by ``_``; unknown words are left out."""
    ids = [format(index, "x") for index in document.ids[:MOST].tolist() if index != UNKNOWN_ID]
    for length in range(1, LONGEST + 1):
        yield from map("_".join, zip(*(ids[start:] for start in range(length)), strict=False))


def vectors(
    recipe: ParagraphVectorsRecipe, documents: Sequence[Document], *, seed: int, workers: int
) -> NDArray[np.float32]:
    """Learn a vector for each document, of length 1; shape (n, ``vector_size``).

    The documents are read in random order. A document's vector depends on what the n-grams' vectors are just then, and
    they drift; documents read one after the other come out alike. Reviews that are sorted by label would have their
    labels in their vectors, and the held-out ones too.
    """
    order = np.random.default_rng(seed).permutation(len(documents))
    settings: dict[str, Any] = {"min_count": recipe.min_count, "negative": recipe.negative, "epochs": recipe.epochs}
    settings |= {"alpha": recipe.alpha, "min_alpha": recipe.alpha / 100, "workers": workers, "seed": seed}
    with TemporaryDirectory() as folder:
        path = Path(folder, "n-grams.txt")
        with path.open("w", encoding="ascii") as file:
            file.writelines((" ".join(n_grams(documents[index])) or _NOTHING) + "\n" for index in order)
        model = Doc2Vec(
            corpus_file=str(path),
            dm=0,
            vector_size=recipe.vector_size,
            sample=0,
            callbacks=[ShownEpochs("paragraph vectors", recipe.epochs)],
            **settings,
        )
    found: NDArray[np.float32] = np.empty_like(model.dv.vectors)
    found[order] = model.dv.vectors
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return found


def predict(
    recipe: ParagraphVectorsRecipe, corpus: Corpus, fold_of: NDArray[np.intp], *, seed: int, workers: int
) -> TeacherLogits:
    """Learn the vectors, fit a regression on them without each fold in turn, and predict the fold.

    Args:
        recipe: What to learn.
        corpus: The reviews.
        fold_of: The fold of each labelled review, shape (n,).
        seed: Of the first vectors and all draws. With several threads two runs still differ a little.
        workers: Threads.
    """
    sides = corpus.documents
    found = vectors(recipe, [*sides["reviews"], *sides["held_out"], *sides["unlabelled"]], seed=seed, workers=workers)
    first, second, third = np.split(found, np.cumsum([len(sides["reviews"]), len(sides["held_out"])]))
    labels = corpus.reviews.labels

    def one(fitted: NDArray[np.intp], left_out: NDArray[np.intp]) -> tuple[Logits, Logits, Logits]:
        model = LogisticRegression(C=recipe.weight, max_iter=1000).fit(first[fitted], labels[fitted])
        decide = model.decision_function
        return decide(first[left_out]), decide(second), decide(third)

    return out_of_fold(fold_of, one)
