"""Reviews of a few obvious words, and a recipe that learns from them in seconds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from training.corpora.imdb import Review, Reviews
from training.sentiment.distillation import corpus
from training.sentiment.distillation.corpus import Corpus, Document
from training.sentiment.distillation.network import Network
from training.sentiment.distillation.recipe import (
    FILMS,
    DistillationRecipe,
    Noise,
    ParagraphVectorsRecipe,
    StudentRecipe,
    WordVectorsRecipe,
)

GOOD: Final = ("wonderful", "lovely", "superb", "brilliant", "moving")
BAD: Final = ("awful", "boring", "terrible", "dull", "clumsy")
THINGS: Final = ("film", "story", "cast", "music", "ending", "plot")
SENTENCES: Final = ("The {thing} is {word}.", "What a {word} {thing}!", "I didn't expect a {thing} so {word}...")
ASIDES: Final = ("Seen on Monday.", "Mr. Doe plays in it.", "It is a film of two hours; or three.", "Why?")

RECIPE: Final[DistillationRecipe] = replace(
    FILMS,
    name="tiny",
    vocabulary_size=60,
    maxlen=24,
    validation=0.2,
    folds=2,
    word_vectors=WordVectorsRecipe(vector_size=8, epochs=1),
    paragraph_vectors=ParagraphVectorsRecipe(vector_size=8, min_count=2, epochs=5),
    assistants=tuple(
        tuple(StudentRecipe(units=4, epochs=1, noise=Noise(), seed=seed, window=20) for seed in seeds)
        for seeds in ((1, 2), (4,))
    ),
    student=StudentRecipe(units=4, epochs=2, noise=Noise(), seed=3, window=20),
)


def reviews(kind: str, size: int, *, movies: int, seed: int) -> Reviews:
    """Reviews of which every other one is good; unlabelled if the kind is `unsup`."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(size):
        good = number % 2 == 1
        name = kind if kind == "unsup" else ("neg", "pos")[good]
        said = [
            str(random.choice(SENTENCES)).format(thing=random.choice(THINGS), word=random.choice(GOOD if good else BAD))
            for _ in range(random.integers(1, 4))
        ]
        text = " ".join(random.permutation([*said, random.choice(ASIDES)]))
        label = -1 if kind == "unsup" else int(good)
        movie = f"tt{kind}{number // 2 % movies}"
        rows.append(Review(f"{name}/{number}_{8 if good else 2}", movie, text, label))
    return Reviews(sorted(rows))


def read(recipe: DistillationRecipe = RECIPE) -> Corpus:
    return corpus.read(
        reviews("train", 200, movies=40, seed=1),
        reviews("unsup", 40, movies=10, seed=2),
        vocabulary_size=recipe.vocabulary_size,
        validation=recipe.validation,
        split_seed=4,
    )


def document(ids: Sequence[int], sentences: Sequence[int] | None = None) -> Document:
    """A document of these ids, as one sentence unless its sentences' lengths are given."""
    bounds = np.cumsum([0, *(sentences if sentences is not None else [len(ids)])])
    return Document(np.array(ids, np.int32), bounds.astype(np.int32))


def network(vocabulary: int) -> Network:
    """A network of random weights, biases included, so large that its answers differ."""
    random = np.random.default_rng(4)
    made = Network(random.normal(0, 1, (vocabulary, 6)).astype(np.float32), 4)
    for layer, scale in zip(made.layers[1:], (0.7, 4.0), strict=True):
        layer.set_weights([random.normal(0, scale, weight.shape) for weight in layer.get_weights()])
    return made
