import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vectors.expression import ExpressionError, parse

WORDS = {"queen", "king", "man", "mother-in-law", "c++", "-ed"}


@pytest.mark.parametrize(
    ("expression", "positive", "negative"),
    [
        ("queen - king + man", ["queen", "man"], ["king"]),
        ("queen-king+man", ["queen", "man"], ["king"]),
        ("queen -king +man", ["queen", "man"], ["king"]),
        ("queen − king – man", ["queen"], ["king", "man"]),
        ("queen - king   man", ["queen", "man"], ["king"]),  # the + of an address, decoded
        ("  queen ", ["queen"], []),
        ("- king", [], ["king"]),
        ("-king + queen", ["queen"], ["king"]),
        ("mother-in-law - man", ["mother-in-law"], ["man"]),
        ("mother-in-law-man", ["mother"], ["in", "law", "man"]),
        ("c++ + man", ["c++", "man"], []),
        ("zzz - 😀", ["zzz"], ["😀"]),
    ],
)
def test_expressions(expression: str, positive: list[str], negative: list[str]) -> None:
    assert parse(expression, WORDS.__contains__) == (positive, negative)


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "There is no word in it"),
        (" \t ", "There is no word in it"),
        ("king -", "There is no word after the last '-'"),
        ("+", "There is no word after the last"),
        ("king - + man", r"There is no word between '-' and '\+'"),
        ("king --- man", "There is no word between '-' and '-'"),
        ("man - -ed", "There is no word between '-' and '-'"),
    ],
)
def test_what_is_no_expression(expression: str, sentence: str) -> None:
    with pytest.raises(ExpressionError, match=sentence):
        parse(expression, WORDS.__contains__)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        words = [word for side in parse(text, WORDS.__contains__) for word in side]
    except ExpressionError:
        return
    assert words
    assert all(word.strip() == word != "" for word in words)


@given(st.lists(st.tuples(st.sampled_from("+-"), st.text(st.characters(categories=["L"]), min_size=1)), min_size=1))
def test_what_was_written_is_read(terms: list[tuple[str, str]]) -> None:
    expected = ([word for sign, word in terms if sign == "+"], [word for sign, word in terms if sign == "-"])
    for joint in (" ", ""):
        text = "".join(f" {sign}{joint}{word}" for sign, word in terms)
        assert parse(text, lambda _: False) == expected
