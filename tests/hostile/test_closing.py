"""Who sends before they read see why they were refused."""

import http.client

import httpx
import pytest

from tests.e2e.conftest import Service, Start
from tests.hostile.raw import PATIENCE, TEXT, connect, head, probe, read, until

MEGABYTE = 2**20


@pytest.mark.parametrize("size", [17 * MEGABYTE, 40 * MEGABYTE])
def test_a_client_that_sends_before_it_reads_sees_413(service: Service, size: int) -> None:
    url = httpx.URL(service.url)
    body = b"x" * size
    for _ in range(5):
        client = http.client.HTTPConnection(url.host, url.port, timeout=PATIENCE)
        client.request("POST", "/sentiment", body, {"Content-Type": "text/plain"})
        answer = client.getresponse()
        assert answer.status == 413
        assert b"16,777,216 bytes" in answer.read()
        client.close()


@pytest.mark.parametrize(("length", "status"), [("0" * 60_000 + "16", 200), ("0" * 5_000 + "9" * 18, 413)])
def test_a_length_may_have_any_number_of_zeros_in_front(service: Service, length: str, status: int) -> None:
    with connect(service) as connection:
        lines = ("Content-Type: application/json", f"Content-Length: {length}", "Connection: close")
        connection.sendall(head("POST", "/sentiment", *lines) + TEXT)
        answers = read(connection)
    assert answers.statuses == [status]


def test_a_chunked_body_without_end_sees_413(start: Start) -> None:
    service = start(MAX_BODY_BYTES="100000", LINGER_SECONDS="1")
    with connect(service) as connection:
        connection.sendall(head("POST", "/sentiment", "Content-Type: text/plain", "Transfer-Encoding: chunked"))
        for _ in range(50):
            connection.sendall(b"8000\r\n" + b"x" * 0x8000 + b"\r\n")
        answers = read(connection)
    assert answers.statuses == [413]


def test_lingering_has_an_end(start: Start) -> None:
    service = start(MAX_BODY_BYTES="1000", LINGER_SECONDS="1")
    with connect(service) as connection:
        connection.sendall(head("POST", "/sentiment", "Content-Type: text/plain", "Content-Length: 1000000000"))

        def is_cut_off() -> bool:
            try:
                connection.sendall(b"x" * 1000)
            except (BrokenPipeError, ConnectionResetError):
                return True
            return False

        until(is_cut_off)
    probe(service)


def test_a_client_that_waits_for_100_continue_is_refused_without_a_body(service: Service) -> None:
    with connect(service) as connection:
        lines = ("Content-Type: text/plain", "Content-Length: 99999999", "Expect: 100-continue")
        connection.sendall(head("POST", "/sentiment", *lines))
        answers = read(connection)
    assert answers.statuses == [413]
    assert answers.answers[0].headers["connection"] == "close"


def test_a_client_that_got_its_answer_instead_of_100_continue_starts_anew(service: Service) -> None:
    """Whether it sends its body nevertheless is its own choice, so nothing that follows can be told from a request."""
    with connect(service) as connection:
        connection.sendall(head("POST", "/nothing", "Content-Length: 5", "Expect: 100-continue"))
        answers = read(connection)
    assert (answers.statuses, answers.end) == ([404], "closed")
    assert answers.answers[0].headers["connection"] == "close"
