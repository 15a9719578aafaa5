"""Explanation of classifications: the contribution of each word to the log-odds, and the sentiment of each sentence.

A text that the model reads at once is explained by leave-one-out: each word in turn is left out. One that it reads in
several windows is explained by :mod:`app.sentiment.attribution`, at the cost of about one more prediction.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.sentiment.classifier import Classification, Classifier
from app.sentiment.labels import NEGATIVE, POSITIVE, Labels
from app.sentiment.rules import Span
from app.sentiment.sentences import split_sentences
from app.sentiment.tokenizer import Encoding

TINY: Final = float(np.finfo(np.float32).tiny)
"""Lower bound of a probability under the logarithm, where a softmax gives it."""
HALF_A_STEP: Final = 2.0**-25
"""The same of a sigmoid: 1 less its probability has no digits below 2⁻²⁴."""


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        start: Where it starts in the text, in code points.
        end: Where it ends: ``text[start:end]`` is the word.
        contribution: How much the log-odds, to base e, fall without the word: those of ``positive`` against
            ``negative`` where both are among the labels, else of the text's label against the others.
    """

    start: int
    end: int
    contribution: float


class Sentence(NamedTuple):
    """A sentence of a text.

    Attributes:
        start: Where it starts in the text, in code points.
        end: Where it ends.
        classification: What the model says of it alone.
    """

    start: int
    end: int
    classification: Classification


class Explanation(NamedTuple):
    """The words and the sentences of a text, in order."""

    words: list[Word]
    sentences: list[Sentence]


class Explained(NamedTuple):
    """A text that was classified and explained."""

    classification: Classification
    explanation: Explanation


class Seconds(NamedTuple):
    """Seconds that the two steps took."""

    predict: float
    explain: float


class _Read(NamedTuple):
    """A text that was classified.

    Attributes:
        classification: What the model says of it.
        contributions: Of the tokens that the model read; ``None`` if they are to be found by leave-one-out.
    """

    classification: Classification
    contributions: list[float] | None = None


class _Parts(NamedTuple):
    """The parts of a text.

    Attributes:
        words: Where the words are.
        read: For each token that the model read, the index of its word; below 0 for the start id.
        without: The tokens that the model read without each word in turn; none if they are not needed.
        sentences: Where the sentences are.
        encodings: The sentences as ids.
    """

    words: list[Span]
    read: Sequence[int]
    without: list[list[int]]
    sentences: list[Span]
    encodings: list[Encoding]

    @property
    def sequences(self) -> list[Sequence[int]]:
        """What the model is to read of them."""
        return [*self.without, *(encoding.ids for encoding in self.encodings)]


def explain(classifier: Classifier, text: str, labels: Labels | None = None) -> Explained:
    """Classify a text and explain the answer; see :func:`explain_all`."""
    ((explained,), _) = explain_all(classifier, [text], [classifier.tokenizer.encode(text)], labels)
    return explained


def explain_all(
    classifier: Classifier, texts: Sequence[str], encodings: Sequence[Encoding], labels: Labels | None = None
) -> tuple[list[Explained], Seconds]:
    """Classify texts and explain the answers.

    Beside the classification, that costs one prediction for each sentence; about one more for a text that the model
    reads in several windows; and one for each word that it reads of any other text.

    Args:
        classifier: The model.
        texts: The texts.
        encodings: The texts as ids.
        labels: Those of the model's labels to choose from, in the model's order; by default all of them.

    Returns:
        An explanation of each text, in order, and the seconds that they took.
    """
    start = perf_counter()
    read, attributing = _read(classifier, texts, encodings, labels or classifier.labels)
    predicted = perf_counter()
    parts = [
        _parts(classifier, text, encoding, leave_out=one.contributions is None)
        for text, encoding, one in zip(texts, encodings, read, strict=True)
    ]
    probabilities = iter(classifier.predict([sequence for each in parts for sequence in each.sequences]))
    explained = [
        Explained(one.classification, _explanation(classifier, text, one, each, probabilities))
        for text, one, each in zip(texts, read, parts, strict=True)
    ]
    return explained, Seconds(predicted - start - attributing, perf_counter() - predicted + attributing)


def _read(
    classifier: Classifier, texts: Sequence[str], encodings: Sequence[Encoding], labels: Labels
) -> tuple[list[_Read], float]:
    """Classify texts, and attribute the answers of those that are read in windows.

    Returns:
        What was found of each text, in order, and the seconds that the attribution took.
    """
    sequences = [classifier.truncate(encoding.ids) for encoding in encodings]
    attribution = classifier.attribution
    at_once = [ids for ids in sequences if attribution is None or not attribution.covers(len(ids))]
    rows = iter(classifier.engine.predict(at_once).tolist())
    found: list[_Read] = []
    seconds = 0.0
    # One after the other: the states of many long texts would fill the memory.
    for text, encoding, ids in zip(texts, encodings, sequences, strict=True):
        if attribution is None or not attribution.covers(len(ids)):
            found.append(_Read(classifier.classification(text, encoding, next(rows)).among(labels)))
            continue
        probabilities, states = classifier.engine.predict_with_states(ids)
        classification = classifier.classification(text, encoding, probabilities).among(labels)
        start = perf_counter()
        gradient = _gradient(classifier.labels, classification)
        found.append(_Read(classification, attribution.contributions(states, len(ids), gradient).tolist()))
        seconds += perf_counter() - start
    return found, seconds


