import numpy as np
import pytest

from app.sentiment.rules import EVERYDAY, REVIEWS
from app.sentiment.tokenizer import Tokenizer
from training.sentiment.general import vocabulary

FILMS = Tokenizer(["film", "good", "so"], rule=REVIEWS)
ENGLISH = {
    word: np.array([number, 1.0], np.float32) for number, word in enumerate(["the", "film", "good", "so", "soup"])
}


def test_words_of_other_texts_stand_behind_those_of_films_and_keep_their_ids() -> None:
    found = vocabulary.extended(FILMS, ["lol lol soup", "soup soup once"], [], 20)
    assert found.words == ("film", "good", "so", "soup", "lol")
    assert found.rule is EVERYDAY
    assert [found.word_index[word] for word in FILMS.words] == [FILMS.word_index[word] for word in FILMS.words]


def test_what_is_a_word_that_is_known_in_another_spelling_is_not_added() -> None:
    found = vocabulary.extended(FILMS, ["sooo sooo film's film's lol lol"], ["soooo", "films"], 20)
    assert found.words == ("film", "good", "so", "lol", "films")


def test_frequent_words_of_english_fill_it_up_and_no_more() -> None:
    english = ["the", "film", "'s", "don't", "of", "x2", "and"]
    assert vocabulary.extended(FILMS, [], english, 8).words == ("film", "good", "so", "the", "of")
    assert vocabulary.extended(FILMS, ["lol lol omg omg"], english, 7).words == ("film", "good", "so", "lol")


def test_a_new_word_gets_what_its_english_vector_predicts_and_the_others_their_mean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vocabulary, "_STRENGTH", 1e-6)
    words = [f"w{letter}" for letter in "abcdefgh"]
    random = np.random.default_rng(1)
    english = {word: random.normal(size=3).astype(np.float32) for word in [*words, "soup", "tea"]}
    linear, shift = random.normal(size=(3, 2)), np.array([0.5, -1.0])
    films = np.stack([np.zeros(2)] * 3 + [english[word] @ linear + shift for word in words]).astype(np.float32)
    tokenizer = Tokenizer([*words, "soup", "lol", "tea"], rule=EVERYDAY)
    found = vocabulary.vectors(films, tokenizer, english)
    assert found.shape == (len(words) + 6, 2)
    np.testing.assert_array_equal(found[: len(films)], films)
    soup, lol, tea = found[len(films) :]
    np.testing.assert_allclose(soup, english["soup"] @ linear + shift, atol=1e-3)
    np.testing.assert_allclose(tea, english["tea"] @ linear + shift, atol=1e-3)
    np.testing.assert_allclose(lol, (soup + tea) / 2, atol=1e-5)


def test_without_new_words_the_vectors_stay() -> None:
    films = np.arange(12, dtype=np.float32).reshape(6, 2)
    np.testing.assert_array_equal(vocabulary.vectors(films, FILMS, ENGLISH), films)


def test_vectors_of_english_stand_beside_the_learnt_ones_and_vary_as_much() -> None:
    tokenizer = Tokenizer(["film", "lol", "good"], rule=EVERYDAY)
    films = np.random.default_rng(1).normal(0, 3, (6, 4)).astype(np.float32)
    found = vocabulary.beside(films, tokenizer, ENGLISH)
    np.testing.assert_array_equal(found[:, :4], films)
    english = found[:, 4:]
    assert not english[:3].any()
    assert not english[4].any()
    np.testing.assert_allclose(english[3] / english[5], ENGLISH["film"] / ENGLISH["good"], rtol=1e-5)
    assert english[[3, 5]].std() == pytest.approx(films[3:].std(), rel=1e-5)
