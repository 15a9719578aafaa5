import re
from pathlib import Path

import pytest

from app.sentiment.rules import KERAS
from training.corpora import imdb
from training.sentiment.card import remarks

QUOTED = 5
"""As many words in a row as a review has are a quotation."""


def quotes(remark: str, text: str) -> bool:
    words, of_text = KERAS.split(remark), f" {' '.join(KERAS.split(text))} "
    runs = (words[start : start + QUOTED] for start in range(len(words) - QUOTED + 1))
    return any(f" {' '.join(run)} " in of_text for run in runs)


def test_remarks_are_lines_on_reviews() -> None:
    for review, remark in remarks.load().items():
        assert re.fullmatch(r"(neg|pos)/\d+_\d+", review)
        assert re.fullmatch(r"\S.*\S", remark)


def test_a_quotation_is_noticed() -> None:
    text = "It began well, but<br />the end was dull; so dull."
    assert quotes("Says that the END was dull, so it is clear.", text)
    assert not quotes("Finds the end dull, the rest was good.", text)


def test_the_remarks_quote_no_review(real_data: Path) -> None:
    found = remarks.load()
    if not found:
        pytest.skip("there are no remarks yet")
    texts = {row.id: row.text for row in imdb.load("test", real_data).rows}
    for review, remark in found.items():
        assert review in texts
        assert not quotes(remark, texts[review]), review
