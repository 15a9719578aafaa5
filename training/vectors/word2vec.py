"""Word2Vec on the reviews: the lecture's "second option", vectors learnt from the words around each word.

Skip-gram with negative sampling (Mikolov et al., *Distributed Representations of Words and Phrases and their
Compositionality*, NIPS 2013), by gensim, on the train and unsup reviews, without their labels and never on test.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from gensim.models import Word2Vec

from app.sentiment.rules import KERAS
from training.corpora import imdb
from training.corpora.imdb import DataError, Reviews, Split
from training.vectors.epochs import ShownEpochs
from training.vectors.folder import Vectors

SPLITS: Final[tuple[Split, ...]] = ("train", "unsup")
EXAMPLES: Final = ("awful", "wonderful", "actor", "boring", "hitchcock", "funny", "not")


@dataclass(frozen=True)
class Word2VecRecipe:
    """The settings of gensim's ``Word2Vec``, by its names.

    Attributes:
        vector_size: Length of a vector.
        window: Words of context on either side, at most.
        min_count: Words that are rarer get no vector.
        negative: Words drawn at random for each word that is there.
        epochs: Times that all reviews are read.
        seed: Of the first vectors and all draws. With several threads two runs still differ a little.
    """

    vector_size: int = 100
    window: int = 5
    min_count: int = 20
    negative: int = 5
    epochs: int = 5
    seed: int = 1


RECIPE: Final = Word2VecRecipe()


class Sentences:
    """Reviews as lists of words, split by Keras' rule; the markup of a new line is left out."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def __iter__(self) -> Iterator[list[str]]:
        return (KERAS.split(text.replace("<br />", " ")) for text in self._texts)


def corpus_of(splits: Mapping[Split, Reviews]) -> str:
    """Return what the reviews of several splits are of."""
    return " and ".join(dict.fromkeys(reviews.corpus for reviews in splits.values()))


def name_of(corpus: str) -> str:
    """Return by which name requests pick the space: ``imdb-word2vec``, or ``word2vec`` if the reviews are others."""
    return "imdb-word2vec" if corpus == imdb.NAME else "word2vec"


def train(recipe: Word2VecRecipe, splits: Mapping[Split, Reviews], workers: int) -> Vectors:
    """Train on the reviews of some splits.

    Args:
        recipe: What to train.
        splits: The reviews, by the name of their split.
        workers: Threads.

    Returns:
        The vectors as float16, whose rounding moves a cosine by less than 0.001.

    Raises:
        DataError: No word is frequent enough.
    """
    texts = [text for reviews in splits.values() for text in reviews.texts]
    sys.stderr.write(f"Word2Vec on {len(texts):,} reviews.\n")
    sentences = Sentences(texts)
    model = Word2Vec(sg=1, workers=workers, **asdict(recipe))
    model.build_vocab(sentences)
    if not len(model.wv):
        raise DataError(f"No word is in the reviews {recipe.min_count} times; take more reviews.")
    progress = ShownEpochs("Word2Vec", recipe.epochs)
    model.train(sentences, total_examples=model.corpus_count, epochs=recipe.epochs, callbacks=[progress])
    corpus = corpus_of(splits)
    data: dict[str, Any] = {"name": corpus, "words": model.corpus_total_words}
    data |= {name: {"reviews": len(reviews), "sha256": reviews.sha256} for name, reviews in splits.items()}
    return Vectors(
        name=name_of(corpus),
        title=f"Skip-gram Word2Vec trained on {len(texts):,} reviews with `python -m training word2vec`.",
        source=f"Word2Vec on the {' and '.join(splits)} reviews of {_of(corpus)}",
        licence="none of its own; the reviews are free for research use",
        words=model.wv.index_to_key,
        matrix=model.wv.vectors.astype(np.float16),
        examples=EXAMPLES,
        recipe={**asdict(recipe), "workers": workers},
        data=data,
    )


def _of(corpus: str) -> str:
    return f"the {corpus} (Maas et al., ACL 2011)" if corpus == imdb.NAME else corpus
