"""The first teacher: the linear model of :mod:`training.sentiment.evaluation.bag_of_words`, fitted once a fold."""

import sys

import numpy as np
from numpy.typing import NDArray

from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.out_of_fold import Logits, TeacherLogits, logits, out_of_fold
from training.sentiment.evaluation.bag_of_words import BagOfWords


def predict(corpus: Corpus, fold_of: NDArray[np.intp]) -> TeacherLogits:
    """Fit the model without each fold in turn, and predict the fold.

    Args:
        corpus: The reviews.
        fold_of: The fold of each labelled review, shape (n,).
    """
    texts, labels = corpus.reviews.texts, corpus.reviews.labels

    def one(fitted: NDArray[np.intp], left_out: NDArray[np.intp]) -> tuple[Logits, Logits, Logits]:
        sys.stderr.write(f"Linear teacher on {len(fitted):,} reviews.\n")
        model = BagOfWords.fit([texts[index] for index in fitted], labels[fitted])
        sides = ([texts[index] for index in left_out], corpus.held_out.texts, corpus.unlabelled.texts)
        first, second, third = (logits(model.predict(side)) for side in sides)
        return first, second, third

    return out_of_fold(fold_of, one)
