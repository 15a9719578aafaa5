"""The reviews as token ids, sentence by sentence: what every teacher and student reads."""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from app.sentiment.rules import REVIEWS
from app.sentiment.sentences import split_sentences
from app.sentiment.tokenizer import RESERVED, START, UNKNOWN, Tokenizer
from training.corpora.imdb import Reviews

START_ID = RESERVED.index(START)
UNKNOWN_ID = RESERVED.index(UNKNOWN)

Ids = NDArray[np.int32]


@dataclass(frozen=True)
class Document:
    """A text as ids, without the start id.

    Attributes:
        ids: The ids, shape (tokens,).
        bounds: Where its sentences begin and end among them, shape (sentences + 1,).
    """

    ids: Ids
    bounds: Ids

    def sentence(self, index: int) -> Ids:
        """Return the ids of one sentence."""
        return self.ids[self.bounds[index] : self.bounds[index + 1]]


@dataclass(frozen=True)
class Corpus:
    """All that may be learnt from, and the held-out movies.

    Attributes:
        tokenizer: Fitted on all these texts.
        reviews: The labelled reviews to learn from.
        held_out: The labelled reviews of the held-out movies.
        unlabelled: The reviews without labels.
        documents: Each of the three as documents, under the same name.
    """

    tokenizer: Tokenizer
    reviews: Reviews
    held_out: Reviews
    unlabelled: Reviews
    documents: dict[str, list[Document]]


def read(
    train: Reviews,
    unlabelled: Reviews,
    *,
    vocabulary_size: int,
    validation: float,
    split_seed: int,
    left_out: Container[str] = (),
) -> Corpus:
    """Fit the tokenizer on all texts, and turn them into ids.

    Args:
        train: The train split.
        unlabelled: The unsup split.
        vocabulary_size: Number of ids at most, the reserved ones included.
        validation: Share of the train split that is held out, by movie.
        split_seed: Decides which movies.
        left_out: Ids of reviews that are not learnt from, since their edited copies are measured with.
    """
    tokenizer = Tokenizer.fit([*train.texts, *unlabelled.texts], vocabulary_size, rule=REVIEWS)
    reviews, held_out = train.split_by_movie(validation, split_seed)
    reviews = reviews.take(np.array([n for n, row in enumerate(reviews.rows) if row.id not in left_out], np.intp))
    sides = {"reviews": reviews, "held_out": held_out, "unlabelled": unlabelled}
    documents = {
        name: [document(tokenizer, text) for text in tqdm(side.texts, desc=f"sentences of {name}", leave=False)]
        for name, side in sides.items()
    }
    return Corpus(tokenizer, **sides, documents=documents)


def document(tokenizer: Tokenizer, text: str) -> Document:
    """Turn a text into ids, sentence by sentence."""
    spans = split_sentences(text, tokenizer.rule)
    sentences = [tokenizer.encode(text[start:end]).ids[1:] for start, end in spans]
    ids = [index for sentence in sentences for index in sentence]
    bounds = np.cumsum([0, *map(len, sentences)], dtype=np.int32)
    return Document(np.array(ids, dtype=np.int32), bounds)


def encoded(tokenizer: Tokenizer, text: str) -> Ids:
    """Turn a text into ids, without the start id."""
    return np.array(tokenizer.encode(text).ids[1:], dtype=np.int32)
