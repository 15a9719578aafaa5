"""The vocabulary: the film network's words, those that other texts use, and frequent ones of English."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from app.sentiment.rules import EVERYDAY, Rule
from app.sentiment.tokenizer import Tokenizer

RARE: Final = 2
"""A word that texts have fewer times is taken only if it is a frequent one of English."""
_STRENGTH: Final = 50.0
"""Of the regression's L2 regularization."""


def extended(films: Tokenizer, texts: Iterable[str], english: Iterable[str], size: int) -> Tokenizer:
    """Add words behind those of the film network, whose ids stay.

    Args:
        films: Its tokenizer.
        texts: The other texts that are trained on.
        english: Words of English, the most frequent first.
        size: Number of ids.
    """
    counts = Counter(word for text in texts for word in EVERYDAY.split(text))
    known = set(films.words)
    used = [word for word, count in counts.most_common() if count >= RARE and _is_new(word, known, EVERYDAY)]
    words = [*films.words, *used]
    taken = set(words)
    for word in english:
        if len(words) >= size - len(films.reserved):
            break
        if word not in taken and word.isalpha() and _is_new(word, known, EVERYDAY):
            words.append(word)
    return Tokenizer(words[: size - len(films.reserved)], films.reserved, EVERYDAY)


def _is_new(word: str, known: set[str], rule: Rule) -> bool:
    return word not in known and rule.split(word) == [word] and not any(other in known for other in rule.respelt(word))


def vectors(
    films: NDArray[np.float32], tokenizer: Tokenizer, english: Mapping[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Give each new word the vector that a regression on its vector of English predicts.

    The regression is fitted on the words that both know.

    Args:
        films: The film network's vectors, shape (its vocabulary, dimensions).
        tokenizer: The extended one.
        english: Vectors of words of English.

    Returns:
        Shape (vocabulary, dimensions). Words without a vector of English get the mean of the new ones that have one.
    """
    first = len(tokenizer.reserved)
    old, new = tokenizer.words[: len(films) - first], tokenizer.words[len(films) - first :]
    shared = [index for index, word in enumerate(old) if word in english]
    regression = Ridge(alpha=_STRENGTH)
    regression.fit(np.stack([english[old[index]] for index in shared]), films[[first + index for index in shared]])
    found = np.full((len(new), films.shape[1]), np.nan, np.float32)
    given = [index for index, word in enumerate(new) if word in english]
    if given:
        found[given] = regression.predict(np.stack([english[new[index]] for index in given]))
    found[np.isnan(found)] = 0
    mean = found[given].mean(axis=0) if given else np.zeros(films.shape[1], np.float32)
    found[[index for index in range(len(new)) if index not in set(given)]] = mean
    return np.concatenate([films, found])


def beside(
    films: NDArray[np.float32], tokenizer: Tokenizer, english: Mapping[str, NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Put the vector of English behind each word's vector, brought to the same deviation; zeros where there is none.

    Returns:
        Shape (vocabulary, dimensions of both).
    """
    dimensions = len(next(iter(english.values())))
    found = np.zeros((tokenizer.vocabulary_size, dimensions), np.float32)
    for index, word in enumerate(tokenizer.words, start=len(tokenizer.reserved)):
        if word in english:
            found[index] = english[word]
    scale = films[len(tokenizer.reserved) :].std() / found[np.abs(found).max(axis=1) > 0].std()
    return np.concatenate([films, found * np.float32(scale)], axis=1)
