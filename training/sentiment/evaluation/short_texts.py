"""Short texts with obvious answers, to develop with: phrases, and single sentences of held-out reviews.

People try a sentiment model on a few words first, and it has learnt from whole reviews. The sentences are of movies
that every recipe holds out (:data:`training.sentiment.lecture.SPLIT_SEED`). They were labelled by reading
them without their reviews, and kept where they are clearly for or against something; ``sentences.json`` tells where
each stands.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.corpora.imdb import Reviews

FILE: Final = Path(__file__).with_name("sentences.json")
"""Each sentence as the id of its review, where it starts and ends there, and 1 for positive or 0."""

POSITIVE: Final = (
    "good",
    "great",
    "excellent",
    "wonderful",
    "I loved it",
    "a masterpiece",
    "highly recommended",
    "well worth seeing",
    "not bad",
    "not bad at all",
    "not a bad film",
    "never boring",
    "not boring for a second",
    "couldn't be better",
    "I can't recommend it enough",
    "I don't regret watching this",
    "nothing to complain about",
    "no weak moments",
    "without a dull moment",
    "one of the best films I've seen",
    "better than I expected",
    "I would watch it again",
    "it made me laugh and cry",
    "the acting is superb",
    "I loved every moment of this movie!",
    "You won't be disappointed.",
    "Don't miss it!",
    "I couldn't stop laughing",
    "funny, warm and clever",
    "It never gets old.",
    "Who would not like this film?",
    "It is hard to find a flaw.",
    "This is not the disaster that the critics say it is, it is great fun.",
    "I expected rubbish and got a gem.",
    "my favourite movie of the year :)",
)
NEGATIVE: Final = (
    "bad",
    "awful",
    "terrible",
    "boring",
    "I hated it",
    "a waste of time",
    "avoid it",
    "not good",
    "not good at all",
    "not a good film",
    "not worth watching",
    "not funny",
    "not even funny once",
    "never funny",
    "couldn't be worse",
    "I can't recommend it",
    "I regret watching this",
    "nothing to like about it",
    "no redeeming qualities",
    "without any charm",
    "one of the worst films I've seen",
    "worse than I expected",
    "I would not watch it again",
    "it made me fall asleep",
    "the acting is wooden",
    "I hated every moment of this movie!",
    "You will be disappointed.",
    "Don't waste your money!",
    "I couldn't wait for it to end",
    "dull, cold and stupid",
    "It gets old after ten minutes.",
    "Who would like this film?",
    "It is hard to find anything good in it.",
    "This is not the masterpiece that the critics say it is, it is a bore.",
    "I expected a gem and got rubbish.",
    "my worst evening of the year :(",
)
"""Phrases of our own, half of them with a negation or a comparison that turns a word around."""


@dataclass(frozen=True)
class ShortTexts:
    """Texts of one kind.

    Attributes:
        texts: The texts.
        labels: 1 for positive or 0, shape (n,).
    """

    texts: list[str]
    labels: NDArray[np.int8]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, int]]) -> "ShortTexts":
        """Take texts and their labels."""
        texts, labels = zip(*pairs, strict=True)
        return cls(list(texts), np.array(labels, dtype=np.int8))


def phrases() -> ShortTexts:
    """Return the phrases."""
    return ShortTexts.of([(text, 1) for text in POSITIVE] + [(text, 0) for text in NEGATIVE])


def sentences(train: Reviews) -> ShortTexts | None:
    """Return the sentences; ``None`` if the reviews they are of are not all there.

    Args:
        train: The train split.
    """
    texts = {review.id: review.text for review in train.rows}
    found: list[tuple[str, int, int, int]] = json.loads(FILE.read_text(encoding="utf-8"))
    if any(review not in texts for review, *_ in found):
        return None
    return ShortTexts.of([(texts[review][start:end], label) for review, start, end, label in found])
