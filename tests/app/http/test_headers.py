import pytest

from app.http.headers import MOST_CHOICES, weights


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", {"": 1}),
        ("gzip", {"gzip": 1}),
        ("GZIP;q=0.5, br ; Q=0, *", {"gzip": 0.5, "br": 0, "*": 1}),
        ("text/html;level=1;q=0.25", {"text/html": 0.25}),
        ("gzip;q=often", {"gzip": 0}),
    ],
)
def test_choices_have_weights(value: str, expected: dict[str, float]) -> None:
    assert weights(value) == expected


def test_only_the_first_choices_are_read() -> None:
    first = [f"a{number}" for number in range(MOST_CHOICES)]
    assert list(weights(",".join([*first, "gzip", "br"]))) == [*first, "gzip,br"]


def test_only_the_first_parameters_of_a_choice_are_read() -> None:
    assert weights("gzip;q=0.5" + ";" * 10_000) == {"gzip": 0.5}
    assert weights("gzip" + ";" * 10_000 + "q=0.5") == {"gzip": 1}
