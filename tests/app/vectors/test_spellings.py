import unicodedata

import pytest

from app.vectors.spellings import closest
from app.vectors.vocabulary import Vocabulary

VOCABULARY = Vocabulary.of(
    ["the", "receive", "queen", "new", "new-york", "café", "queens", "received", "mother-in-law", "i", "quiche"]
)


@pytest.mark.parametrize(
    ("word", "first"),
    [
        ("recieve", "receive"),
        ("Recieve", "receive"),
        ("qeen", "queen"),
        ("quueen", "queen"),
        ("quean", "queen"),
        ("new york", "new-york"),
        ("cafe", "café"),
        ("cafe\u0301", "café"),
        ("queen,", "queen"),
        ("mother in law", "mother-in-law"),
        ("receiving", "receive"),
        ("queenslander", "queens"),
    ],
)
def test_the_word_that_was_meant_comes_first(word: str, first: str) -> None:
    assert closest(word, VOCABULARY)[0] == first


@pytest.mark.parametrize("word", ["", "😀", "x", "zzzzzzz", "\ud800", "q" * 100_000])
def test_nothing_is_near(word: str) -> None:
    assert closest(word, VOCABULARY) == []


def test_a_long_word_is_not_normalized(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def noted(_form: str, word: str) -> str:
        sizes.append(len(word))
        return word

    monkeypatch.setattr(unicodedata, "normalize", noted)
    closest("\u0300" * 500 + "\u0316" * 500, VOCABULARY)
    closest("cafe\u0301", VOCABULARY)
    assert sizes == [5, 5]


def test_the_more_frequent_of_the_near_words_comes_first() -> None:
    assert closest("queenz", VOCABULARY)[:2] == ["queen", "queens"]


def test_there_are_not_more_than_asked_for() -> None:
    assert closest("quee", VOCABULARY, 1) == ["queen"]


def test_words_that_are_as_near_are_in_order_of_frequency() -> None:
    words = ["sat", "cat", "mat", "bat", "rat", "hat", "fat"]
    assert closest("xat", Vocabulary.of(words), len(words)) == words
