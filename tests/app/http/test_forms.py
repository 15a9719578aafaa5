from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http.forms import multipart, urlencoded
from app.http.problems import Problem

TYPE = 'multipart/form-data; boundary="a b"'


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=8))
def test_fields_are_those_of_the_standard_library(fields: dict[str, str]) -> None:
    body = urlencode(fields, errors="strict").encode()
    assert urlencoded(body, 8) == dict(parse_qsl(body.decode(), keep_blank_values=True)) == fields


@pytest.mark.parametrize("padding", range(4))
def test_escapes_at_the_edge_of_a_piece_are_whole(padding: int) -> None:
    assert urlencoded(b"a=" + b"x" * padding + b"%C3%A9" * 40_000, 1) == {"a": "x" * padding + "é" * 40_000}


@pytest.mark.parametrize("body", [b"a=1&b=2&c=3", b"&&&", b"a=%ff"])
def test_a_form_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(Problem, match=r"^The form cannot be read: ") as caught:
        urlencoded(body, 2)
    assert caught.value.status == 400


def part(head: str, content: str) -> bytes:
    return f"--a b\r\n{head}\r\n\r\n{content}\r\n".encode()


def test_parts_are_fields_and_files() -> None:
    body = b"before\r\n" + part('content-disposition: form-data; name="text"; filename="a.txt"', "é\r\n--a\r\n")
    body += part("Content-Type: text/plain\r\nContent-Disposition: form-data; name=model", "") + b"--a b--\r\nbehind"
    assert multipart(TYPE, body, 2) == {"text": "é\r\n--a\r\n", "model": ""}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (part("Content-Disposition: form-data; name=a", "") * 3 + b"--a b--", "more than 2 parts"),
        (part("Content-Disposition: form-data; name=a", ""), "its end is missing"),
        (part("Content-Disposition: form-data", "") + b"--a b--", "a part has no name"),
        (b"--a b\r\nContent-Disposition: form-data; name=a\r\n--a b--", "the head of a part does not end"),
        (part("X: " + "y" * 9_000, "") + b"--a b--", "the head of a part does not end"),
    ],
)
def test_parts_that_cannot_be_read_are_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Problem, match=reason):
        multipart(TYPE, body, 2)


def test_a_boundary_is_needed() -> None:
    with pytest.raises(Problem, match="names no boundary"):
        multipart("multipart/form-data", b"", 2)
