"""What there is to warn of in a text, decided from its tokens.

Whether a text is in the model's language follows from the ids. They are ranks by frequency: half of the words of
English text are among the 150 most frequent ones, while text in another language has few of these, and many words that
are unknown. Each word is evidence for or against, and a text needs :data:`NOT_ENGLISH_FROM` more against than for:
three words of random letters have it, and a sentence in which three names are unknown has not. In another script,
evidence against at all is enough where its letters prevail. No weight depends on ids beyond the first 150, nor on the
size of the vocabulary.

The weights were chosen on reviews, titles, comments and phrases in English, and on Debian's translations of package
descriptions, manuals and messages into 36 other languages of Latin script and 30 of other scripts.
"""

import re
from typing import Final, Literal

from app.sentiment.codes import NO_WORDS, NOT_ENGLISH, TRUNCATED, UNKNOWN_WORDS, WarningCode, Warnings
from app.sentiment.tokenizer import Encoding, Tokenizer

Language = Literal["en"]
"""Of a model: a language tag (BCP 47)."""

FREQUENT: Final = 150
"""Ranks of the words that speak for English: half of all words of a text are among them."""
SHARED: Final = frozenset(["a", "an", "do", "i", "in", "me", "no", "on", "so", "!", "?", "10", "br"])
"""Frequent ones that do not: words of many languages, and what markup leaves."""
# fmt: off
FOREIGN: Final = frozenset([
    "de", "la", "le", "les", "des", "du", "un", "une", "et", "est", "en", "que", "qui", "pas", "je", "il", "elle",
    "dans", "avec", "el", "los", "las", "del", "para", "es", "se", "di", "che", "sono", "della", "um", "uma", "em",
    "os", "der", "das", "und", "ist", "nicht", "ein", "eine", "mit", "von", "zu", "ich", "het", "een", "og", "det",
    "jeg", "och", "att", "jest", "si", "bir",
])
# fmt: on
"""Frequent words of other languages. A vocabulary has some of them, from titles, names and quotations."""

UNKNOWN_WEIGHT: Final = 1.0
FREQUENT_WEIGHT: Final = -1.0
FOREIGN_WEIGHT: Final = 1.5
ACCENT_WEIGHT: Final = 0.5
"""Of letters with accents and the like, once a text: names have them in English too."""
NOT_ENGLISH_FROM: Final = 2.5

CLEAR: Final = 8
"""Where at most one of so many words is unknown, nothing else is looked at, and most texts cost no more than that.
Of English texts nine in ten have no more, of others one in a thousand."""
SYLLABLE: Final = 3
"""Letters that a character of Chinese, Japanese or Korean stands for."""
SAMPLE: Final = 500
"""Characters at the start of a text that are looked at again, for product codes and other scripts."""

_NOTHING: Final[Warnings] = ()
_ONLY_TRUNCATED: Final[Warnings] = (TRUNCATED,)
_ONLY_NO_WORDS: Final[Warnings] = (NO_WORDS,)

_LATIN: Final = (
    r"\x00-\u036f\u1d00-\u1eff"  # with accents, of phonetics, of Vietnamese
    r"\u2070-\u24ff\u2c60-\u2c7f\ua720-\ua7ff\uab30-\uab6f\ufb00-\ufb06"  # raised, encircled, rare, ligatures
    r"\uff21-\uff5a\U0001d400-\U0001d7ff"  # wide, and the bold and script letters of mathematics
)
_OTHER_SCRIPT: Final = re.compile(rf"[^\W\d_{_LATIN}]+")
_SYLLABLES: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]+")
_ACCENTED: Final = re.compile(r"[\xc0-\xd6\xd8-\xf6\xf8-\u024f\u1e00-\u1eff]")
_NO_LETTERS: Final = bytes(code for code in range(128) if not chr(code).isalpha())
_NUMBER: Final = re.compile(r"\d\w*")
"""A number, or a word from its first digit on."""


class WarningRules:
    """Decides what there is to warn of in texts that a model reads. Safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer, language: Language | None) -> None:
        """Prepare the evidence of each id.

        Args:
            tokenizer: The model's.
            language: That of the texts that the model was trained on; ``None`` if that is not known: then there is no
                warning of other languages.
        """
        self._evidence = _evidence(tokenizer) if language == "en" else None

    def warnings(self, text: str, encoding: Encoding, *, truncated: bool) -> Warnings:
        """Return what there is to warn of.

        Args:
            text: The text.
            encoding: What the model's tokenizer makes of it.
            truncated: Whether it is longer than the model reads.
        """
        words, unknown = encoding.words, encoding.unknown
        if not words:
            return _ONLY_NO_WORDS
        if unknown * CLEAR <= words:
            return _ONLY_TRUNCATED if truncated else _NOTHING
        doubt: WarningCode | None = None
        if self._evidence is not None and _is_foreign(text, encoding, self._evidence):
            doubt = NOT_ENGLISH
        elif unknown * 3 >= words * 2:
            doubt = UNKNOWN_WORDS
        if doubt is None:
            return _ONLY_TRUNCATED if truncated else _NOTHING
        return (TRUNCATED, doubt) if truncated else (doubt,)


def _evidence(tokenizer: Tokenizer) -> list[float]:
    """Return what each id says against English; nothing for the unknown word, which some tokenizers have no id for."""
    words = [_weight(rank, word) for rank, word in enumerate(tokenizer.words)]
    return [0.0] * len(tokenizer.reserved) + words


def _weight(rank: int, word: str) -> float:
    if word in FOREIGN:
        return FOREIGN_WEIGHT
    return FREQUENT_WEIGHT if rank < FREQUENT and word not in SHARED else 0.0


def _is_foreign(text: str, encoding: Encoding, evidence: list[float]) -> bool:
    against = encoding.unknown * UNKNOWN_WEIGHT + sum(map(evidence.__getitem__, encoding.ids))
    if against <= 0:
        return False
    sample = text[:SAMPLE]
    needed = NOT_ENGLISH_FROM + _codes(sample) * UNKNOWN_WEIGHT
    if against >= needed or sample.isascii():
        return against >= needed
    if _ACCENTED.search(sample):
        against += ACCENT_WEIGHT
    return against >= needed or _is_of_another_script(sample)


def _is_of_another_script(text: str) -> bool:
    """Whether the letters of other scripts outweigh those of ASCII. Words would not do: Chinese has no spaces."""
    others = sum(map(len, _OTHER_SCRIPT.findall(text))) + (SYLLABLE - 1) * sum(map(len, _SYLLABLES.findall(text)))
    return others > len(text.encode("ascii", "ignore").translate(None, _NO_LETTERS))


def _codes(text: str) -> int:
    """Count words that have digits and that no language knows: ``1000xm4`` and ``4471``, but not ``10``."""
    return sum(len(number) > 2 or not number.isdigit() for number in _NUMBER.findall(text))
