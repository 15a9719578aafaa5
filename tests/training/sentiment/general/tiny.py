"""Few texts of our own in the form of each further corpus, and a recipe that learns from them in seconds."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final, Literal

from tests.training import dataset
from tests.training.corpora import published
from tests.training.sentiment.distillation import tiny as films
from training.corpora.edited_imdb import Pair
from training.corpora.emotions import Comment
from training.corpora.imdb import Reviews
from training.corpora.products import Product
from training.corpora.sst import Phrase
from training.corpora.written import Written
from training.sentiment.distillation.recipe import (
    FILMS,
    DistillationRecipe,
    Noise,
    ParagraphVectorsRecipe,
    StudentRecipe,
    WordVectorsRecipe,
)
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.general.recipe import BEST, SHARES, EncoderRecipe, GeneralRecipe, NetworkRecipe

TINY_FILMS: Final[DistillationRecipe] = replace(
    FILMS,
    name="tiny-films",
    vocabulary_size=40,
    maxlen=12,
    validation=0.2,
    folds=2,
    word_vectors=WordVectorsRecipe(vector_size=4, epochs=1),
    paragraph_vectors=ParagraphVectorsRecipe(vector_size=4, min_count=1, epochs=1),
    assistants=((StudentRecipe(units=2, epochs=1, noise=Noise(), seed=1, batch_size=512),),),
    student=StudentRecipe(units=3, epochs=2, noise=Noise(), seed=2, batch_size=512),
)
_SHARES: Final = {**SHARES, "film phrases": 0.05, "everyday phrases": 0.05, "joined": 0.02, "written": 0.1}


def _network(units: int, epochs: int, seed: int, *, english: bool = False) -> NetworkRecipe:
    shares = dict(_SHARES)
    return NetworkRecipe(
        units=units, epochs=epochs, seed=seed, window=6, longest=20, batch=2_000, shares=shares, english=english
    )


TINY_BEST: Final[GeneralRecipe] = replace(
    BEST,
    name="tiny-best",
    vocabulary_size=90,
    maxlen=25,
    films=TINY_FILMS,
    held_out_products=0.3,
    teachers=(_network(3, 1, 11), _network(3, 1, 12, english=True)),
    encoder=EncoderRecipe(epochs=1, seed=13, longest=16, batch=2_000, shares=dict(_SHARES), weight=0.7),
    student=_network(2, 2, 14),
    varied=_network(2, 3, 15),
    pruned=2,
    dimensions=3,
)

GOOD: Final = ("great", "lovely", "superb")
BAD: Final = ("broken", "awful", "rude")
_THINGS: Final = ("phone", "staff", "soup", "film")


def reviews() -> Reviews:
    """Labelled reviews of films, which the edited reviews are of."""
    return films.reviews("train", 120, movies=30, seed=1)


def unlabelled() -> Reviews:
    """Reviews without labels."""
    return films.reviews("unsup", 40, movies=10, seed=2)


def further(originals: Reviews | None = None) -> FurtherCorpora:
    """A few texts of each corpus; the edited reviews are of the given ones, by default of the tests' data set."""
    originals = originals or Reviews(dataset.rows("train"))
    phrases, comments, bought = [], [], []
    for number, (thing, (word, label)) in enumerate(
        product(_THINGS, [*((w, 4) for w in GOOD), *((w, 0) for w in BAD)])
    ):
        split: Literal["train", "dev"] = "dev" if number % 3 == 0 else "train"
        whole = f"The {thing} is {word} today."
        phrases += [Phrase(split, word, label, False), Phrase(split, f"the {thing}", 2, False)]
        phrases.append(Phrase(split, whole, label, True))
        feeling = "joy" if label else "anger"
        comments += [
            Comment(split, f"{word} {thing} lol", (feeling,)),
            Comment(split, f"{thing} no. {number}", ("neutral",)),
        ]
        bought.append(Product("kitchen", f"B{number // 2}", 5.0 if label else 1.0, f"{word}!", whole, int(label > 2)))
    phrases.append(Phrase("train", "It rains on Monday.", 2, True))
    pairs = [
        Pair("dev" if number % 5 == 0 else "train", row.id, row.movie, row.text, f"{row.text} Or not.", row.label)
        for number, row in enumerate(originals.rows[::3])
    ]
    written = [
        Written("positive", "It works again."),
        Written("negative", "It broke."),
        Written("neutral", "It is red."),
    ]
    return FurtherCorpora(phrases, pairs, sorted(bought), comments, written)


def write(folder: Path) -> Path:
    """Write the published ones of these texts as Parquet into a folder, and return it."""
    found = further()
    columns = {
        "sst": {name: [getattr(one, name) for one in found.phrases] for name in Phrase._fields},
        "edited-imdb": {name: [getattr(one, name) for one in found.pairs] for name in Pair._fields if name != "movie"},
        "products": {name: [getattr(one, name) for one in found.products] for name in Product._fields},
        "emotions": {name: [getattr(one, name) for one in found.comments] for name in Comment._fields},
    }
    for name, rows in columns.items():
        published.write_parquet(folder / f"{name}.parquet", rows)
    return folder
