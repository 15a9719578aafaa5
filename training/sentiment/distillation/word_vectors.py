"""The first vectors of the words: skip-gram Word2Vec on all reviews the student may read, labels unseen.

Mikolov et al., *Distributed Representations of Words and Phrases and their Compositionality*, NIPS 2013.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from gensim.models import Word2Vec
from numpy.typing import NDArray

from training.sentiment.distillation.corpus import UNKNOWN_ID, Document
from training.sentiment.distillation.recipe import WordVectorsRecipe

DEVIATION: Final = 0.5
"""Standard deviation of the vectors' entries, large enough for the LSTM's gates to open and close from the start."""
_LONGEST: Final = 10_000
"""gensim reads no more words of a text."""


def learn(
    recipe: WordVectorsRecipe, documents: Sequence[Document], vocabulary_size: int, *, seed: int, workers: int
) -> NDArray[np.float32]:
    """Learn a vector for each id that occurs; the others', of padding, start and unknown, are zeros.

    Args:
        recipe: What to learn.
        documents: The texts as ids.
        vocabulary_size: Number of ids.
        seed: Of the first vectors and all draws. With several threads two runs still differ a little.
        workers: Threads.

    Returns:
        Shape (``vocabulary_size``, ``vector_size``).
    """
    sys.stderr.write(f"Word2Vec on {len(documents):,} reviews.\n")
    with TemporaryDirectory() as folder:
        path = Path(folder, "ids.txt")
        with path.open("w", encoding="ascii") as file:
            file.writelines(" ".join(_words(document)) + "\n" for document in documents)
        model = Word2Vec(
            corpus_file=str(path),
            sg=1,
            min_count=1,
            vector_size=recipe.vector_size,
            window=recipe.window,
            negative=recipe.negative,
            epochs=recipe.epochs,
            workers=workers,
            seed=seed,
        )
    vectors = np.zeros((vocabulary_size, recipe.vector_size), np.float32)
    vectors[[int(word) for word in model.wv.index_to_key]] = model.wv.vectors
    return vectors * np.float32(DEVIATION / model.wv.vectors.std())


def _words(document: Document) -> Iterator[str]:
    return (str(index) for index in document.ids[:_LONGEST].tolist() if index != UNKNOWN_ID)
