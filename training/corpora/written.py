"""Short texts of everyday life that were written, with their labels, for this repository.

They have what the published corpora lack: support and shops, food and travel, apps and work; negation in all its forms,
verdicts without any word of praise or blame, contrast, and plain facts, questions and requests, which are neutral.
"""

from pathlib import Path
from typing import Final, NamedTuple

FILE: Final = Path(__file__).with_name("written.tsv")
"""A text a line: its label, a tab, and the text."""


class Written(NamedTuple):
    """A text: ``negative``, ``neutral`` or ``positive``, and what it says."""

    label: str
    text: str


def load() -> list[Written]:
    """Read the texts."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [Written(*line.split("\t")) for line in lines]
