"""The sets that a model of three labels is developed with, and what is measured on each.

They are held out by movie, product or published split, or were written by ourselves; none is a test split.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from app.sentiment.labels import BINARY, NEUTRAL, Labels
from training.corpora.imdb import Reviews
from training.sentiment.data import load_further
from training.sentiment.evaluation import choice, everyday, short_texts
from training.sentiment.evaluation.coverage import Coverage, coverage
from training.sentiment.evaluation.edits import edits
from training.sentiment.evaluation.error_analysis import Group
from training.sentiment.evaluation.short_texts import ShortTexts
from training.sentiment.general import corpora
from training.sentiment.general.corpora import Split
from training.sentiment.general.recipe import BEST, LABELS
from training.sentiment.recipes import SPLIT_SEED

COMMENTS, EVERYDAY = "comments", "everyday"


@dataclass(frozen=True)
class DevelopmentSet:
    """Texts with their labels.

    Attributes:
        name: What they are.
        texts: n texts.
        among: The labels that there are to choose from.
        labels: The right one of each text, as an index into ``among``; shape (n,).
        written: Whether they were written by ourselves, not held out of a corpus.
        part_of: The name of the set whose texts these are some of.
    """

    name: str
    texts: Sequence[str]
    among: Labels
    labels: NDArray[np.intp]
    written: bool = False
    part_of: str | None = None

    def chosen(self, probabilities: NDArray[np.floating], labels: Labels) -> NDArray[np.float64]:
        """Return the probabilities of ``among`` in proportion.

        Args:
            probabilities: Of a model's labels, shape (n, labels).
            labels: The model's labels.
        """
        return choice.among(probabilities, labels, self.among)

    def sample(self, size: int, seed: int) -> "DevelopmentSet":
        """Return ``size`` random texts, or all if there are fewer, in their order."""
        if size >= len(self.texts):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self.texts), size, replace=False))
        return replace(self, texts=[self.texts[index] for index in chosen], labels=self.labels[chosen])


@dataclass(frozen=True)
class SetFigures:
    """What was measured on a set; with :func:`dataclasses.asdict`, plain JSON.

    Attributes:
        name: What the texts are.
        texts: How many there are.
        labels: Those that there are to choose from.
        written: Whether the texts were written by ourselves.
        accuracy: Share of right answers.
        macro_f1: The unweighted mean of the F1 of each label.
        coverage: The accuracy on the surest answers.
    """

    name: str
    texts: int
    labels: list[str]
    written: bool
    accuracy: float
    macro_f1: float
    coverage: list[Coverage]

    @classmethod
    def of(cls, found: DevelopmentSet, probabilities: NDArray[np.float64]) -> "SetFigures":
        """Measure a set, given the probabilities of the labels to choose from; shape (n, among)."""
        return cls(
            name=found.name,
            texts=len(found.texts),
            labels=list(found.among),
            written=found.written,
            accuracy=round(accuracy(found, probabilities), 6),
            macro_f1=round(macro_f1(found, probabilities), 6),
            coverage=coverage(probabilities, found.labels),
        )


def load(reviews: Reviews, source: Path | None = None) -> list[DevelopmentSet]:
    """Read all sets that the recipe ``best`` is developed with.

    Args:
        reviews: IMDb's train split.
        source: The folder of the other corpora; by default each is fetched from its official place.

    Raises:
        training.corpora.imdb.DataError: Something is missing, or is not what it should be.
    """
    further = load_further(reviews, source)
    _, movies = reviews.split_by_movie(BEST.films.validation, SPLIT_SEED)
    _, split = corpora.split(further, frozenset(movies.movies), BEST.held_out_products)
    return [*held_out(movies, split), *written()]


def held_out(reviews: Reviews, split: Split) -> list[DevelopmentSet]:
    """Return the sets that are held out of corpora, but for those without texts: data of one's own may lack some.

    Args:
        reviews: The reviews of the held-out movies.
        split: The held-out side of the other corpora.
    """
    sentences = [phrase for phrase in split.phrases if phrase.label != 2]
    comments = [comment for comment in split.comments if comment.polarity is not None]
    polar = [comment for comment in comments if comment.polarity != NEUTRAL]
    sets = [
        _binary("IMDb movies", reviews.texts, reviews.labels),
        _binary("Treebank sentences", [one.text for one in sentences], [one.label > 2 for one in sentences]),
        _binary("edited reviews", [one.edited for one in split.pairs], [1 - one.original_label for one in split.pairs]),
        _binary("products", [one.text for one in split.products], [one.label for one in split.products]),
        replace(
            _named("comments, polar", [one.text for one in polar], [str(one.polarity) for one in polar], BINARY),
            part_of=COMMENTS,
        ),
        _named(COMMENTS, [one.text for one in comments], [str(one.polarity) for one in comments], LABELS),
    ]
    return [one for one in sets if len(one.texts)]


def written() -> list[DevelopmentSet]:
    """Return the sets that we wrote."""
    found = everyday.load()
    polar = [index for index, label in enumerate(found.labels) if label != NEUTRAL]
    everyday_polar = _named(
        "everyday, polar", [found.texts[i] for i in polar], [found.labels[i] for i in polar], BINARY
    )
    sets = [
        _of_short("phrases", short_texts.phrases()),
        _of_short("edits", edits()),
        replace(everyday_polar, part_of=EVERYDAY),
        _named(EVERYDAY, found.texts, found.labels, LABELS),
    ]
    return [replace(one, written=True) for one in sets]


def by_kind(found: DevelopmentSet, probabilities: NDArray[np.float64]) -> list[Group]:
    """Return the accuracy on each kind of the everyday sentences.

    Args:
        found: The set :data:`EVERYDAY`, whole.
        probabilities: Of its labels, shape (n, 3).
    """
    right = choice.best(probabilities) == found.labels
    kinds = np.array(everyday.load().kinds)
    return [
        Group(kind, int(np.sum(kinds == kind)), round(float(right[kinds == kind].mean()), 6))
        for kind in dict.fromkeys(kinds.tolist())
    ]


def accuracy(found: DevelopmentSet, probabilities: NDArray[np.float64]) -> float:
    """Return the share of right answers, given the probabilities of the labels to choose from; shape (n, among)."""
    return float((choice.best(probabilities) == found.labels).mean())


def macro_f1(found: DevelopmentSet, probabilities: NDArray[np.float64]) -> float:
    """Return the unweighted mean of the F1 of each label."""
    return float(f1_score(found.labels, choice.best(probabilities), average="macro"))


def _binary(name: str, texts: Sequence[str], labels: Sequence[int] | NDArray[np.int8]) -> DevelopmentSet:
    return DevelopmentSet(name, texts, BINARY, np.array(labels, np.intp))


def _of_short(name: str, found: ShortTexts) -> DevelopmentSet:
    return _binary(name, found.texts, found.labels)


def _named(name: str, texts: Sequence[str], labels: Sequence[str], among: Labels) -> DevelopmentSet:
    return DevelopmentSet(name, texts, among, np.array([among.index(label) for label in labels], np.intp))
