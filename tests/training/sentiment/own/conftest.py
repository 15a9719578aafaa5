"""Small texts of two kinds, and a tiny network that knows their words."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.artifacts.manifest import Manifest, write_manifest
from training.corpora.own import Row
from training.sentiment import model_folder
from training.sentiment.distillation.recipe import Noise, WordVectorsRecipe
from training.sentiment.own import fresh, train
from training.sentiment.own.base import Base
from training.sentiment.own.recipe import ADAPT, BEST, LECTURE
from training.sentiment.trained import Trained

_NOISE = Noise(words=0.0, embedding=0.0, output=0.0)
TINY_ADAPT = replace(ADAPT, maxlen=33, rates=(0.05,), epochs=8, folds=2, noise=_NOISE, rows=8)
TINY_BEST = replace(
    BEST,
    maxlen=33,
    rates=(0.02,),
    epochs=2,
    steps=0,
    noise=_NOISE,
    rows=8,
    units=6,
    window=8,
    word_vectors=WordVectorsRecipe(vector_size=8, epochs=2),
)
TINY_LECTURE = replace(
    LECTURE, maxlen=12, vocabulary_size=60, embedding_dim=4, units=4, steps=20, epochs=2, learning_rate=0.1
)
GOOD = ("lovely", "fine", "great", "perfect")
BAD = ("awful", "broken", "poor", "rude")
THINGS = ("kettle", "room", "soup", "app", "train")


def row(number: int) -> Row:
    """The text of a number: it is good or bad, every fifth is about a thing that others are about, too."""
    good = number % 2 == 0
    word = (GOOD if good else BAD)[number // 2 % 4]
    text = f"The {THINGS[number % 5]} number {number} was {word}"
    return Row(f"mine.csv:{number + 1}", text, "positive" if good else "negative", f"customer {number // 4}")


ROWS = [row(number) for number in range(60)]


@pytest.fixture(scope="session")
def base() -> Base:
    return fresh.untrained(TINY_BEST, [row.text for row in ROWS], ("negative", "neutral", "positive"), seed=1)


@pytest.fixture(scope="session")
def base_folder(base: Base, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder of that network; not to be changed."""
    folder = tmp_path_factory.mktemp("base") / "sentiment-best"
    folder.mkdir()
    trained = Trained(
        recipe=TINY_BEST,
        seed=1,
        tokenizer=base.tokenizer,
        model=train.serving_model(base.weights, base, base.labels, 1.0),
        history=[],
        best_epoch=1,
        data={},
        labels=base.labels,
    )
    model_folder.write_models(trained, folder)
    write_manifest(
        folder,
        Manifest(
            name="sentiment-best",
            version="1.0.0",
            kind="sentiment",
            recipe={"name": "best"},
            data={"name": "nothing"},
            serving=model_folder.serving(trained),
            figures={},
        ),
    )
    return folder
