"""The texts that a recipe reads, and samples of them for quick runs."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from training.corpora import imdb
from training.corpora.imdb import DataError, Reviews
from training.sentiment.general import corpora
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.general.recipe import GeneralRecipe, NetworkRecipe
from training.sentiment.recipes import LectureRecipe

Row = TypeVar("Row")
_OF_FIXED_SIZE: Final = ("film phrases", "everyday phrases", "joined")
"""Kinds of texts that are made, however few are read."""


@dataclass(frozen=True)
class TrainingData:
    """What may be learnt from.

    Attributes:
        reviews: IMDb's train split.
        unlabelled: Its unsup split, for a recipe that reads it.
        further: The other corpora, for a recipe that reads them.
    """

    reviews: Reviews
    unlabelled: Reviews | None = None
    further: FurtherCorpora | None = None

    @property
    def sha256(self) -> list[str]:
        """The checksums of all of it."""
        splits = [split.sha256 for split in (self.reviews, self.unlabelled) if split is not None]
        return splits if self.further is None else [*splits, *self.further.sha256.values()]

    def sample(self, size: int, seed: int) -> "TrainingData":
        """Return up to ``size`` random texts of each kind.

        Raises:
            training.corpora.imdb.DataError: The reviews would have one label only.
        """
        return TrainingData(
            self.reviews.sample(size, seed),
            None if self.unlabelled is None else self.unlabelled.sample(size, seed),
            None if self.further is None else _sample(self.further, size, seed),
        )


def load(
    recipe: LectureRecipe | GeneralRecipe, reviews: Path | None = None, further: Path | None = None
) -> TrainingData:
    """Read what a recipe reads.

    Args:
        recipe: The recipe.
        reviews: Where the reviews are; see :func:`training.corpora.imdb.load`.
        further: The folder of the other corpora; by default each is fetched from its official place.

    Raises:
        training.corpora.imdb.DataError: Something is missing, or is not what it should be.
    """
    train = imdb.load("train", reviews)
    if not isinstance(recipe, GeneralRecipe):
        return TrainingData(train)
    return TrainingData(train, imdb.load("unsup", reviews), load_further(train, further))


def load_further(reviews: Reviews, source: Path | None = None) -> FurtherCorpora:
    """Read all corpora but the reviews of films.

    Args:
        reviews: IMDb's train split.
        source: The folder of the others; by default each is fetched from its official place.

    Raises:
        training.corpora.imdb.DataError: Something is missing, or is not what it should be.
    """
    if source is not None and not source.is_dir():
        raise DataError(f"There is no folder {source}.")
    return corpora.load(reviews, source)


def quick(recipe: GeneralRecipe, size: int) -> GeneralRecipe:
    """Return a recipe that goes through all stages of another one in a minute, for samples: it tries the way.

    Each stage has one network, of one epoch, and what does not shrink with the sample is shown less often.

    Args:
        recipe: The recipe.
        size: Of the sample.
    """
    once = replace(recipe.films.student, epochs=1, phrases=1)
    films = replace(
        recipe.films,
        assistants=tuple((replace(generation[0], epochs=1, phrases=1),) for generation in recipe.films.assistants[:1]),
        student=once,
    )

    def short(how: NetworkRecipe) -> NetworkRecipe:
        less = min(1.0, size / 10_000)
        fixed = {name: how.shares[name] * less for name in _OF_FIXED_SIZE if name in how.shares}
        return replace(how, epochs=1, shares={**how.shares, **fixed})

    teachers = (short(recipe.teachers[recipe.pruned - 1]),)
    encoder = replace(recipe.encoder, epochs=1)
    student, varied = short(recipe.student), short(recipe.varied)
    return replace(recipe, films=films, teachers=teachers, encoder=encoder, student=student, varied=varied, pruned=1)


def _sample(found: FurtherCorpora, size: int, seed: int) -> FurtherCorpora:
    random = np.random.default_rng(seed)

    def some(rows: Sequence[Row], kind: Callable[[Row], Hashable]) -> list[Row]:
        of_kind: dict[Hashable, list[int]] = {}
        for index, row in enumerate(rows):
            of_kind.setdefault(kind(row), []).append(index)
        chosen = [random.choice(indices, min(size, len(indices)), replace=False) for indices in of_kind.values()]
        return [rows[index] for index in np.sort(np.concatenate([np.empty(0, np.intp), *chosen]))]

    return FurtherCorpora(
        phrases=some(found.phrases, lambda phrase: (phrase.split, phrase.whole)),
        pairs=some(found.pairs, lambda pair: pair.split),
        products=some(found.products, lambda _: None),
        comments=some(found.comments, lambda comment: comment.split),
        written=some(found.written, lambda _: None),
    )
