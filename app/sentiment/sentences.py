"""Sentence splitting by a few rules that suit reviews.

A sentence ends at ``.``, ``!``, ``?`` or ``…``, with the quotes and brackets that close there, before a space or a tab;
and at a line break, or HTML's ``<br />``. A single full stop after an initial or an abbreviation ends nothing.
"""

import re
from typing import Final

from app.sentiment.rules import Rule

_BREAK: Final = re.compile(
    # The quantifiers are possessive, and only the first of several marks is looked at: a text of nothing but marks
    # takes no longer than any other.
    r"""(?<![.!?…])(?P<stop>[.!?…]++["'”’»)\]}]*+)(?=[ \t])|\n|<br\s*/?>""",
    re.IGNORECASE,
)
_ABBREVIATION: Final = re.compile(
    # A letter, as in "J. R." and "e.g."; but "I." is more often the word than an initial.
    r"""(?:^|[\s.(\["“])(?:[^\W\d_I]|[Mm](?:rs?|s|essrs)|[DSJ]r|[Pp]rof|St|[Vv]s|[Cc]f|Gen|Col|Capt|Lt|Sgt|Rev|Hon)\.$"""
)
_LONGEST: Final = 8
"""Characters to look at before a full stop: the longest abbreviation and what stands in front of it."""


def split_sentences(text: str, rule: Rule) -> list[tuple[int, int]]:
    """Find the sentences of a text.

    Every word of the text, as the model's rule finds them, is in exactly one of them; not, though, the ``br`` of a line
    break, nor white space that the rule holds for part of a word. Where a lone ``!`` is a word, it is a sentence too.

    Args:
        text: The text.
        rule: The model's pre-tokenizer.

    Returns:
        Start and end of each sentence in the text, in code points: in order, without overlap, with at least one word
        and no white space at the edges.
    """
    found: list[tuple[int, int]] = []
    start = 0
    for match in _BREAK.finditer(text):
        stop = match.end("stop")
        if match["stop"] == "." and _ABBREVIATION.search(text[max(start, stop - _LONGEST) : stop]):
            continue
        found += _sentence(text, start, match.start() if stop < 0 else stop, rule)
        start = match.end()
    return found + _sentence(text, start, len(text), rule)


def _sentence(text: str, start: int, end: int, rule: Rule) -> list[tuple[int, int]]:
    """Return the place without white space at its edges; nothing, if it has no word."""
    piece = text[start:end]
    if not any(map(str.strip, rule.split(piece))):
        return []
    return [(end - len(piece.lstrip()), start + len(piece.rstrip()))]
