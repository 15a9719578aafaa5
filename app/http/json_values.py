"""How many values a JSON body has, counted before it is parsed.

A body of nothing but values takes long to parse, much memory, and longest to complain of.
"""

from dataclasses import dataclass
from typing import Final

_PIECE: Final = 2**16
"""Bytes that are looked at at once, so that other threads get their turn in between."""

_DEPTH: Final = 200
"""Lists and objects in one another at which pydantic-core gives up."""


@dataclass(frozen=True)
class Values:
    """What a body has of JSON's punctuation, outside of its strings.

    Attributes:
        commas: Number of ``,``.
        colons: Number of ``:``, one for each field of an object.
        lists: Number of ``[``.
        objects: Number of ``{``.
    """

    commas: int
    colons: int
    lists: int
    objects: int

    @property
    def total(self) -> int:
        """How many values there are at most.

        Lists and objects that stand side by side have commas between them, and none are parsed that lie too deep.
        """
        return min(1 + self.commas + self.lists + self.objects, (1 + self.commas) * _DEPTH)

    @property
    def scalars(self) -> int:
        """How many of them are neither lists nor objects."""
        return 1 + self.commas

    @property
    def items(self) -> int:
        """How many items the lists have, where one object holds lists of plain values."""
        return self.commas - self.colons + 1 + self.lists


def count_values(body: bytes) -> Values:
    """Count the values of a JSON body; of any other bytes, whatever looks like them."""
    commas = colons = lists = objects = 0
    inside, carried = False, b""
    for start in range(0, len(body), _PIECE):
        piece = carried + body[start : start + _PIECE]
        # A backslash at the end is looked at with what follows it, unless it is one that is escaped itself.
        escapes = len(piece) - len(piece.rstrip(b"\\"))
        carried = b"\\" if escapes % 2 else b""
        piece = piece[: len(piece) - len(carried)]
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"").replace(b'\\"', b"")
        parts = piece.split(b'"')
        outside = b"".join(parts[inside::2])
        inside ^= len(parts) % 2 == 0
        commas += outside.count(b",")
        colons += outside.count(b":")
        lists += outside.count(b"[")
        objects += outside.count(b"{")
    return Values(commas, colons, lists, objects)
