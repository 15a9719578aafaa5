import json
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sentiment.tokenizer import Tokenizer
from training.corpora.imdb import DataError, Review, Reviews
from training.sentiment.evaluation.error_analysis import WORST, ErrorAnalysis, Group, analyse
from training.sentiment.evaluation.figures import Floats


class Count(NamedTuple):
    words: int = 120
    unknown: int = 5


def reviews_of(stars: list[int]) -> Reviews:
    """One review for each rating."""
    return Reviews([Review(f"{'pos' if n > 5 else 'neg'}/{i}_{n}", "tt1", "", int(n > 5)) for i, n in enumerate(stars)])


def analysed(stars: list[int], probabilities: list[float], counts: list[Count] | None = None) -> ErrorAnalysis:
    return analyse(reviews_of(stars), counts or [Count()] * len(stars), np.array(probabilities))


def test_accuracy_by_stars_is_that_of_each_rating() -> None:
    found = analysed([10, 1, 10, 4, 10, 10, 1], [0.5, 0.1, 0.9, 0.5, 0.2, 0.7, 0.0])
    assert found.by_stars == [Group("1", 2, 1.0), Group("4", 1, 0.0), Group("10", 4, 0.75)]
    assert (found.reviews, found.errors) == (7, 2)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (0, "< 100"),
        (99, "< 100"),
        (100, "100–149"),
        (149, "100–149"),
        (150, "150–199"),
        (200, "200–299"),
        (300, "300–499"),
        (499, "300–499"),
        (999, "500–999"),
        (1000, "≥ 1000"),
        (5000, "≥ 1000"),
    ],
)
def test_each_length_is_in_the_group_that_names_it(words: int, name: str) -> None:
    assert analysed([7], [0.9], [Count(words, 0)]).by_length == [Group(name, 1, 1.0)]


@pytest.mark.parametrize(
    ("words", "unknown", "name"),
    [
        (0, 0, "< 1 %"),
        (101, 1, "< 1 %"),
        (100, 1, "1–2 %"),
        (300, 6, "2–4 %"),
        (1000, 39, "2–4 %"),
        (700, 28, "4–6 %"),
        (150, 9, "6–10 %"),
        (70, 7, "≥ 10 %"),
        (3, 3, "≥ 10 %"),
    ],
)
def test_each_share_of_unknown_words_is_in_the_group_that_names_it(words: int, unknown: int, name: str) -> None:
    assert analysed([7], [0.9], [Count(words, unknown)]).by_unknown == [Group(name, 1, 1.0)]


def test_groups_without_reviews_are_left_out() -> None:
    found = analysed([7, 7, 7], [0.9, 0.1, 0.8], [Count(1200, 0), Count(10, 0), Count(100, 50)])
    assert found.by_length == [Group("< 100", 1, 0.0), Group("100–149", 1, 1.0), Group("≥ 1000", 1, 1.0)]
    assert found.by_unknown == [Group("< 1 %", 2, 0.5), Group("≥ 10 %", 1, 1.0)]


def test_the_worst_errors_come_in_order_and_right_answers_do_not_come() -> None:
    counts = [Count(number, 0) for number in (11, 12, 13, 14, 15, 16)]
    found = analysed([10, 1, 8, 3, 7, 2], [0.3, 0.6, 0.99, 0.95, 0.01, 0.02], counts)
    assert [(error.review, error.stars, error.words, error.probability) for error in found.worst] == [
        ("pos/4_7", 7, 15, 0.01),
        ("neg/3_3", 3, 14, 0.95),
        ("pos/0_10", 10, 11, 0.3),
        ("neg/1_1", 1, 12, 0.6),
    ]
    assert found.errors == 4


def test_one_half_is_an_error_only_for_a_negative_review() -> None:
    assert [error.review for error in analysed([7, 1], [0.5, 0.5]).worst] == ["neg/1_1"]


def test_errors_that_are_as_bad_come_in_the_order_of_the_reviews() -> None:
    found = analysed([1, 9] * 4, [1.0, 0.0] * 4)
    assert [error.review for error in found.worst] == [row.id for row in reviews_of([1, 9] * 4).rows]


def test_only_the_worst_are_listed() -> None:
    found = analysed([1] * 50, [0.5 + number / 100 for number in range(50)])
    assert found.errors == 50
    assert [error.review for error in found.worst] == [f"neg/{number}_1" for number in range(49, 49 - WORST, -1)]
    assert WORST == 20


ROWS = st.lists(
    st.tuples(st.sampled_from([1, 2, 3, 4, 7, 8, 9, 10]), st.integers(1, 3000), st.floats(0, 1), st.floats(0, 1)),
    min_size=1,
    max_size=60,
)


@given(ROWS)
def test_each_review_is_in_one_group_of_each_kind(rows: list[tuple[int, int, float, float]]) -> None:
    stars, words, shares, probabilities = (list(column) for column in zip(*rows, strict=True))
    counts = [Count(int(n), int(n * share)) for n, share in zip(words, shares, strict=True)]
    found = analysed([int(n) for n in stars], probabilities, counts)
    for groups in (found.by_length, found.by_stars, found.by_unknown):
        assert sum(group.reviews for group in groups) == found.reviews == len(rows)
        errors = sum(group.reviews * (1 - group.accuracy) for group in groups)
        assert errors == pytest.approx(found.errors, abs=1e-3)
    assert len(found.worst) == min(found.errors, WORST)


@given(st.integers(1, 30000), st.floats(0, 1))
def test_an_interval_holds_the_accuracy_and_is_of_shares(reviews: int, accuracy: float) -> None:
    low, high = Group("", reviews, accuracy).interval
    assert 0 <= low <= accuracy + 1e-12
    assert accuracy - 1e-12 <= high <= 1
    assert high - low > 0


def test_intervals_of_known_shares() -> None:
    assert Group("", 10, 0.9).interval == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert Group("", 20, 0.0).interval == pytest.approx((0.0, 0.1611), abs=1e-4)
    low, high = Group("", 25000, 0.9).interval
    assert high - low == pytest.approx(2 * 1.96 * (0.09 / 25000) ** 0.5, rel=1e-3)


def test_the_counts_are_those_of_a_tokenizer() -> None:
    tokenizer = Tokenizer(["a", "film"])
    found = analyse(reviews_of([1]), [tokenizer.encode("A film, a film, a " + "bore " * 5)], np.array([0.9]))
    assert found.by_unknown == [Group("≥ 10 %", 1, 0.0)]
    assert found.worst[0].words == 10


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_analysis_is_plain_json(dtype: type[np.floating]) -> None:
    probabilities: Floats = np.array([0.1, 0.9], dtype=dtype)
    found = asdict(analyse(reviews_of([8, 4]), [Count(), Count()], probabilities))
    assert json.loads(json.dumps(found)) == found
    assert found["worst"][1] == {"review": "neg/1_4", "stars": 4, "words": 120, "probability": 0.9}


@pytest.mark.parametrize(("counts", "probabilities"), [(1, 2), (2, 1), (3, 2)])
def test_what_is_not_of_the_same_reviews_is_refused(counts: int, probabilities: int) -> None:
    with pytest.raises(ValueError, match="2 reviews"):
        analyse(reviews_of([1, 7]), [Count()] * counts, np.zeros(probabilities))


def test_reviews_without_stars_are_refused() -> None:
    with pytest.raises(DataError, match="does not end with its rating"):
        analyse(Reviews([Review("pos/1", "tt1", "", 1)]), [Count()], np.ones(1))
