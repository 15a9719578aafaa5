"""Small reviews in pairs, of our own making: a few words are edited in between, and the verdict turns over.

Most of a pair is the same on both sides, so a model that goes by the drift of a text gets one of them wrong. With real
reviews: Kaushik, Hovy and Lipton, *Learning the Difference that Makes a Difference with Counterfactually-Augmented
Data*, ICLR 2020; Gardner et al., *Evaluating Models' Local Decision Boundaries via Contrast Sets*, Findings of EMNLP
2020. All were written before any model was run on them, and none was taken out afterwards.
"""

import json
import re
from pathlib import Path
from typing import Final

from training.sentiment.evaluation.short_texts import ShortTexts

FILE: Final = Path(__file__).with_name("edits.json")
"""Each pair as one text, in which ``{praise|blame}`` is what differs."""
_EDIT: Final = re.compile(r"\{([^{|}]+)\|([^{|}]+)\}")
_SIDES: Final = ((r"\1", 1), (r"\2", 0))


def edits() -> ShortTexts:
    """Return the texts; each that praises is followed by the one that blames."""
    pairs: list[str] = json.loads(FILE.read_text(encoding="utf-8"))
    return ShortTexts.of([(_EDIT.sub(side, pair), label) for pair in pairs for side, label in _SIDES])
