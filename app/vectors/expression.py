"""Arithmetic on words as people type it: ``queen - king + man``."""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

_SIGNS: Final = {"+": "+", "-": "-", "−": "-", "–": "-"}
"""Signs and what they mean; keyboards and word processors make the dashes."""
_SIGN: Final = re.compile(f"([{re.escape(''.join(_SIGNS))}])")


class ExpressionError(ValueError):
    """It cannot be read. The message is a sentence."""


class Sum(NamedTuple):
    """The words to add, and those to subtract."""

    positive: list[str]
    negative: list[str]


def parse(expression: str, is_word: Callable[[str], bool]) -> Sum:
    """Read a sum of words.

    Words with nothing between them are added: a ``+`` in an address is a space by the time it arrives. A hyphen
    within a word belongs to it if there is such a word (*mother-in-law*), else it is a minus (``queen-king``).

    Args:
        expression: Words with ``+`` and ``-`` between them.
        is_word: Whether there is such a word.

    Raises:
        ExpressionError: There is no word, or a sign has none after it.
    """
    found = Sum([], [])
    sign = ""
    for part in _parts(expression, is_word):
        if part not in _SIGNS:
            (found.negative if sign == "-" else found.positive).append(part)
            sign = ""
        elif sign:
            raise ExpressionError(f"There is no word between {sign!r} and {part!r}; write it like queen - king + man.")
        else:
            sign = _SIGNS[part]
    if sign:
        raise ExpressionError(f"There is no word after the last {sign!r}; write it like queen - king + man.")
    if not found.positive and not found.negative:
        raise ExpressionError("There is no word in it; write it like queen - king + man.")
    return found


def _parts(expression: str, is_word: Callable[[str], bool]) -> Iterator[str]:
    """Yield words and signs."""
    for piece in expression.split():
        if piece in _SIGNS:
            yield piece
            continue
        # A sign before the word is one even if the space has a word like "-king".
        body = piece.lstrip("".join(_SIGNS))
        yield from piece[: len(piece) - len(body)]
        if body and not is_word(body) and _SIGN.search(body):
            yield from filter(None, _SIGN.split(body))
        elif body:
            yield body
