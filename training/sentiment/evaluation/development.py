"""The sets that a model of three labels is developed with, and what is measured on each.

They are held out by movie, product or published split, or were written by ourselves; none is a test split.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from app.sentiment.labels import BINARY, NEGATIVE, NEUTRAL, POSITIVE, Labels
from training.corpora.imdb import Reviews
from training.sentiment.evaluation import everyday, short_texts
from training.sentiment.evaluation.edits import edits
from training.sentiment.evaluation.short_texts import ShortTexts
from training.sentiment.general.corpora import Split

THREE: Final[Labels] = (NEGATIVE, NEUTRAL, POSITIVE)


@dataclass(frozen=True)
class DevelopmentSet:
    """Texts with their labels.

    Attributes:
        name: What they are.
        texts: n texts.
        among: The labels that there are to choose from.
        labels: The right one of each text, as an index into ``among``; shape (n,).
    """

    name: str
    texts: Sequence[str]
    among: Labels
    labels: NDArray[np.intp]

    def chosen(self, probabilities: NDArray[np.floating], labels: Labels) -> NDArray[np.float64]:
        """Return the probabilities of ``among`` in proportion.

        Args:
            probabilities: Of a model's labels, shape (n, labels).
            labels: The model's labels.
        """
        columns = probabilities[:, [labels.index(label) for label in self.among]].astype(np.float64)
        return np.asarray(columns / columns.sum(axis=1, keepdims=True))


def held_out(reviews: Reviews, split: Split) -> list[DevelopmentSet]:
    """Return the sets that are held out of corpora.

    Args:
        reviews: The reviews of the held-out movies.
        split: The held-out side of the other corpora.
    """
    sentences = [phrase for phrase in split.phrases if phrase.label != 2]
    comments = [comment for comment in split.comments if comment.polarity is not None]
    polar = [comment for comment in comments if comment.polarity != NEUTRAL]
    return [
        _binary("IMDb movies", reviews.texts, reviews.labels),
        _binary("Treebank sentences", [one.text for one in sentences], [one.label > 2 for one in sentences]),
        _binary("edited reviews", [one.edited for one in split.pairs], [1 - one.original_label for one in split.pairs]),
        _binary("products", [one.text for one in split.products], [one.label for one in split.products]),
        _named("comments, polar", [one.text for one in polar], [str(one.polarity) for one in polar], BINARY),
        _named("comments", [one.text for one in comments], [str(one.polarity) for one in comments], THREE),
    ]


def written() -> list[DevelopmentSet]:
    """Return the sets that we wrote."""
    found = everyday.load()
    polar = [index for index, label in enumerate(found.labels) if label != NEUTRAL]
    return [
        _of_short("phrases", short_texts.phrases()),
        _of_short("edits", edits()),
        _named("everyday, polar", [found.texts[i] for i in polar], [found.labels[i] for i in polar], BINARY),
        _named("everyday", found.texts, found.labels, THREE),
    ]


def accuracy(found: DevelopmentSet, probabilities: NDArray[np.float64]) -> float:
    """Return the share of right answers, given the probabilities of the labels to choose from; shape (n, among)."""
    return float((probabilities.argmax(axis=1) == found.labels).mean())


def macro_f1(found: DevelopmentSet, probabilities: NDArray[np.float64]) -> float:
    """Return the unweighted mean of the F1 of each label."""
    return float(f1_score(found.labels, probabilities.argmax(axis=1), average="macro"))


def _binary(name: str, texts: Sequence[str], labels: Sequence[int] | NDArray[np.int8]) -> DevelopmentSet:
    return DevelopmentSet(name, texts, BINARY, np.array(labels, np.intp))


def _of_short(name: str, found: ShortTexts) -> DevelopmentSet:
    return _binary(name, found.texts, found.labels)


def _named(name: str, texts: Sequence[str], labels: Sequence[str], among: Labels) -> DevelopmentSet:
    return DevelopmentSet(name, texts, among, np.array([among.index(label) for label in labels], np.intp))
