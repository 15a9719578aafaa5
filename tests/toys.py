"""Toy reviews and tiny models of them, and tiny forecasts of the lecture's cities, trained in seconds."""

from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

import keras
import numpy as np

from app.artifacts.manifest import Manifest, write_manifest
from app.sentiment.classifier import KIND
from app.sentiment.labels import BINARY, NEGATIVE, NEUTRAL, POSITIVE, Labels
from app.sentiment.tokenizer import Tokenizer
from training.corpora.imdb import Review, Reviews
from training.forecasts import data, folder, network
from training.forecasts.recipes import AIR_POLLUTION, FLU_CASES
from training.sentiment import lecture, model_folder
from training.sentiment.distillation.network import Network
from training.sentiment.encoding import encode
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


THREE_LABELS = {
    "negative": BAD,
    "neutral": ["average", "ordinary", "passable", "plain", "usual", "middling"],
    "positive": GOOD,
}
FIVE_LABELS = {
    "anger": ["angry", "furious", "outraged"],
    "fear": ["afraid", "scared", "terrified"],
    "joy": ["glad", "happy", "merry"],
    "sadness": ["sad", "gloomy", "tearful"],
    "surprise": ["amazed", "astonished", "startled"],
}
"""Words that tell the label of a toy text."""


def write_labelled_model(folder: Path, words: dict[str, list[str]], recipe: LectureRecipe = RECIPE) -> Trained:
    """Train a softmax on toy texts of several labels, and write what serving needs of it."""
    labels = tuple(words)
    texts = [(f"What a {word} {thing}.", label) for label in labels for word, thing in product(words[label], THINGS)]
    recipe = replace(recipe, name=folder.name.removeprefix(f"{KIND}-"), vocabulary_size=64)
    keras.utils.set_random_seed(recipe.seed)
    tokenizer = Tokenizer.fit([text for text, _ in texts], recipe.vocabulary_size)
    model = keras.Sequential(
        [
            keras.Input((recipe.maxlen,), dtype="int32"),
            keras.layers.Embedding(tokenizer.vocabulary_size, recipe.embedding_dim),
            keras.layers.LSTM(recipe.units),
            keras.layers.Dense(len(labels), activation="softmax"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Adam(recipe.learning_rate))
    targets = np.array([labels.index(label) for _, label in texts])
    model.fit(encode(tokenizer, recipe, [text for text, _ in texts]), targets, batch_size=16, epochs=20, verbose=0)
    trained = Trained(
        recipe, recipe.seed, tokenizer, model, [], 20, {"training": len(texts)}, labels=labels, language=None
    )
    return _write(folder, trained)


WINDOW = 5
"""Tokens of a window, without the one in front."""


def write_window_model(
    folder: Path,
    labels: Labels = (NEGATIVE, NEUTRAL, POSITIVE),
    *,
    units: int = 4,
    recurrent: float = 1.0,
    length_power: float = 0.2,
) -> Trained:
    """Write what serving needs of a model that reads texts in windows; its weights are random.

    Args:
        folder: Where to write; its name is the model's.
        labels: Two are a sigmoid.
        units: Of the LSTM of each direction.
        recurrent: What the recurrent weights are multiplied by.
        length_power: By which power of the number of tokens the logits are divided.
    """
    recipe = replace(RECIPE, name=folder.name.removeprefix(f"{KIND}-"), vocabulary_size=64, maxlen=24)
    tokenizer = Tokenizer.fit([*reviews().texts, *THREE_LABELS["neutral"]], recipe.vocabulary_size)
    random = np.random.default_rng(3)
    vectors = random.normal(0, 1, (tokenizer.vocabulary_size, 6)).astype(np.float32)
    network = Network(vectors, units, outputs=1 if labels == BINARY else len(labels), window=WINDOW)
    for layer, scale in zip(network.layers[1:], (0.5, 2.0), strict=True):
        layer.set_weights([random.normal(0, scale, weight.shape) for weight in layer.get_weights()])
    weights = network.lstm.get_weights()
    network.lstm.set_weights([weight * recurrent if at % 3 == 1 else weight for at, weight in enumerate(weights)])
    model = network.serving_model(recipe.maxlen, 0.9, length_power)
    return _write(folder, Trained(recipe, recipe.seed, tokenizer, model, [], 1, {}, labels=labels))


def _write(folder: Path, trained: Trained) -> Trained:
    folder.mkdir(parents=True)
    model_folder.write_models(trained, folder)
    manifest = Manifest(
        name=folder.name,
        version="1.0.0",
        kind=KIND,
        recipe=asdict(trained.recipe),
        data={"name": "toy texts"},
        serving=model_folder.serving(trained),
        figures={},
    )
    write_manifest(folder, manifest)
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
