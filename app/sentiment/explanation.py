"""Why a model says what it says of a text: what each word counts, and what the model says of each sentence."""

from typing import NamedTuple

from app.sentiment.classifier import Classification, Classifier
from app.sentiment.sentences import split_sentences


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        start: Where it starts in the text, in code points.
        end: Where it ends: ``text[start:end]`` is the word.
        contribution: How much the probability of positive falls when the word is left out, from −1 to 1.
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


def explain(classifier: Classifier, text: str, probability: float) -> Explanation:
    """Explain what a model says of a text.

    The cost is that of one prediction for each word that the model reads, and one for each sentence.

    Args:
        classifier: The model.
        text: The text.
        probability: What the model says of the whole text: the probability that it is positive.
    """
    spans = split_sentences(text, classifier.tokenizer.rule)
    classifications, _ = classifier.classify_all([text[start:end] for start, end in spans])
    sentences = [Sentence(*span, found) for span, found in zip(spans, classifications, strict=True)]
    return Explanation(_words(classifier, text, probability), sentences)


def _words(classifier: Classifier, text: str, probability: float) -> list[Word]:
    """Leave out each word in turn.

    Of a text that is truncated, a word is left out of the tokens that the model read: none that was cut off takes its
    place, as that would add what the other word counts. What was cut off counts nothing.
    """
    spans = classifier.tokenizer.rule.spans(text)
    ids = classifier.tokenizer.encode(text).ids
    # Below 0 is the start id, which stands in front of the words.
    words = classifier.truncate(range(len(spans) - len(ids), len(spans)))
    read = list(classifier.truncate(ids))
    left_out = {word: read[:place] + read[place + 1 :] for place, word in enumerate(words) if word >= 0}
    contributions = [0.0] * len(spans)
    for word, without in zip(left_out, classifier.predict(list(left_out.values())).tolist(), strict=True):
        contributions[word] = probability - without
    return [Word(*span, contribution) for span, contribution in zip(spans, contributions, strict=True)]
