from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.sentiment.distillation import tiny
from training.checkpoint import Checkpoint
from training.sentiment.distillation import linear_teacher, paragraph_teacher, teachers
from training.sentiment.distillation.corpus import Corpus
from training.sentiment.distillation.out_of_fold import NAMES, TeacherLogits, folds


@pytest.fixture
def asked(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who was asked: a linear teacher that mostly knows, and a second one that guesses."""
    random = np.random.default_rng(1)
    by: list[str] = []

    def answers(name: str, knowing: float, fold_of: NDArray[np.intp]) -> TeacherLogits:
        by.append(name)
        assert fold_of.tolist() == folds(corpus.reviews, tiny.RECIPE.folds, 5).tolist()
        labels = [getattr(corpus, side).labels.astype(float) for side in NAMES]
        return TeacherLogits(*(knowing * (2 * label - 1) + random.normal(0, 1, len(label)) for label in labels))

    monkeypatch.setattr(linear_teacher, "predict", lambda _corpus, fold_of: answers("linear", 2.0, fold_of))
    monkeypatch.setattr(
        paragraph_teacher, "predict", lambda _recipe, _corpus, fold_of, **_: answers("paragraphs", 0.0, fold_of)
    )
    return by


def test_they_are_weighed_by_how_much_they_know(corpus: Corpus, asked: list[str], tmp_path: Path) -> None:
    found = teachers.predict(tiny.RECIPE, corpus, seed=5, workers=1, checkpoint=Checkpoint(tmp_path, {}))
    assert asked == ["linear", "paragraphs"]
    assert list(found) == ["linear model", "paragraph vectors", "both"]
    for name in NAMES:
        both, linear, paragraphs = (
            getattr(found[teacher], name) for teacher in ("both", "linear model", "paragraph vectors")
        )
        columns = np.stack([linear, paragraphs, np.ones(len(linear))], axis=1)
        weights, *_ = np.linalg.lstsq(columns, both, rcond=None)
        np.testing.assert_allclose(columns @ weights, both, atol=1e-9)
        assert weights[0] > 5 * abs(weights[1])


def test_nobody_is_asked_twice(corpus: Corpus, asked: list[str], tmp_path: Path) -> None:
    first, again = (
        teachers.predict(tiny.RECIPE, corpus, seed=5, workers=1, checkpoint=Checkpoint(tmp_path / "folder", {}))
        for _ in range(2)
    )
    assert asked == ["linear", "paragraphs"]
    for teacher, answers in first.items():
        for name in NAMES:
            np.testing.assert_array_equal(getattr(answers, name), getattr(again[teacher], name))
