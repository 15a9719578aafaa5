import json

import httpx
import pytest

from bench import attacks
from bench.attacks import Attack
from bench.errors import BenchError

SIZE = 100_000


@pytest.mark.parametrize("attack", attacks.wrong(SIZE).values(), ids=attacks.wrong(SIZE))
def test_bodies_of_errors_are_json_of_about_the_size(attack: Attack) -> None:
    assert json.loads(attack.body)
    assert 0.7 * SIZE < len(attack.body) < 4.1 * SIZE


@pytest.mark.parametrize("attack", attacks.large(SIZE).values(), ids=attacks.large(SIZE))
def test_large_texts_are_no_larger_than_the_limit(attack: Attack) -> None:
    assert 0.1 * SIZE < len(attack.body) <= SIZE


def test_an_answer_that_a_request_should_not_have_ends_it() -> None:
    answer = httpx.Response(500, request=httpx.Request("POST", "http://a/sentiment"))
    attacks._check(answer, 200, 500)
    with pytest.raises(BenchError, match="/sentiment was answered with 500"):
        attacks._check(answer, 200)