def _parts(classifier: Classifier, text: str, encoding: Encoding, *, leave_out: bool) -> _Parts:
    """Take a text apart.

    Of a text that is truncated, a word is left out of the tokens that the model read: none that was cut off takes its
    place, as that would add what the other word contributes.
    """
    rule = classifier.tokenizer.rule
    words, sentences = rule.spans(text), split_sentences(text, rule)
    read = classifier.truncate(range(len(words) - len(encoding.ids), len(words)))
    ids = list(classifier.truncate(encoding.ids))
    without = [ids[:place] + ids[place + 1 :] for place, word in enumerate(read) if leave_out and word >= 0]
    return _Parts(
        words, read, without, sentences, [classifier.tokenizer.encode(text[start:end]) for start, end in sentences]
    )


def _explanation(
    classifier: Classifier, text: str, read: _Read, parts: _Parts, probabilities: Iterator[NDArray[np.float64]]
) -> Explanation:
    """Put an explanation together.

    Args:
        classifier: The model.
        text: The text.
        read: What was found of the whole text.
        parts: The parts of the text.
        probabilities: Begins with those of each of the ``sequences`` of the parts, shape (labels,); they are taken.
    """
    classification = read.classification
    if read.contributions is None:
        without = np.array(list(islice(probabilities, len(parts.without)))).reshape(-1, len(classifier.labels))
        falls = iter(_falls(classifier, classification, without, len(parts.read)))
        of_tokens = [next(falls) if word >= 0 else 0.0 for word in parts.read]
    else:
        of_tokens = read.contributions
    contributions = [0.0] * len(parts.words)  # what was cut off contributes nothing
    for word, contribution in zip(parts.read, of_tokens, strict=True):
        if word >= 0:
            contributions[word] = contribution
    sentences = [
        Sentence(
            start,
            end,
            classifier.classification(text[start:end], encoding, row.tolist()).among(classification.labels),
        )
        for (start, end), encoding, row in zip(parts.sentences, parts.encodings, probabilities, strict=False)
    ]
    return Explanation([Word(*span, each) for span, each in zip(parts.words, contributions, strict=True)], sentences)


def _falls(classifier: Classifier, whole: Classification, without: NDArray[np.float64], tokens: int) -> list[float]:
    """Return how much the log-odds of a text fall without each word.

    A model whose temperature depends on the length is a little surer of the text that is a word shorter, whatever the
    word: all is compared at the temperature of the whole text.

    Args:
        classifier: The model.
        whole: What the model says of the whole text.
        without: What it says without each word: probabilities of all its labels, shape (words, labels).
        tokens: Of the whole text.
    """
    columns = [classifier.labels.index(label) for label in whole.labels]
    divisor = (lambda _: 1.0) if classifier.attribution is None else classifier.attribution.divisor
    rows = np.vstack([whole.probabilities, without[:, columns] ** (divisor(max(1, tokens - 1)) / divisor(tokens))])
    least = HALF_A_STEP if classifier.sigmoid else TINY
    pro, contra = _sides(whole)
    odds = np.log(np.maximum(rows[:, pro].sum(axis=1), least)) - np.log(np.maximum(rows[:, contra].sum(axis=1), least))
    falls: list[float] = (odds[0] - odds[1:]).tolist()
    return falls


def _sides(classification: Classification) -> tuple[list[int], list[int]]:
    """Return the labels whose odds are attributed to the words, and those that they are against, by their indices."""
    labels = classification.labels
    if NEGATIVE in labels and POSITIVE in labels:
        return [labels.index(POSITIVE)], [labels.index(NEGATIVE)]
    best = classification.best
    return [best], [index for index in range(len(labels)) if index != best]


def _gradient(labels: Labels, classification: Classification) -> NDArray[np.float64]:
    """Return the gradient of the log-odds with respect to the logits.

    Args:
        labels: All of the model's.
        classification: Among them or some of them.

    Returns:
        Shape (labels,). 1 for the label whose odds they are; together −1 for those that it is against, in proportion
        to their probabilities.
    """
    gradient = np.zeros(len(labels))
    pro, contra = _sides(classification)
    for side, sign in ((pro, 1), (contra, -1)):
        chosen = [classification.labels[index] for index in side]
        probabilities = np.maximum([classification.probability(label) for label in chosen], TINY)
        gradient[[labels.index(label) for label in chosen]] = sign * probabilities / probabilities.sum()
    return gradient
