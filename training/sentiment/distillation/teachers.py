"""What the teachers together say of the reviews."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from training.checkpoint import Checkpoint
from training.sentiment.distillation import linear_teacher, paragraph_teacher
from training.sentiment.distillation.answers import NAMES, Answers, Logits, folds
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.recipe import DistillationRecipe


def answer(
    recipe: DistillationRecipe, corpus: Corpus, *, seed: int, workers: int, checkpoint: Checkpoint
) -> dict[str, Answers]:
    """Ask each teacher, and weigh what they say by a logistic regression on their answers for the labelled reviews.

    Args:
        recipe: How the teachers learn.
        corpus: The reviews.
        seed: Of the folds and the paragraph vectors.
        workers: Threads.
        checkpoint: Where each one's answers are kept, and found if they are there.

    Returns:
        The answers of the ``linear model`` and on ``paragraph vectors``, and of ``both``, weighed.
    """
    fold_of = folds(corpus.reviews, recipe.folds, seed)
    linear = Answers.kept(checkpoint, "linear", lambda: linear_teacher.answer(corpus, fold_of))
    paragraphs = Answers.kept(
        checkpoint,
        "paragraphs",
        lambda: paragraph_teacher.answer(recipe.paragraph_vectors, corpus, fold_of, seed=seed, workers=workers),
    )
    return {"linear model": linear, "paragraph vectors": paragraphs, "both": _weighed(corpus, linear, paragraphs)}


def _weighed(corpus: Corpus, *teachers: Answers) -> Answers:
    columns = {name: np.stack([getattr(teacher, name) for teacher in teachers], axis=1) for name in NAMES}
    weigher = LogisticRegression().fit(columns["reviews"], corpus.reviews.labels)
    weighed: list[Logits] = [weigher.decision_function(columns[name]) for name in NAMES]
    return Answers(*weighed)
