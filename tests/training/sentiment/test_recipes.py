from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.training import dataset
from tests.training.conftest import TINY
from tests.training.sentiment.general import tiny
from tests.training.sentiment.general.tiny import TINY_BEST
from training.checkpoint import Checkpoint
from training.corpora.imdb import Reviews
from training.sentiment import calibrated, lecture, recipes, train
from training.sentiment.data import TrainingData
from training.sentiment.general import train as general
from training.sentiment.general.recipe import BEST
from training.sentiment.recipes import LECTURE

TRAIN, UNLABELLED = Reviews(dataset.rows("train")), Reviews(dataset.rows("unsup"))


def test_each_recipe_has_its_name() -> None:
    assert recipes.RECIPES == {"lecture": LECTURE, "best": BEST}


@pytest.mark.parametrize("recipe", [LECTURE, BEST])
def test_each_recipe_says_what_every_one_says(recipe: Any) -> None:
    assert {"name", "maxlen", "padding", "truncating", "seed"} <= {field.name for field in fields(recipe)}


def test_a_recipe_is_trained_by_its_own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def asking(name: str) -> Any:
        def ask(*given: Any, **settings: Any) -> str:
            asked.append((name, given, settings))
            return f"of {name}"

        return ask

    for module, name in ((lecture, "train"), (general, "make"), (calibrated, "trained")):
        monkeypatch.setattr(module, name, asking(name))
    checkpoint, further = Checkpoint(tmp_path, {}), tiny.further()
    data = TrainingData(TRAIN, UNLABELLED, further)
    train.train(TINY, TrainingData(TRAIN), seed=3, checkpoint=checkpoint)
    train.train(TINY_BEST, data, seed=3, checkpoint=checkpoint)
    assert asked == [
        ("train", (TINY, TRAIN), {"seed": 3, "checkpoint": tmp_path}),
        ("make", (TINY_BEST, TRAIN, UNLABELLED, further), {"seed": 3, "checkpoint": checkpoint}),
        ("trained", (TINY_BEST, "of make", data), {"seed": 3}),
    ]
