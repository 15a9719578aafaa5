from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.http import file_parts
from app.http.file_parts import FilePart
from app.http.problems import Problem

TYPE: Final = "multipart/form-data; boundary=a-b"
FIELD: Final = b'--a-b\r\nContent-Disposition: form-data; name="column"\r\n\r\nreview\r\n'
HEAD: Final = (
    b'--a-b\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\n'
    b"Content-Type: Text/CSV; charset=utf-8\r\n\r\n"
)
END: Final = b"\r\n--a-b--\r\n"
NEARLY: Final = [
    b"\r\n--a-",
    b"\r\n--a-B",
    b"\r\n-",
    b"\r",
    b"\n--a-c",
    b"\r\n--",
    b"--a-c--",
    b"\r\n\r\n",
    b"a",
    b"\0",
]


def read(*pieces: bytes) -> tuple[FilePart, bytes]:
    part = FilePart(TYPE)
    found = b"".join(map(part.feed, pieces))
    part.finish()
    return part, found


def refusal(*pieces: bytes) -> str:
    with pytest.raises(Problem) as caught:
        read(*pieces)
    assert caught.value.status == 400
    return caught.value.detail


def test_the_file_and_what_is_said_of_it() -> None:
    part, found = read(FIELD + HEAD + b"text\ngood\n" + END + b"whatever follows")
    assert found == b"text\ngood\n"
    assert (part.filename, part.media_type, part.charset) == ("x.csv", "text/csv", "utf-8")
    assert part.fields == {"column": "review"}


@given(st.lists(st.sampled_from(NEARLY)).map(b"".join), st.lists(st.integers(0, 400)))
def test_a_file_is_the_same_in_whatever_pieces_it_comes(content: bytes, places: list[int]) -> None:
    body = FIELD + HEAD + content + END
    cuts = [0, *sorted(places), len(body)]
    pieces = [body[start:stop] for start, stop in pairwise(cuts)]
    part, found = read(*pieces)
    assert found == content
    assert (part.filename, part.fields) == ("x.csv", {"column": "review"})


def test_it_comes_byte_by_byte() -> None:
    content = b"".join(NEARLY)
    assert read(*(bytes([byte]) for byte in FIELD + HEAD + content + END))[1] == content


def test_what_is_sure_is_given_at_once() -> None:
    part = FilePart(TYPE)
    assert part.feed(HEAD + b"good\r\n--a") == b"good"
    assert part.feed(b"nd bad") == b"\r\n--and bad"
    assert part.feed(b"\r\n--a-b") == b""
    assert part.feed(b"--") == b""
    part.finish()


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([], "its end is missing"),
        ([FIELD], "its end is missing"),
        ([FIELD + b"--a-b--\r\n"], "it has no file"),
        ([HEAD + b"good"], "its end is missing"),
        ([HEAD + b"good\r\n--a-b"], "its end is missing"),
        ([HEAD + b"good\r\n--a-b-"], "its end is missing"),
        ([HEAD + b"good\r\n" + FIELD], "something follows the file"),
        ([HEAD + b"good\r\n--a-b \r\n"], "something follows the file"),
        ([HEAD + b"good\r\n--a-bc" + END], "its boundary stands in the file"),
        ([HEAD + b"good\r\n--a-b-c" + END], "its boundary stands in the file"),
        ([b"nothing of that kind"], "Expected boundary"),
        ([FIELD * 17], "more than 16 parts"),
        ([FIELD.replace(b"review", b"a" * 10_000)], "is too long"),
    ],
)
def test_forms_that_are_wrong(pieces: list[bytes], reason: str) -> None:
    assert reason in refusal(*pieces)


def test_too_much_in_front_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_parts, "_MOST_BYTES_BEFORE", len(FIELD + HEAD))
    assert read(FIELD + HEAD + END)[1] == b""
    monkeypatch.setattr(file_parts, "_MOST_BYTES_BEFORE", len(FIELD + HEAD) - 1)
    assert "too much in front" in refusal(FIELD, HEAD)


def test_many_blank_lines_in_front_of_the_file() -> None:
    field = FIELD.replace(b"review", b"\r\n\r\n" * 40)
    assert read(field + HEAD + END)[0].fields["column"] == "\r\n\r\n" * 40
    assert "too much in front" in refusal(field + field + HEAD)


def test_the_parser_does_not_see_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a microsecond for each byte that may begin the boundary, on the event loop."""
    seen: list[bytes] = []
    part = FilePart(TYPE)
    parse = part._parser.write

    def write(data: bytes) -> int:
        seen.append(data)
        return parse(data)

    monkeypatch.setattr(part._parser, "write", write)
    part.feed(FIELD + HEAD + b"\r\n--a-" * 1000)
    assert b"".join(seen) == FIELD + HEAD
