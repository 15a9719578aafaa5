"""Toy reviews and a tiny model of them, and tiny forecasts of the lecture's cities, trained in seconds."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from training.corpora.imdb import Review, Reviews
from training.forecasts import data, folder, network
from training.forecasts.recipes import AIR_POLLUTION, FLU_CASES
from training.sentiment import lecture, model_folder
from training.sentiment.recipes import LECTURE, LectureRecipe
from training.sentiment.trained import Trained
from training.vectors import folder as vector_folder

GOOD = ["wonderful", "lovely", "great", "brilliant", "moving", "superb"]
BAD = ["awful", "boring", "terrible", "dull", "bad", "poor"]
THINGS = ["film", "story", "cast", "music", "ending", "plot"]

WORDS: dict[str, list[float]] = {
    "the": [0.1, 0.1, 0.1, -2],
    "man": [1, 0, 0, 0.1],
    "woman": [1, 1, 0, 0.2],
    "king": [1, 0, 1, 0.3],
    "queen": [1, 1, 1, 0.1],
    "prince": [0.9, 0.1, 1.2, -0.4],
    "girl": [0.8, 1.3, -0.3, 0.4],
    "and/or": [-1, 0.2, 0.1, -1],
    "New-York": [-0.5, -1, 1, 1],
    "😀": [0.4, 0.9, -1, 0.5],
    "nothing": [0, 0, 0, 0],
}
"""A space in which queen − king + man is near woman."""

RECIPE = replace(
    LECTURE,
    name="tiny",
    vocabulary_size=24,
    maxlen=12,
    embedding_dim=4,
    units=5,
    batch_size=8,
    epochs=6,
    learning_rate=0.05,
    validation=0.2,
)


def reviews(text: str = "What a {adjective} {thing}, I don't regret it.<br />Really {adjective}!") -> Reviews:
    rows = [
        Review(
            f"{kind}/{number}_{8 if label else 2}",
            f"tt{number % 9}",
            text.format(adjective=word, thing=thing),
            label,
        )
        for kind, label, words in (("neg", 0, BAD), ("pos", 1, GOOD))
        for number, (word, thing) in enumerate(product(words, THINGS))
    ]
    return Reviews(rows)


def train(checkpoint: Path, recipe: LectureRecipe = RECIPE) -> Trained:
    return lecture.train(recipe, reviews(), seed=recipe.seed, checkpoint=checkpoint)


def write_model(folder: Path, checkpoint: Path, recipe: LectureRecipe = RECIPE) -> Trained:
    trained = train(checkpoint, recipe)
    model_folder.write(trained, reviews(), reviews("A {adjective} {thing}."), folder)
    return trained


def write_space(folder: Path, name: str = "toy") -> None:
    vectors = vector_folder.Vectors(
        name=name,
        title="Words for tests.",
        source="the tests",
        licence="none",
        words=list(WORDS),
        matrix=np.array(list(WORDS.values()), dtype=np.float32),
        examples=["king", "nobody"],
    )
    vector_folder.write(vectors, folder)


FORECASTS = [
    replace(AIR_POLLUTION, name="tiny", epochs=2, repeats=10),
    replace(FLU_CASES, name="tiny-each-day", epochs=2, repeats=10),
]


def write_forecasts(models: Path) -> None:
    for recipe in FORECASTS:
        splits = data.splits_of(recipe)
        trained = network.train(recipe, splits, checkpoint=models.parent / "checkpoints" / recipe.name)
        folder.write(trained, splits, models / f"forecast-{recipe.name}")
