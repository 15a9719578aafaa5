import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from app.vectors.space import About, NoDirection, UnknownWord, VectorSpace
from app.vectors.vocabulary import Vocabulary
from tests import toys

RANDOM = np.random.default_rng(0)
NAMES = [f"word{number}" for number in range(2000)]
MATRIX = RANDOM.normal(size=(2000, 30)).astype(np.float32)


@pytest.fixture(scope="module")
def toy() -> VectorSpace:
    matrix = np.array(list(toys.WORDS.values()), dtype=np.float32)
    return VectorSpace(About("toy", "", ""), Vocabulary.of(toys.WORDS), matrix)


@pytest.fixture(scope="module")
def space() -> VectorSpace:
    return VectorSpace(About("random", "", ""), Vocabulary.of(NAMES), MATRIX)


@pytest.fixture(scope="module")
def gensim() -> KeyedVectors:
    vectors = KeyedVectors(MATRIX.shape[1])
    vectors.add_vectors(NAMES, MATRIX)
    return vectors


some_words = st.lists(st.sampled_from(NAMES), max_size=4, unique=True)


@given(some_words, some_words, st.integers(1, 30), st.sampled_from([None, 1, 50, 1999]))
def test_most_similar_is_that_of_gensim(
    space: VectorSpace, gensim: KeyedVectors, positive: list[str], negative: list[str], topn: int, limit: int | None
) -> None:
    negative = [word for word in negative if word not in positive]
    if not positive and not negative:
        positive = ["word0"]
    expected = gensim.most_similar(positive, negative, topn=topn, restrict_vocab=limit)
    found = space.most_similar(positive, negative, topn=topn, restrict_vocab=limit)
    # gensim looks for as many more as there are inputs, whether they are among the first `limit` or not.
    assert [word for word, _ in found][: len(expected)] == [word for word, _ in expected]
    assert [s for _, s in found][: len(expected)] == pytest.approx([s for _, s in expected], abs=1e-6)
    assert len(found) >= len(expected)


@given(some_words.filter(bool), some_words)
def test_the_lectures_arithmetic_is_that_of_gensim(
    space: VectorSpace, gensim: KeyedVectors, positive: list[str], negative: list[str]
) -> None:
    negative = [word for word in negative if word not in positive]
    total = sum(gensim[word] for word in positive) - sum((gensim[word] for word in negative), start=np.zeros(30))
    expected = gensim.most_similar(total)
    found = space.most_similar(positive, negative, normalize=False, exclude_inputs=False)
    assert [word for word, _ in found] == [word for word, _ in expected]
    assert [s for _, s in found] == pytest.approx([s for _, s in expected], abs=1e-6)


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_similarity_is_that_of_gensim(space: VectorSpace, gensim: KeyedVectors, a: str, b: str) -> None:
    assert space.similarity(a, b) == pytest.approx(float(gensim.similarity(a, b)), abs=1e-6)


def test_the_analogy_of_the_lecture(toy: VectorSpace) -> None:
    assert toy.most_similar(["queen", "man"], ["king"], topn=1)[0].word == "woman"


def test_a_word_is_looked_up_as_typed_then_in_lower_case(toy: VectorSpace) -> None:
    assert toy.row("KING") == toy.row("king")
    assert toy.vocabulary[toy.row("New-York")] == "New-York"
    assert "new-york" not in toy
    assert "😀" in toy


@pytest.mark.parametrize(
    ("word", "found"), [("May", "May"), ("may", "may"), ("MAY", "may"), ("US", "US"), ("Us", "us")]
)
def test_a_word_that_is_there_in_capitals_too_is_not_mistaken(word: str, found: str) -> None:
    names = ["us", "may", "US", "May"]
    space = VectorSpace(About("months", "", ""), Vocabulary.of(names), np.eye(4, dtype=np.float32))
    assert space.vocabulary[space.row(word)] == found


def test_inputs_in_another_case_are_left_out_too(toy: VectorSpace) -> None:
    assert "king" not in [word for word, _ in toy.most_similar(["KING"], topn=20)]


def test_all_words_but_the_inputs_can_be_had(toy: VectorSpace) -> None:
    found = toy.most_similar(["king"], topn=1000)
    assert {word for word, _ in found} == toys.WORDS.keys() - {"king"}
    assert found == sorted(found, key=lambda neighbor: -neighbor.similarity)


def test_a_restricted_vocabulary_still_gives_as_many_words_as_it_has(toy: VectorSpace) -> None:
    assert {word for word, _ in toy.most_similar(["man", "king"], restrict_vocab=4)} == {"the", "woman"}


def test_an_unknown_word_gets_the_closest_spellings(toy: VectorSpace) -> None:
    with pytest.raises(UnknownWord, match="no word 'quene' in toy; the closest spellings are queen") as caught:
        toy.neighbors("quene")
    assert (caught.value.word, caught.value.spellings[0]) == ("quene", "queen")
    with pytest.raises(UnknownWord, match="no word 'zzzz' in toy, nor one that is spelt like it"):
        toy.similarity("king", "zzzz")
    with pytest.raises(UnknownWord, match=f"'{'z' * 60}…'"):
        toy.row("z" * 61)


@pytest.mark.parametrize(("positive", "negative"), [(["king"], ["King"]), (["nothing"], []), ([], ["nothing"])])
@pytest.mark.parametrize("normalize", [True, False])
def test_a_sum_of_nothing_has_no_direction(
    toy: VectorSpace, positive: list[str], negative: list[str], normalize: bool
) -> None:
    with pytest.raises(NoDirection, match="cancel each other out"):
        toy.most_similar(positive, negative, normalize=normalize)


def test_a_sum_that_is_a_rounding_error_has_no_direction() -> None:
    words, generator = ["a", "b", "c", "d"], np.random.default_rng(0)
    space = VectorSpace(About("", "", ""), Vocabulary.of(words), generator.normal(size=(4, 50)).astype(np.float32))
    for normalize in (True, False):
        with pytest.raises(NoDirection, match="cancel each other out"):
            space.most_similar(["a", "b", "c"], ["c", "a", "b"], normalize=normalize)


def test_a_word_without_a_vector_is_like_nothing(toy: VectorSpace) -> None:
    assert toy.similarity("king", "nothing") == 0
    assert dict(toy.most_similar(["king"], topn=20))["nothing"] == 0


def test_words_and_vectors_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="there are 1 words and 2 vectors"):
        VectorSpace(About("", "", ""), Vocabulary.of(["a"]), np.ones((2, 3)))
