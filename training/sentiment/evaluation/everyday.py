"""Sentences of everyday life with their labels, to measure with: what people type who try a sentiment model.

Twenty of each of twelve kinds, written and labelled by someone who had seen neither a model's answer nor what models
are trained on. None was taken out or changed afterwards.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("everyday.json")
"""Each kind with its texts, and the label of each."""


@dataclass(frozen=True)
class Everyday:
    """The sentences.

    Attributes:
        texts: The texts.
        labels: Of each, ``negative``, ``neutral`` or ``positive``.
        kinds: Of each.
    """

    texts: list[str]
    labels: list[str]
    kinds: list[str]


def load() -> Everyday:
    """Return the sentences, kind by kind."""
    found: dict[str, list[tuple[str, str]]] = json.loads(FILE.read_text(encoding="utf-8"))
    rows = [(text, label, kind) for kind, pairs in found.items() for text, label in pairs]
    texts, labels, kinds = (list(column) for column in zip(*rows, strict=True))
    return Everyday(texts, labels, kinds)
