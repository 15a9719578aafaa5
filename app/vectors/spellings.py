"""Words that are spelt almost like one that is not there."""

import unicodedata
from collections.abc import Iterator
from string import ascii_lowercase
from typing import Final

from app.vectors.vocabulary import Vocabulary

COUNT: Final = 5
LONGEST: Final = 40
"""Of a longer word, only the beginning is compared: it has thousands of almost alike spellings, and normalizing it
takes time that grows with the square of its length."""
_SHORTEST: Final = 3
"""Any two shorter words are spelt almost alike."""
_LETTERS: Final = f"{ascii_lowercase}-"


def closest(word: str, vocabulary: Vocabulary, count: int = COUNT) -> list[str]:
    """Return the words that are most likely meant by one that is not in the vocabulary, likeliest first.

    These are, by frequency, those that are one edit away (Damerau's: a letter too many, too few, another, or two
    swapped), which four of five misspellings are; then those that share the longest beginning.
    """
    lower = word.lower()
    found = [row for spelling in set(_alike(lower)) if (row := vocabulary.find(spelling)) is not None]
    words = [vocabulary[row] for row in sorted(found)][:count]
    for size in range(min(len(lower), LONGEST), _SHORTEST - 1, -1):
        if len(words) >= count:
            break
        known = set(words)
        words += [other for other in vocabulary.starting_with(lower[:size], count) if other not in known]
    return words[:count]


def _alike(word: str) -> Iterator[str]:
    if len(word) <= LONGEST:
        yield unicodedata.normalize("NFC", word)
        yield "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))
    for joint in ("", "-", "_"):
        yield joint.join(word.split())
    yield word.strip(".,;:!?\"'()[]")
    if _SHORTEST <= len(word) <= LONGEST:
        yield from _edits(word)


def _edits(word: str) -> Iterator[str]:
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        yield from (before + letter + after for letter in _LETTERS)
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in _LETTERS)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
