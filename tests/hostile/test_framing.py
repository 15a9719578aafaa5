"""Where a request ends is never in doubt: no byte of a body is ever taken for a request."""

import pytest
from hypothesis import given, settings

from tests.e2e.conftest import Service
from tests.hostile import framings
from tests.hostile.raw import Answers, head, post, send

PLAIN = "Content-Type: text/plain"
CHUNKED = "Transfer-Encoding: chunked"

REFUSED = {
    "two hosts": (head("GET", "/health/live", "Host: b"), 400),
    "no host": (b"GET /health/live HTTP/1.1\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /health/live\r\n\r\n", 400),
    "HTTP/1.2": (b"GET /health/live HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "gzip, chunked": (head("POST", "/sentiment", PLAIN, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", 501),
    "gzip": (head("POST", "/sentiment", PLAIN, "Transfer-Encoding: gzip", "Connection: close") + b"0\r\n\r\n", 501),
    "two codings": (head("POST", "/sentiment", PLAIN, CHUNKED, CHUNKED) + b"0\r\n\r\n", 400),
    "length and coding": (head("POST", "/sentiment", PLAIN, CHUNKED, "Content-Length: 4") + b"0\r\n\r\n", 400),
    "coding and length": (head("POST", "/sentiment", PLAIN, "Content-Length: 4", CHUNKED) + b"0\r\n\r\n", 400),
    "two lengths": (head("POST", "/sentiment", PLAIN, "Content-Length: 4", "Content-Length: 4") + b"good", 400),
    "length twice": (head("POST", "/sentiment", PLAIN, "Content-Length: 4, 4") + b"good", 400),
    "HTTP/1.0 chunked": (b"POST /sentiment HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a space before the colon": (head("POST", "/sentiment", PLAIN, "Content-Length : 4") + b"good", 400),
    "CONNECT": (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
}


@pytest.mark.parametrize(("request_", "status"), REFUSED.values(), ids=REFUSED)
def test_a_request_of_doubtful_framing_is_refused(service: Service, request_: bytes, status: int) -> None:
    answers = send(service, request_ + framings.SMUGGLED)
    assert [answer.problem["status"] for answer in answers.answers] == [status]
    assert answers.answers[0].headers["connection"] == "close"
    assert answers.end == "closed"


@pytest.mark.parametrize("bad", [b"nonsense\r\n\r\n", *(request for request, _ in REFUSED.values())])
def test_the_answers_before_a_bad_request_come_first(service: Service, bad: bytes) -> None:
    answers = send(service, post() + post(b"{}") + post() + bad)
    assert answers.statuses[:3] == [200, 422, 200]
    assert len(answers.statuses) == 4
    assert answers.statuses[3] in (400, 501)
    assert answers.end == "closed"


def test_a_bad_chunk_is_answered(service: Service) -> None:
    start = head("POST", "/sentiment", PLAIN, CHUNKED)
    answers = send(service, post() + start, b"4\r\ngood\r\nnonsense\r\n" + framings.SMUGGLED)
    assert answers.statuses == [200, 400]
    assert answers.answers[1].problem["title"] == "Bad Request"


def test_a_long_pipeline_is_cut_after_whole_answers(service: Service) -> None:
    answers = send(service, post() * 200)
    assert set(answers.statuses) == {200}
    assert 32 <= len(answers.statuses) < 200
    assert answers.answers[-1].headers["connection"] == "close"
    assert answers.end == "closed"


def test_what_follows_the_last_request_is_dropped(service: Service) -> None:
    answers = send(service, post(framings.SMUGGLED, "Connection: close") + framings.SMUGGLED)
    assert len(answers.statuses) == 1
    assert answers.end == "closed"


def check(stream: bytes, answers: Answers) -> None:
    """Compare what was served with what h11 takes the stream for."""
    expected = framings.reference(stream)
    served = [answer.headers["x-request-id"] for answer in answers.answers if "x-request-id" in answer.headers]
    assert "smuggled" not in served or "smuggled" in expected.ids
    known = [ours for ours in served if ours in {"smuggled", "last"} or ours.startswith("r")]
    assert known == expected.ids[: len(known)], repr((stream, served, expected))
    assert all(status < 500 or status in (501, 503) for status in answers.statuses)
    assert (
        sum(answer.status in (400, 431, 501) and "x-request-id" not in answer.headers for answer in answers.answers)
        <= 1
    )


@settings(max_examples=300, derandomize=True)
@given(segments=framings.streams())
def test_requests_end_where_h11_says(service: Service, segments: list[bytes]) -> None:
    check(b"".join(segments), send(service, *segments, wait=0.3, pause=0.002))
