from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit

from training.checkpoint import Checkpoint
from training.corpora.imdb import Review, Reviews
from training.sentiment.distillation.out_of_fold import Logits, TeacherLogits, folds, logits, out_of_fold

Indices = NDArray[np.intp]


def reviews_of(movies: list[str]) -> Reviews:
    return Reviews([Review(f"pos/{number}_9", movie, "", 1) for number, movie in enumerate(movies)])


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=40), st.integers(1, 5), st.integers(0, 3))
def test_all_reviews_of_a_movie_are_in_one_fold(movies: list[str], count: int, seed: int) -> None:
    found = folds(reviews_of(movies), count, seed)
    assert found.shape == (len(movies),)
    of_movie = {
        movie: {fold for name, fold in zip(movies, found.tolist(), strict=True) if name == movie} for movie in movies
    }
    assert all(len(numbers) == 1 for numbers in of_movie.values())
    sizes = np.bincount([min(numbers) for numbers in of_movie.values()], minlength=count)
    assert len(sizes) == count
    assert sizes.max() - sizes.min() <= 1
    assert found.tolist() == folds(reviews_of(movies), count, seed).tolist()


def test_the_seed_decides_the_folds() -> None:
    reviews = reviews_of([f"tt{number}" for number in range(40)])
    assert folds(reviews, 4, seed=1).tolist() != folds(reviews, 4, seed=2).tolist()


@given(st.lists(st.integers(0, 3), min_size=8, max_size=30).filter(lambda numbers: len(set(numbers)) == 4))
def test_a_teacher_is_never_asked_about_what_it_was_fitted_on(numbers: list[int]) -> None:
    asked_for: list[int] = []

    def answer(fitted: Indices, asked: Indices) -> tuple[Logits, Logits, Logits]:
        assert set(fitted) & set(asked) == set()
        assert sorted([*fitted, *asked]) == list(range(len(numbers)))
        assert {numbers[index] for index in fitted} & {numbers[index] for index in asked} == set()
        asked_for.extend(asked.tolist())
        fold = numbers[asked[0]]
        return asked.astype(np.float64), np.array([fold, -fold], np.float64), np.full(3, fold, np.float64)

    found = out_of_fold(np.array(numbers), answer)
    assert sorted(asked_for) == list(range(len(numbers)))
    np.testing.assert_array_equal(found.reviews, np.arange(len(numbers)))
    np.testing.assert_allclose(found.held_out, [1.5, -1.5])
    np.testing.assert_allclose(found.unlabelled, [1.5, 1.5, 1.5])


def test_answers_are_read_as_they_were_kept(tmp_path: Path) -> None:
    given_once = [TeacherLogits(np.array([0.5, -2.0]), np.array([1e-3]), np.empty(0))]
    first = TeacherLogits.kept(Checkpoint(tmp_path, {}), "some", given_once.pop)
    again = TeacherLogits.kept(Checkpoint(tmp_path, {}), "some", given_once.pop)
    for name, expected in {"reviews": [0.5, -2.0], "held_out": [1e-3], "unlabelled": []}.items():
        assert getattr(first, name).tolist() == getattr(again, name).tolist() == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_certainty_are_finite(dtype: type[np.floating]) -> None:
    found = logits(np.array([0, 1e-12, 0.25, 0.5, 0.75, 1], dtype))
    assert np.isfinite(found).all()
    assert found.dtype == np.float64
    assert found[0] == found[1] == pytest.approx(-found[-1])
    np.testing.assert_allclose(expit(found), [0, 0, 0.25, 0.5, 0.75, 1], atol=2e-6)
