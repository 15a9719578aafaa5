"""Remarks of a reader on a model's worst errors, in words of their own: reviews are described, never quoted."""

import json
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("remarks.json")
"""A remark of one line for each review of the test split that was read, by its id."""


def load() -> dict[str, str]:
    """Return the remarks."""
    remarks: dict[str, str] = json.loads(FILE.read_text(encoding="utf-8"))
    return remarks
