from typing import Final

import numpy as np
import pytest

from training.sentiment.general import variants as module
from training.sentiment.general.variants import Neighbours, variants

WORDS: Final = ("happy", "glad", "merry", "broken", "faulty", "damaged", "42", "straße")
VECTORS: Final = {
    "the": [1.0, 0.0, 0.0],
    "happy": [0.0, 1.0, 0.1],
    "glad": [0.0, 2.0, 0.0],
    "merry": [0.0, 0.9, 0.0],
    "broken": [0.1, 0.0, 1.0],
    "faulty": [0.0, 0.0, 3.0],
    "damaged": [0.0, 0.1, 1.0],
    "42": [1.0, 1.0, 1.0],
    "straße": [1.0, 1.0, 1.0],
}
PLEASED, BROKEN = {"happy", "glad", "merry"}, {"broken", "faulty", "damaged"}
TEXTS: Final = ["The parcel was broken, faulty and damaged again!", "I'm happy, glad and merry about the cat's toy."]


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> Neighbours:
    monkeypatch.setattr(module, "NEAREST", 2)
    monkeypatch.setattr(module, "_KEPT", 1)
    monkeypatch.setattr(module, "_ROWS", 2)  # so that not all words are in the first block
    return Neighbours.of(
        [*WORDS, "the", "unheard"], {word: np.array(vector, np.float32) for word, vector in VECTORS.items()}
    )


def test_the_neighbours_of_a_word_are_those_of_the_smallest_angle(neighbours: Neighbours) -> None:
    nearest = {word: {neighbours.words[place] for place in neighbours.nearest[at]} for word, at in _places(neighbours)}
    assert nearest["happy"] == PLEASED - {"happy"}
    assert nearest["faulty"] == BROKEN - {"faulty"}


def _places(neighbours: Neighbours) -> list[tuple[str, int]]:
    return list(neighbours.place.items())


def test_grammar_and_what_is_no_word_is_not_replaced(neighbours: Neighbours) -> None:
    assert set(neighbours.place) == PLEASED | BROKEN


def test_a_word_is_replaced_by_one_near_it_and_keeps_its_capital(
    neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REPLACED", 1.0)
    first, last = neighbours.replace("Happy, but the cable is broken.", np.random.default_rng(1)).split(
        ", but the cable is "
    )
    assert first[0].isupper()
    assert first.lower() in PLEASED - {"happy"}
    assert last.removesuffix(".") in BROKEN - {"broken"}


def test_words_with_an_apostrophe_stay(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REPLACED", 1.0)
    text = "happy's un'broken don’glad"
    assert neighbours.replace(text, np.random.default_rng(1)) == text


def test_variants_are_runs_and_halves_of_the_texts(neighbours: Neighbours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REPLACED", 0.0)
    found = variants(TEXTS, 60, neighbours, np.random.default_rng(3))
    assert len(found) == len(set(found)) > 20
    assert not set(found) & set(TEXTS)
    joined = {text for text in found if not any(text in one for one in TEXTS)}
    assert joined == _halves() - set(TEXTS)
    runs = set(found) - joined
    assert len(runs) > 10
    assert all(len(run.split()) <= 9 for run in runs)


def _halves() -> set[str]:
    split = [text.split() for text in TEXTS]
    return {
        " ".join([*one[: -(-len(one) // 2)], *other[len(other) // 2 :]]) for one in split for other in split
    }  # fmt: skip


def test_the_seed_decides_on_the_variants(neighbours: Neighbours) -> None:
    one, same, other = (variants(TEXTS, 5, neighbours, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_of_no_texts_there_are_no_variants(neighbours: Neighbours) -> None:
    assert variants([], 5, neighbours, np.random.default_rng(1)) == []
