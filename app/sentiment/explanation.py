"""Explanation of a classification: leave-one-out attribution to words, and the sentiment of each sentence."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.sentiment.classifier import Classification, Classifier
from app.sentiment.labels import NEGATIVE, POSITIVE
from app.sentiment.sentences import split_sentences

TINY: Final = float(np.finfo(np.float32).tiny)
"""Lower bound of a probability under the logarithm."""


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        start: Where it starts in the text, in code points.
        end: Where it ends: ``text[start:end]`` is the word.
        contribution: Leave-one-out attribution: how much falls when the word is left out. That is the probability of
            ``positive`` where the model has a single output; else log-odds, to base e: of ``positive`` against
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


def explain(classifier: Classifier, text: str, classification: Classification) -> Explanation:
    """Explain the classification of a text.

    The cost is that of one prediction for each word that the model reads, and one for each sentence.

    Args:
        classifier: The model.
        text: The text.
        classification: What the model says of the whole text, perhaps among some of its labels only; sentences are
            classified among the same.
    """
    spans = split_sentences(text, classifier.tokenizer.rule)
    classifications, _ = classifier.classify_all([text[start:end] for start, end in spans])
    sentences = [
        Sentence(*span, found.among(classification.labels)) for span, found in zip(spans, classifications, strict=True)
    ]
    return Explanation(_words(classifier, text, classification), sentences)


def _words(classifier: Classifier, text: str, classification: Classification) -> list[Word]:
    """Leave out each word in turn.

    Of a text that is truncated, a word is left out of the tokens that the model read: none that was cut off takes its
    place, as that would add what the other word contributes. What was cut off contributes 0.
    """
    spans = classifier.tokenizer.rule.spans(text)
    ids = classifier.tokenizer.encode(text).ids
    # Below 0 is the start id, which stands in front of the words.
    words = classifier.truncate(range(len(spans) - len(ids), len(spans)))
    read = list(classifier.truncate(ids))
    left_out = {word: read[:place] + read[place + 1 :] for place, word in enumerate(words) if word >= 0}
    columns = [classifier.labels.index(label) for label in classification.labels]
    without = classifier.predict(list(left_out.values()))[:, columns]
    rows = np.vstack([classification.probabilities, without])
    whole, *rest = _evidence(rows, classification, sigmoid=classifier.sigmoid).tolist()
    contributions = [0.0] * len(spans)
    for word, evidence in zip(left_out, rest, strict=True):
        contributions[word] = whole - evidence
    return [Word(*span, contribution) for span, contribution in zip(spans, contributions, strict=True)]


def _evidence(
    probabilities: NDArray[np.float64], classification: Classification, *, sigmoid: bool
) -> NDArray[np.float64]:
    """Return the quantity that is attributed to the words.

    Args:
        probabilities: Of the labels of the classification, in proportion; shape (n, labels).
        classification: That of the whole text.
        sigmoid: Whether the model has a single output.

    Returns:
        Shape (n,). The probability of ``positive`` where the model has a single output. Else log-odds, to base e: of
        ``positive`` against ``negative`` where both are among the labels, else of the classification's label against
        the others.
    """
    labels = classification.labels
    if sigmoid:
        return probabilities[:, labels.index(POSITIVE)]
    if NEGATIVE in labels and POSITIVE in labels:
        pro, contra = probabilities[:, labels.index(POSITIVE)], probabilities[:, labels.index(NEGATIVE)]
    else:
        pro = probabilities[:, classification.best]
        contra = np.delete(probabilities, classification.best, axis=1).sum(axis=1)
    odds: NDArray[np.float64] = np.log(np.maximum(pro, TINY)) - np.log(np.maximum(contra, TINY))
    return odds
