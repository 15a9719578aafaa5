"""On all labelled reviews: does the tokenizer agree with Keras' own, and ONNX with the Keras model?"""

from pathlib import Path
from typing import Any, Final, Literal

import keras
import numpy as np
from tensorflow.keras.preprocessing.text import Tokenizer as KerasTokenizer

from app.sentiment.classifier import Classifier
from app.sentiment.tokenizer import RESERVED, UNKNOWN, Tokenizer, count_words
from bench.errors import BenchError
from bench.figures import Figure, Result
from bench.options import Options
from training.imdb import DataError, Reviews, load

METHOD: Final = (
    "Keras' `Tokenizer` (`oov_token` set) and the service's are each fitted on the {train:,} training reviews: words, "
    "counts and order are compared, and the ids of all {all:,} labelled reviews, Keras' shifted by one for the start "
    "id. Then the test reviews go from raw text through Keras' tokenizer, `pad_sequences` and `model.predict`, and "
    "through the service's tokenizer and ONNX engine. That is a check of parity: nothing is chosen by it."
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
    classifier = Classifier(options.model)
    fitted = Tokenizer.fit(train.texts)
    options.say("fitting Keras' Tokenizer")
    reference = KerasTokenizer(num_words=classifier.tokenizer.vocabulary_size - 1, oov_token=UNKNOWN)
    reference.fit_on_texts(train.texts)
    words = _different_words(fitted, count_words(train.texts), reference)
    vocabulary = len(classifier.tokenizer.words)
    ranks = zip(classifier.tokenizer.words, fitted.words[:vocabulary], strict=True)
    options.say("comparing the ids of all reviews")
    ids = sum(_different_ids(classifier.tokenizer, reference, reviews) for reviews in (train, test))
    options.say("comparing the probabilities of the test reviews")
    ours, theirs = _probabilities(options.model, classifier, reference, test)
    return Result(
        METHOD.format(train=len(train), all=len(train) + len(test)),
        [
            Figure(f"words of {len(fitted.words):,} with another count or rank than in Keras", words, "", exactly=0),
            Figure("words of the committed vocabulary at another rank", sum(a != b for a, b in ranks), "", exactly=0),
            Figure(f"reviews of {len(train) + len(test):,} with other ids than in Keras", ids, "", exactly=0),
            Figure(
                f"largest difference of the probabilities of {len(test):,} test reviews, ONNX and Keras",
                float(np.abs(ours - theirs).max()),
                "",
                below=1e-5,
            ),
            Figure("labels that differ", int(((ours >= 0.5) != (theirs >= 0.5)).sum()), "", exactly=0),
        ],
    )


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


def _probabilities(folder: Path, classifier: Classifier, reference: Any, reviews: Reviews) -> tuple[Any, Any]:
    """Return the probabilities by the service's path and by Keras' own; shape (n,) each."""
    model = keras.models.load_model(folder / "model.keras", compile=False)
    maxlen = classifier.serving.maxlen
    ours, theirs = [], []
    for start in range(0, len(reviews), FEW):
        texts = reviews.texts[start : start + FEW]
        ours.append(np.array([found.probability for found in classifier.classify_all(texts)[0]]))
        padded = keras.utils.pad_sequences(
            [_shifted(ids) for ids in reference.texts_to_sequences(texts)], maxlen=maxlen
        )
        theirs.append(model.predict(padded, batch_size=250, verbose=0)[:, 0])
    return np.concatenate(ours), np.concatenate(theirs)
