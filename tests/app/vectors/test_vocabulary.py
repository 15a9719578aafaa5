from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vectors.vocabulary import Vocabulary

WORDS = ["the", "The", "naïve", "and/or", "theatre", "😀", "a b", "th", "zebra"]

words = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")), min_size=1, unique=True)


@given(words)
def test_every_word_is_found_in_its_row(words: list[str]) -> None:
    vocabulary = Vocabulary.of(words)
    assert len(vocabulary) == len(words)
    assert list(vocabulary) == words
    assert [vocabulary.find(word) for word in words] == list(range(len(words)))


@given(words, st.text())
def test_no_other_word_is_found(words: list[str], other: str) -> None:
    assert (Vocabulary.of(words).find(other) is None) == (other not in words)


@given(words, st.text(min_size=1, max_size=3))
def test_beginnings(words: list[str], prefix: str) -> None:
    expected = [word for word in words if word.startswith(prefix)]
    assert Vocabulary.of(words).starting_with(prefix, 100) == expected
    assert Vocabulary.of(words).starting_with(prefix, 1) == expected[:1]


def test_an_order_that_was_stored_is_used() -> None:
    order = Vocabulary.of(WORDS).order
    text = "".join(f"{word}\n" for word in WORDS).encode()
    assert [Vocabulary(text, order).find(word) for word in WORDS] == list(range(len(WORDS)))


def test_of_two_words_that_are_alike_the_first_is_found() -> None:
    assert Vocabulary.of(["b", "a", "b", "a"]).find("a") == 1


def test_a_lone_surrogate_is_no_word() -> None:
    assert Vocabulary.of(WORDS).find("\ud800") is None


@pytest.mark.parametrize("text", [b"", b"the", b"the\nof"])
def test_text_that_is_cut(text: bytes) -> None:
    with pytest.raises(ValueError, match="do not end with the end of a line"):
        Vocabulary(text)


def test_an_order_of_another_length() -> None:
    with pytest.raises(ValueError, match="2 words have an order of 3"):
        Vocabulary(b"the\nof\n", np.arange(3, dtype=np.uint32))


@given(st.lists(st.text("a\0é", max_size=20).map(str.encode), min_size=2, max_size=6), st.randoms())
def test_an_order_is_taken_if_it_is_that_of_the_words(words: list[bytes], random: Random) -> None:
    order = np.arange(len(words), dtype=np.uint32)
    for _ in range(3):
        in_order = [words[row] for row in order]
        text = b"".join(word + b"\n" for word in words)
        if all(word < following for word, following in pairwise(in_order)):
            assert np.array_equal(Vocabulary(text, order).order, order)
        else:
            with pytest.raises(ValueError, match="in another order, or one stands twice"):
                Vocabulary(text, order)
        order = np.array(
            sorted(order, key=words.__getitem__) if random.random() < 0.5 else random.sample(list(order), len(order)),
            dtype=np.uint32,
        )
