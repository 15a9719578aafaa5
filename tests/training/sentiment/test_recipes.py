from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.training import dataset
from tests.training.conftest import TINY, TINY_BEST
from training.corpora.imdb import Reviews
from training.sentiment import lecture as sentiment
from training.sentiment import recipes
from training.sentiment.distillation import train as best
from training.sentiment.distillation.recipe import BEST
from training.sentiment.lecture import LECTURE
from training.sentiment.recipes import checkpoint_folder

TRAIN, UNLABELLED = Reviews(dataset.rows("train")), Reviews(dataset.rows("unsup"))


def test_each_recipe_has_its_name() -> None:
    assert recipes.RECIPES == {"lecture": LECTURE, "best": BEST}


def test_only_the_recipe_best_reads_reviews_without_labels() -> None:
    assert not recipes.reads_unlabelled(LECTURE)
    assert recipes.reads_unlabelled(BEST)


@pytest.mark.parametrize(
    "other",
    [
        lambda parent: checkpoint_folder(parent, replace(TINY_BEST, folds=3), TRAIN, UNLABELLED, 1),
        lambda parent: checkpoint_folder(
            parent, replace(TINY_BEST, student=replace(TINY_BEST.student, units=5)), TRAIN, UNLABELLED, 1
        ),
        lambda parent: checkpoint_folder(parent, TINY_BEST, TRAIN.take(np.arange(20)), UNLABELLED, 1),
        lambda parent: checkpoint_folder(parent, TINY_BEST, TRAIN, UNLABELLED.take(np.arange(4)), 1),
        lambda parent: checkpoint_folder(parent, TINY_BEST, TRAIN, None, 1),
        lambda parent: checkpoint_folder(parent, TINY_BEST, TRAIN, UNLABELLED, 2),
        lambda parent: checkpoint_folder(parent, TINY, TRAIN, UNLABELLED, 1),
    ],
    ids=["recipe", "part of the recipe", "reviews", "unlabelled reviews", "no unlabelled reviews", "seed", "another"],
)
def test_a_checkpoint_is_of_one_training_only(other: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = checkpoint_folder(tmp_path, TINY_BEST, TRAIN, UNLABELLED, 1)
    assert folder.parent == tmp_path
    assert "tiny-best" in folder.name
    same = checkpoint_folder(tmp_path, TINY_BEST, Reviews(list(TRAIN.rows)), Reviews(list(UNLABELLED.rows)), 1)
    assert folder == same
    assert folder != other(tmp_path)


def test_a_recipe_is_trained_by_its_own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    for module in (sentiment, best):
        monkeypatch.setattr(module, "train", lambda *given, **settings: asked.append((given, settings)))
    settings = {"seed": 3, "checkpoint": tmp_path}
    recipes.train(TINY, TRAIN, None, seed=3, checkpoint=tmp_path)
    recipes.train(TINY_BEST, TRAIN, UNLABELLED, seed=3, checkpoint=tmp_path)
    assert asked == [((TINY, TRAIN), settings), ((TINY_BEST, TRAIN, UNLABELLED), settings)]
