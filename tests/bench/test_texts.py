import re
from collections import Counter
from statistics import median

import pytest

from bench.texts import LONGEST, MEDIAN_WORDS, Writer

WORDS = [first + second for first in "abcdefghij" for second in "klmnopqrst"]


def test_the_same_seed_gives_the_same_texts() -> None:
    one, same, other = (Writer(WORDS, seed) for seed in (3, 3, 4))
    texts = [one.text(40), *one.reviews(3)]
    assert texts == [same.text(40), *same.reviews(3)]
    assert texts != [other.text(40), *other.reviews(3)]
    assert Writer(WORDS).text(40) == Writer(WORDS).text(40)


@pytest.mark.parametrize("words", [1, 12, 14, 15, 235])
def test_a_text_has_so_many_words_in_sentences(words: int) -> None:
    text = Writer(WORDS).text(words)
    assert len(text.split()) == words
    assert set(re.findall(r"[a-z]+", text.lower())) <= set(WORDS)
    assert text.count(".") == max(1, words // 15)


def test_frequent_words_come_often_and_odd_ones_never() -> None:
    counts = Counter(re.findall(r"\w+", Writer(["it's", *WORDS, "naïve", "r2d2"]).text(20_000).lower()))
    assert set(counts) == set(WORDS)
    assert counts[WORDS[0]] > 3 * counts[WORDS[40]] > 3 * counts[WORDS[99]]


def test_reviews_are_as_long_as_reviews_are() -> None:
    lengths = [len(text.split()) for text in Writer(WORDS).reviews(400)]
    assert median(lengths) == pytest.approx(MEDIAN_WORDS, rel=0.15)
    assert 10 <= min(lengths) < max(lengths) <= LONGEST
