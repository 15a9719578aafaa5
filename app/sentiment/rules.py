"""Pre-tokenizers: rules that split a text into words. A model's tokenizer names the one that it was trained with.

:data:`KERAS` is the rule of Keras' ``Tokenizer``: lower-case, turn :data:`FILTERS` into spaces, split on spaces.

:data:`REVIEWS` keeps what carries sentiment beside the words: ``!`` and ``?`` are words, emoticons and emoji become
one of two faces, and ``n't`` is a word of its own. In this order, it

1. makes the text lower-case, and folds the apostrophes that people type into one;
2. takes ``<br />`` for a space;
3. turns emoticons and emoji into ``☺`` or ``☹``, and skin tones and the like into spaces;
4. parts ``n't`` from the word before it;
5. makes every ``!`` and ``?`` a word, and turns all other punctuation into spaces;
6. splits on spaces, and takes the apostrophes at the edges of each word away.

:data:`EVERYDAY` is the same, and respells a word that is not in the vocabulary: ``soooo`` is looked up as ``soo`` and
``so``, ``phone's`` as ``phone``.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

FILTERS: Final = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
"""What :data:`KERAS` turns into spaces."""

Span = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Rule:
    """A pre-tokenizer.

    Attributes:
        name: Its name in training recipes.
        document: Its description in a tokenizer's artifact, from which it could be written again.
        split: Text to words. Splitting the words joined by spaces gives the same words.
        spans: Text to the start and the end of each of these words in the text as it stands, in code points.
        respelt: A word to its other spellings, to be looked up in turn where the word is not in the vocabulary.
    """

    name: str
    document: dict[str, Any]
    split: Callable[[str], list[str]]
    spans: Callable[[str], list[Span]]
    respelt: Callable[[str], Iterable[str]] = lambda _: ()


def _spaces(characters: str) -> bytes:
    return bytes.maketrans(characters.encode(), b" " * len(characters))


def _translate(text: str, table: bytes) -> str:
    """Replace ASCII characters.

    They may be replaced in UTF-8: that is five times as fast as ``str.translate`` on a text that has a single character
    beyond ASCII.
    """
    return text.encode("utf-8", "surrogatepass").translate(table).decode("utf-8", "surrogatepass")


_KERAS_SPACES: Final = _spaces(FILTERS)
_KERAS_WORD: Final = re.compile(f"[^ {re.escape(FILTERS)}]+")


def _keras_split(text: str) -> list[str]:
    r"""Split as Keras' ``text_to_word_sequence`` does.

    Only the space separates: ``\r``, ``\xa0`` and other blanks stay part of a word, as they do in Keras.
    """
    return list(filter(None, _translate(text.lower(), _KERAS_SPACES).split(" ")))


def _keras_spans(text: str) -> list[Span]:
    """Find the words.

    Nothing needs to be lower-cased for that: no character becomes one that separates words, or ceases to be one.
    """
    return [match.span() for match in _KERAS_WORD.finditer(text)]


KERAS: Final = Rule("keras", {"lower": True, "filters": FILTERS, "split": " "}, _keras_split, _keras_spans)

_SMILING_FACE: Final = "☺"
_FROWNING_FACE: Final = "☹"
_FACES: Final = _SMILING_FACE + _FROWNING_FACE

_APOSTROPHE: Final = "'"
_APOSTROPHE_VARIANTS: Final = "’‘´`"
_MARKUP: Final = ("<br />", "<br/>", "<br>")
_EMOTICONS: Final = {
    _SMILING_FACE: (":)", ":-)", ";)", ";-)", "=)", ":d", ":-d"),
    _FROWNING_FACE: (":(", ":-(", "=(", ":'("),
}
_EMOJI: Final = {
    _SMILING_FACE: (
        "☺☻😀😁😂😃😄😅😆😇😉😊😋😌😍😎🙂🤗🤠🤣🤩🥰🥲🥳😗😘😙😚😛😜😝🤪😸😹😺😻😽"
        "♥❣❤💌💓💕💖💗💘💙💚💛💜💝💞💟🖤🤍🤎🧡👍👌👏🙌🎉💯"
    ),
    _FROWNING_FACE: "☹🙁😞😟😠😡😢😣😤😥😦😧😩😫😭😒😓😔😕😖😿😾🙄🤢🤮🤬🥱🥺👿💔💩👎🖕",
}
_CONTRACTION: Final = "n't"
_MARKS: Final = "!?"
_PUNCTUATION: Final = '"#$%&()*+,-./:;<=>@[\\]^_{|}~\t\n\r'
_QUOTES_AND_DASHES: Final = "“”„«»…–—"
_INVISIBLE: Final = "\x85\xa0\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
"""Blanks, variation selectors and skin tones, which modify the emoji in front of them."""

_REVIEWS_SPACES: Final = _spaces(_PUNCTUATION)
_REPLACED: Final = {
    **dict.fromkeys(_APOSTROPHE_VARIANTS, _APOSTROPHE),
    **dict.fromkeys(_QUOTES_AND_DASHES + _INVISIBLE, " "),
    **{emoji: face for face, group in _EMOJI.items() for emoji in group},
}
_BEYOND_ASCII: Final = [
    (character, f" {new} " if new in _EMOJI else new) for character, new in _REPLACED.items() if not character.isascii()
]


def _one_of(emoticons: tuple[str, ...]) -> str:
    """Return a pattern; an emoticon that ends in a letter is none before a letter or digit, as in ``:day``."""
    return "|".join(re.escape(one) + (r"(?![^\W_])" if one[-1].isalpha() else "") for one in emoticons)


def _emoticon_patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    """Return a pattern for each first character and each face: one that begins with a literal is found fast.

    Returns:
        The first character, such as ``:``; what replaces an emoticon, with spaces around it; and the pattern.
    """
    return [
        (eyes, f" {face} ", re.compile(_one_of(tuple(one for one in group if one[0] == eyes))))
        for face, group in _EMOTICONS.items()
        for eyes in dict.fromkeys(one[0] for one in group)
    ]


_MARKUP_PATTERN: Final = re.compile("|".join(_MARKUP))
_EMOTICON_PATTERNS: Final = _emoticon_patterns()


def _reviews_split(text: str) -> list[str]:
    text = text.lower().replace("`", _APOSTROPHE)
    if not text.isascii():
        # To look for each is ten times as fast as one regular expression or ``str.translate``.
        for character, new in _BEYOND_ASCII:
            if character in text:
                text = text.replace(character, new)
    if "<" in text:
        text = _MARKUP_PATTERN.sub(" ", text)
    for eyes, face, pattern in _EMOTICON_PATTERNS:
        if eyes in text:
            text = pattern.sub(face, text)
    text = text.replace(_CONTRACTION, f" {_CONTRACTION}").replace("!", " ! ").replace("?", " ? ")
    text = _translate(f" {text} ", _REVIEWS_SPACES)
    words: Iterable[str] = text.split(" ")
    if " '" in text or "' " in text:
        words = map(str.strip, words, repeat(_APOSTROPHE))
    return list(filter(None, words))


_SEPARATING: Final = re.escape(f" {_PUNCTUATION}{_MARKS}{_FACES}")
_REVIEWS_WORD: Final = re.compile(
    f"(?P<markup>{'|'.join(_MARKUP)})|{'|'.join(map(_one_of, _EMOTICONS.values()))}|[{_MARKS}{_FACES}]"
    # Lazy, since a repeated group would keep a state for each character: 1 GB for a word of 16 MB. A possessive group
    # keeps none, but overlooks a negative lookahead in early CPython 3.11, Debian 12's too (python/cpython#100061).
    f"|[^{_SEPARATING}]+?(?={_CONTRACTION}|[{_SEPARATING}]|\\Z)"
)
_REPLACEMENTS: Final = str.maketrans(_REPLACED)


def _reviews_spans(text: str) -> list[Span]:
    # İ is the one character that is longer in lower case.
    same_length = text.replace("İ", "i").lower().translate(_REPLACEMENTS)
    spans = []
    for match in _REVIEWS_WORD.finditer(same_length):
        word = match[0]
        start = match.end() - len(word.lstrip(_APOSTROPHE))
        end = match.start() + len(word.rstrip(_APOSTROPHE))
        if start < end and not match["markup"]:
            spans.append((start, end))
    return spans


REVIEWS: Final = Rule(
    "reviews",
    {
        "lower": True,
        "folded": {_APOSTROPHE: _APOSTROPHE_VARIANTS},
        "markup": list(_MARKUP),
        "emoticons": {face: list(group) for face, group in _EMOTICONS.items()},
        "no_emoticon": "one that ends in a letter, before a letter or digit",
        "emoji": _EMOJI,
        "parted": _CONTRACTION,
        "words": _MARKS,
        "filters": _PUNCTUATION + _QUOTES_AND_DASHES,
        "unseen_filters": [f"U+{ord(character):04X}" for character in _INVISIBLE],
        "split": " ",
        "stripped": _APOSTROPHE,
    },
    _reviews_split,
    _reviews_spans,
)

_LENGTHENED: Final = re.compile(r"(.)\1{2,}")
_POSSESSIVE: Final = "'s"


def _respelt(word: str) -> Iterator[str]:
    parts = _LENGTHENED.split(word)  # takes a third of the time of substitutions
    if len(parts) > 1:
        letters = parts[1::2]
        parts[1::2] = [2 * letter for letter in letters]
        yield "".join(parts)
        parts[1::2] = letters
        yield "".join(parts)
    if word.endswith(_POSSESSIVE):
        yield word.removesuffix(_POSSESSIVE)


EVERYDAY: Final = Rule(
    "everyday",
    {
        **REVIEWS.document,
        "respelt": [
            "three or more of one character in a row as two",
            "three or more of one character in a row as one",
            f"without {_POSSESSIVE} at the end",
        ],
    },
    _reviews_split,
    _reviews_spans,
    _respelt,
)

RULES: Final = (KERAS, REVIEWS, EVERYDAY)
