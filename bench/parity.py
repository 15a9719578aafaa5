"""On all labelled reviews: does the tokenizer agree with Keras' own, and ONNX with the Keras model?"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import keras
import numpy as np
from tensorflow.keras.preprocessing.text import Tokenizer as KerasTokenizer

from app.sentiment.classifier import Classifier
from app.sentiment.engines import dropping_masks
from app.sentiment.tokenizer import RESERVED, UNKNOWN, Tokenizer, count_words
from bench import keras_models
from bench.errors import BenchError
from bench.figures import Figure, Result
from bench.options import Options
from bench.paths import LECTURE
from training.corpora.imdb import DataError, Reviews, load

METHOD: Final = (
    "Keras' `Tokenizer` (`oov_token` set) and the service's are each fitted on the {train:,} training reviews: words, "
    "counts and order are compared, and the ids of all {all:,} labelled reviews, Keras' shifted by one for the start "
    "id, with the vocabulary of `{lecture}`. Then the test reviews go from raw text through Keras' tokenizer, "
    "`pad_sequences` and `model.predict`, and through the service's tokenizer and ONNX engine; those of a model whose "
    "text is split by another rule than Keras' go through the service's tokenizer both times. That is a check of "
    "parity: nothing is chosen by it."
)
FEW: Final = 2_000
"""Reviews a call; all of them at once would fill the memory."""


def measure(options: Options) -> Result:
    """Compare on all reviews."""
    splits: tuple[Literal["train", "test"], ...] = ("train", "test")
    try:
        train, test = (load(split, options.data) for split in splits)
    except DataError as error:
        raise BenchError(f"{error} Say with `--data` where the reviews are.") from error
    lecture = Classifier(LECTURE)
    fitted = Tokenizer.fit(train.texts)
    options.say("fitting Keras' Tokenizer")
    reference = KerasTokenizer(num_words=lecture.tokenizer.vocabulary_size - 1, oov_token=UNKNOWN)
    reference.fit_on_texts(train.texts)
    words = _different_words(fitted, count_words(train.texts), reference)
    vocabulary = len(lecture.tokenizer.words)
    ranks = zip(lecture.tokenizer.words, fitted.words[:vocabulary], strict=True)
    options.say("comparing the ids of all reviews")
    ids = sum(_different_ids(lecture.tokenizer, reference, reviews) for reviews in (train, test))
    figures = [
        Figure(f"words of {len(fitted.words):,} with another count or rank than in Keras", words, "", exactly=0),
        Figure("words of the committed vocabulary at another rank", sum(a != b for a, b in ranks), "", exactly=0),
        Figure(f"reviews of {len(train) + len(test):,} with other ids than in Keras", ids, "", exactly=0),
    ]
    figures += _compared(LECTURE, test, lambda texts: [_shifted(ids) for ids in reference.texts_to_sequences(texts)])
    if options.model != LECTURE:
        options.say(f"comparing the probabilities that {options.model.name} gives the test reviews")
        own = Classifier(options.model).tokenizer
        figures += _compared(options.model, test, lambda texts: [own.encode(text).ids for text in texts])
    return Result(METHOD.format(train=len(train), all=len(train) + len(test), lecture=LECTURE.name), figures)


def _different_words(fitted: Tokenizer, counts: dict[str, int], reference: Any) -> int:
    """Count the words that have another count, or another rank, in Keras' tokenizer."""
    ranks: dict[str, int] = reference.word_index
    shift = len(RESERVED) - 2
    different = abs(len(ranks) - 1 - len(fitted.words))
    for word, index in fitted.word_index.items():
        different += int(reference.word_counts.get(word) != counts[word] or ranks.get(word) != index - shift)
    return different


def _different_ids(own: Tokenizer, reference: Any, reviews: Reviews) -> int:
    different = 0
    for start in range(0, len(reviews), FEW):
        texts = reviews.texts[start : start + FEW]
        for text, ids in zip(texts, reference.texts_to_sequences(texts), strict=True):
            different += int(own.encode(text).ids != _shifted(ids))
    return different


def _shifted(ids: list[int]) -> list[int]:
    """Return Keras' ids as the service counts them, with the start id in front."""
    return [1, *(index + 1 for index in ids)]


def _compared(folder: Path, reviews: Reviews, ids: Callable[[list[str]], list[list[int]]]) -> list[Figure]:
    """Compare the probabilities by the service's path with those of Keras on the ids, padded by Keras."""
    classifier = Classifier(folder)
    ours, theirs = [], []
    model = keras_models.load(folder)
    with dropping_masks():
        for start in range(0, len(reviews), FEW):
            texts = reviews.texts[start : start + FEW]
            ours.append(np.array([found.probability("positive") for found in classifier.classify_all(texts)[0]]))
            padded = keras.utils.pad_sequences(ids(texts), maxlen=classifier.serving.maxlen)
            theirs.append(model.predict(padded, batch_size=250, verbose=0)[:, -1])
    one, other = np.concatenate(ours), np.concatenate(theirs)
    difference = f"largest difference of the probabilities of {len(reviews):,} test reviews, ONNX and Keras"
    return [
        Figure(f"{folder.name}: {difference}", float(np.abs(one - other).max()), "", below=1e-5),
        Figure(f"{folder.name}: labels that differ", int(((one >= 0.5) != (other >= 0.5)).sum()), "", exactly=0),
    ]
