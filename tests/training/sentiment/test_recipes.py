from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.training import dataset
from tests.training.conftest import TINY, TINY_BEST
from training.corpora.imdb import Reviews
from training.sentiment import lecture, recipes, train
from training.sentiment.distillation import train as distillation
from training.sentiment.distillation.recipe import BEST
from training.sentiment.recipes import LECTURE

TRAIN, UNLABELLED = Reviews(dataset.rows("train")), Reviews(dataset.rows("unsup"))


def test_each_recipe_has_its_name() -> None:
    assert recipes.RECIPES == {"lecture": LECTURE, "best": BEST}


@pytest.mark.parametrize("recipe", [LECTURE, BEST])
def test_each_recipe_says_what_every_one_says(recipe: Any) -> None:
    assert {"name", "maxlen", "padding", "truncating", "seed"} <= {field.name for field in fields(recipe)}


def test_a_recipe_is_trained_by_its_own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    for module in (lecture, distillation):
        monkeypatch.setattr(module, "train", lambda *given, **settings: asked.append((given, settings)))
    settings = {"seed": 3, "checkpoint": tmp_path}
    train.train(TINY, TRAIN, None, seed=3, checkpoint=tmp_path)
    train.train(TINY_BEST, TRAIN, UNLABELLED, seed=3, checkpoint=tmp_path)
    assert asked == [((TINY, TRAIN), settings), ((TINY_BEST, TRAIN, UNLABELLED), settings)]
