import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.headers import MOST_PARAMETERS
from app.http.parameters import parameters


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("text/plain", {}),
        ("text/plain; charset=utf-8", {"charset": "utf-8"}),
        ('text/plain ;Charset="utf-8" ; a=b', {"charset": "utf-8", "a": "b"}),
        (r'form-data; name="a\"b;c"; filename="x"', {"name": 'a"b;c', "filename": "x"}),
        ("form-data; name=text", {"name": "text"}),
        ("text/plain; charset*=utf-8''klingon", {"charset": "klingon"}),
        ("text/plain; charset*=idna''x", {"charset": "x"}),
        ("a/b; boundary=----x=1_y'", {"boundary": "----x=1_y'"}),
        ("a/b; x=1; x=2", {"x": "1"}),
        ("a/b; x=1; ; y=2", {"x": "1"}),
        ('a/b; x="never ends', {"x": ""}),
    ],
)
def test_they_are_read(header: str, expected: dict[str, str]) -> None:
    assert parameters(header) == expected


def test_only_the_first_are_read() -> None:
    header = "text/plain" + "".join(f"; a{number}=1" for number in range(MOST_PARAMETERS + 5))
    assert list(parameters(header)) == [f"a{number}" for number in range(MOST_PARAMETERS)]


@given(st.text("ab;=\"\\'* \t%\u00e9", max_size=60))
def test_nothing_breaks_it(header: str) -> None:
    assert all(isinstance(value, str) for value in parameters(header).values())


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_a_quoted_value_is_given_as_it_was(value: str) -> None:
    quoted = value.replace("\\", r"\\").replace('"', r"\"")
    assert parameters(f'form-data; name="{quoted}"; next=1') == {"name": value, "next": "1"}
