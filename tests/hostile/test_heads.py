"""Heads have a limit, in bytes and in headers."""

import contextlib

import httpx
import pytest

from tests.e2e.conftest import Service, Start
from tests.hostile.raw import connect, head, post, probe, read, rss, send

MEGABYTE = 2**20


def test_an_endless_header_is_refused(service: Service) -> None:
    before = rss(service)
    sent = 0
    with connect(service) as connection:
        connection.sendall(b"POST /sentiment HTTP/1.1\r\nHost: a\r\nX: ")
        try:
            for _ in range(600):
                sent += connection.send(b"x" * MEGABYTE)
                if sent > 8 * MEGABYTE:
                    break
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        answers = read(connection)
    assert answers.statuses == [431]
    assert "65,536 bytes" in answers.answers[0].problem["detail"]
    assert answers.end == "closed"
    assert rss(service) - before < 8 * MEGABYTE


def test_millions_of_tiny_headers_hold_nobody_up(service: Service) -> None:
    """Not a timed test: each flood is refused before it is read to its end, and probes are answered between them."""
    lines = b"a: b\r\n" * 250_000
    statuses = []
    for _ in range(20):  # 5 million
        with connect(service) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
            probe(service)
            statuses += read(connection).statuses
    assert statuses == [431] * 20


@pytest.mark.parametrize("length", [31_900, 32_001, 70_000])
def test_a_target_has_a_limit_of_its_own(service: Service, length: int) -> None:
    """A query of thousands of names takes long to read, and to refuse."""
    target = "/health/live?" + "x" * (length - len("/health/live?"))
    answers = send(service, head("GET", target))
    assert answers.statuses == [422 if length <= 32_000 else 414]
    if length > 32_000:
        assert answers.answers[0].problem["title"] == "URI Too Long"
        assert "32,000 bytes" in answers.answers[0].problem["detail"]
        assert answers.end == "closed"


@pytest.mark.parametrize(("count", "status"), [(100, 422), (101, 414), (5_000, 414)])
def test_a_query_has_so_many_parameters_at_most(service: Service, count: int, status: int) -> None:
    answers = send(service, head("GET", "/health/live?" + "&".join(f"a{number}" for number in range(count))))
    assert answers.statuses == [status]
    assert ("longer than 100 parameters" in answers.answers[0].problem["detail"]) == (status == 414)


@pytest.mark.parametrize("part", ["name", "value", "trailer"])
def test_every_part_of_a_head_counts(service: Service, part: str) -> None:
    long = "x" * 70_000
    heads = {
        "name": head("POST", "/sentiment", f"{long}: 1"),
        "value": head("POST", "/sentiment", f"X: {long}"),
        "trailer": head("POST", "/sentiment", "Content-Type: text/plain", "Transfer-Encoding: chunked")
        + f"4\r\ngood\r\n0\r\nX: {long}\r\n\r\n".encode(),
    }
    answers = send(service, heads[part])
    assert answers.statuses == [431]
    assert answers.end == "closed"


def test_a_trailer_is_no_header(service: Service) -> None:
    first = head("POST", "/sentiment", "Content-Type: text/plain", "Transfer-Encoding: chunked")
    answers = send(service, first, b"4\r\ngood\r\n0\r\nX-Request-ID: of-a-trailer\r\n\r\n")
    assert answers.statuses == [200]
    assert answers.answers[0].headers["x-request-id"] != "of-a-trailer"


def test_the_limits_are_settings(start: Start) -> None:
    service = start(MAX_HEADER_BYTES="2048", MAX_HEADERS="10")
    assert send(service, post(b'"', f"X: {'x' * 1500}")).statuses == [400]
    assert send(service, post(b'"', f"X: {'x' * 2048}")).statuses == [431]
    assert send(service, post(b'"', *(f"X{i}: x" for i in range(7)))).statuses == [400]
    assert send(service, post(b'"', *(f"X{i}: x" for i in range(8)))).statuses == [431]


def test_a_head_that_follows_a_large_body_counts_alone(service: Service) -> None:
    text = b'{"text": "' + b"a" * 500_000 + b'"}'
    stream = post(text) + post()
    assert send(service, stream[:-20], stream[-20:]).statuses == [200, 200]


def test_the_answers_before_a_head_that_is_too_large_come_first(service: Service) -> None:
    assert send(service, post() + post() + head("GET", "/", f"X: {'x' * 70_000}")).statuses == [200, 200, 431]


@pytest.mark.parametrize("endless", [b"0\r\nX: ", b"4;x="], ids=["trailer", "extension of a chunk"])
def test_what_is_endless_in_a_chunked_body_is_refused(service: Service, endless: bytes) -> None:
    before = rss(service)
    with connect(service) as connection:
        connection.sendall(head("POST", "/sentiment", "Content-Type: text/plain", "Transfer-Encoding: chunked"))
        connection.sendall(b"4\r\ngood\r\n" + endless)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            for _ in range(8):
                connection.sendall(b"x" * MEGABYTE)
        assert read(connection).statuses == [431]
    assert rss(service) - before < 8 * MEGABYTE


@pytest.mark.parametrize(
    "parameters",
    [
        'a="' + ";" * 60_000,
        ";" * 60_000,
        "a" * 60_000,
        'a="' + "\\" * 60_000,
        "charset*=idna''x",
        "charset*=a; charset*0=b",
        "a*" + "9" * 5_000 + "=b",
    ],
    ids=["quoted", "semicolons", "name", "backslashes", "codec", "sections", "number"],
)
@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data", "text/plain"])
def test_the_parameters_of_a_header_take_no_time(service: Service, media_type: str, parameters: str) -> None:
    """In square time, they would take minutes; in what time they take indeed, `python -m bench attacks` says."""
    answer = httpx.post(
        f"{service.url}/sentiment", content=b'{"text": "good"}', headers={"Content-Type": f"{media_type}; {parameters}"}
    )
    assert answer.status_code in (200, 400, 415)
