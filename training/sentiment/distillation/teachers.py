"""The predictions of the teachers, and of both together by stacking."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from training.checkpoint import Checkpoint
from training.sentiment.distillation import linear_teacher, paragraph_teacher
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.out_of_fold import NAMES, Logits, TeacherLogits, folds
from training.sentiment.distillation.recipe import DistillationRecipe


def predict(
    recipe: DistillationRecipe, corpus: Corpus, *, seed: int, workers: int, checkpoint: Checkpoint
) -> dict[str, TeacherLogits]:
    """Fit each teacher, and stack them: a logistic regression on their logits of the labelled reviews combines the two.

    Args:
        recipe: How the teachers learn.
        corpus: The reviews.
        seed: Of the folds and the paragraph vectors.
        workers: Threads.
        checkpoint: Where the logits of each are kept, and found if they are there.

    Returns:
        The logits of the ``linear model``, of the one on ``paragraph vectors``, and of ``both``, stacked.
    """
    fold_of = folds(corpus.reviews, recipe.folds, seed)
    linear = TeacherLogits.kept(checkpoint, "linear", lambda: linear_teacher.predict(corpus, fold_of))
    paragraphs = TeacherLogits.kept(
        checkpoint,
        "paragraphs",
        lambda: paragraph_teacher.predict(recipe.paragraph_vectors, corpus, fold_of, seed=seed, workers=workers),
    )
    return {"linear model": linear, "paragraph vectors": paragraphs, "both": _stacked(corpus, linear, paragraphs)}


def _stacked(corpus: Corpus, *teachers: TeacherLogits) -> TeacherLogits:
    columns = {name: np.stack([getattr(teacher, name) for teacher in teachers], axis=1) for name in NAMES}
    regression = LogisticRegression().fit(columns["reviews"], corpus.reviews.labels)
    stacked: list[Logits] = [regression.decision_function(columns[name]) for name in NAMES]
    return TeacherLogits(*stacked)
