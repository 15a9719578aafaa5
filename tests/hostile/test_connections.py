"""Time and memory that a client may take, and connections that it may open."""

import contextlib
import json
import select
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.e2e.conftest import ROOT, Service, Start, serving
from tests.hostile.raw import PATIENCE, connect, head, many, post, probe, read, read_all, rss, send, until

MEGABYTE = 2**20


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that waits for its clients for some seconds: longer than these are ever held up by themselves."""
    seconds = dict.fromkeys(("HEADER_SECONDS", "BODY_SECONDS", "ANSWER_SECONDS", "KEEP_ALIVE_SECONDS"), "5")
    log = tmp_path_factory.mktemp("impatient") / "log.jsonl"
    with serving(log, MIN_BYTES_PER_SECOND="100000", **seconds) as running:
        yield running


def test_a_slow_head_is_given_up(impatient: Service) -> None:
    with connect(impatient) as silent, connect(impatient) as slow:
        slow.sendall(b"POST /sentiment HTTP/1.1\r\n")
        answers = read(slow)
        assert answers.statuses == [408]
        assert answers.answers[0].problem["title"] == "Request Timeout"
        assert answers.end == "closed"
        assert read(silent).end == "closed"


def test_a_head_that_trickles_is_given_up(impatient: Service) -> None:
    with connect(impatient) as connection:
        connection.sendall(b"POST /sentiment HTTP/1.1\r\nHost: a\r\nX: ")
        trickle(connection, b"x")
        assert read(connection).statuses == [408]


def trickle(connection: socket.socket, piece: bytes) -> None:
    """Send a piece again and again until something is answered."""

    def is_answered() -> bool:
        connection.sendall(piece)
        return bool(select.select([connection], [], [], 0.05)[0])

    until(is_answered)


@pytest.mark.parametrize("framing", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_a_body_that_stalls_is_given_up(impatient: Service, framing: str) -> None:
    answers = send(impatient, head("POST", "/sentiment", "Content-Type: text/plain", framing), wait=PATIENCE)
    assert answers.statuses == [408]
    assert answers.answers[0].problem
    assert answers.end == "closed"


def test_a_body_slower_than_the_rate_is_given_up(impatient: Service) -> None:
    """That a faster one is read is tested in `tests/app/http/test_deadlines.py`, whose clock is not the machine's."""
    with connect(impatient) as connection:
        connection.sendall(head("POST", "/sentiment", "Content-Type: text/plain", "Content-Length: 10000000"))
        trickle(connection, b"good ")
        assert read(connection).statuses == [408]


def test_an_idle_connection_is_closed(impatient: Service) -> None:
    with connect(impatient) as connection:
        connection.sendall(post())
        found = read(connection)
        assert (found.statuses, found.end) == ([200], "closed")


def test_a_connection_too_many_takes_the_place_of_the_one_that_waits_longest(start: Start) -> None:
    service = start(MAX_CONNECTIONS="20", HEADER_SECONDS="600")
    with many(service, 20) as connections:
        with many(service, 3):
            assert [read(connection).end for connection in connections[:3]] == ["closed"] * 3
            probe(service)
        connections[19].sendall(post())
        assert read_all(connections[19]).statuses == [200]


def refused(connections: list[socket.socket]) -> Callable[[], int]:
    """Return what counts the connections on which a 503 has come so far."""
    found: set[socket.socket] = set()

    def count() -> int:
        readable = select.select([one for one in connections if one not in found], [], [], 0)[0]
        found.update(one for one in readable if one.recv(65_536).startswith(b"HTTP/1.1 503 "))
        return len(found)

    return count


def test_a_few_slow_bodies_do_not_refuse_others(start: Start) -> None:
    service = start(MAX_HELD_BYTES=str(8 * MEGABYTE), BODY_SECONDS="600", HEADER_SECONDS="600")
    text = "good " * 4_000
    with many(service, 4) as connections:
        for connection in connections:
            connection.sendall(head("POST", "/sentiment", "Content-Type: text/plain", "Content-Length: 15000000"))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(b"x" * (4 * MEGABYTE))
        answers = [httpx.post(f"{service.url}/sentiment", json={"text": text}) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 5
        until(refused(connections))


def test_stalled_bodies_hold_no_more_than_the_limit_and_texts_pass(start: Start) -> None:
    service = start(MAX_HELD_BYTES=str(8 * MEGABYTE), BODY_SECONDS="600", HEADER_SECONDS="600")
    assert send(service, post()).statuses == [200]  # the first request takes memory that is kept
    before = rss(service)
    with many(service, 60) as connections:
        for connection in connections:
            connection.sendall(head("POST", "/sentiment", "Content-Type: text/plain", "Content-Length: 1100000"))
            connection.sendall(b"x" * MEGABYTE)
        count = refused(connections)
        until(lambda: count() >= 45)
        # Without the limit it would be 60 MB and more; buffers and freed pieces count too.
        assert rss(service) - before < 32 * MEGABYTE
        assert send(service, post()).statuses == [200]
        probe(service)

    def is_free_again() -> bool:
        answers = (
            httpx.post(f"{service.url}/sentiment", content=b"good " * 200_000),
            httpx.post(f"{service.url}/tokenize", json={"texts": ["good " * 100_000]}),
        )
        return {answer.status_code for answer in answers} <= {200, 415}

    until(is_free_again)


def large_answer(sequences: int = 900) -> bytes:
    """A request with an answer of 10 kB for each sequence."""
    body = json.dumps({"sequences": [[1]] * sequences, "maxlen": 5000}).encode()
    return head("POST", "/pad", "Content-Type: application/json", f"Content-Length: {len(body)}") + body


def answered(service: Service) -> int:
    """How many requests the service is done with, be it that they were cut off."""
    lines = service.log.read_text().splitlines(keepends=True)
    return sum('"message": "request"' in line for line in lines if line.endswith("\n"))


def test_a_reader_that_stalls_is_cut_off(impatient: Service) -> None:
    """That a slow one gets its whole answer is tested in `tests/app/http/test_deadlines.py`."""
    before = answered(impatient)
    with connect(impatient) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.sendall(large_answer())
        until(lambda: answered(impatient) > before)
        assert drain(connection) < 8_000_000


def drain(connection: socket.socket) -> int:
    """Read all that comes, and return how many bytes that was."""
    received = 0
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(MEGABYTE):
            received += len(data)
    return received


def test_answers_that_nobody_reads_take_no_more_than_the_limit(start: Start) -> None:
    service = start(MAX_UNREAD_BYTES=str(8 * MEGABYTE), ANSWER_SECONDS="600", HEADER_SECONDS="600")
    before = answered(service)
    with many(service, 8) as connections:
        for connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            connection.sendall(large_answer())
            assert connection.recv(1, socket.MSG_PEEK)  # its answer has begun
        assert send(service, large_answer()).statuses == [200]
        # All but the last two at most are cut off: those are done with, and the one that was read.
        until(lambda: answered(service) - before >= len(connections) - 1)
        assert all(drain(connection) < 9_000_000 for connection in connections[:-1])


def test_probes_on_new_connections_while_two_thousand_are_busy(service: Service) -> None:
    """The clients are a process of their own: 2,000 connections, each of which has one text classified at a time.

    That a probe overtakes them is tested in `tests/app/http/test_connections.py`; how soon it is answered, `python -m
    bench attacks` measures.
    """
    url = httpx.URL(service.url)
    command = [sys.executable, "-m", "bench.crowd", str(url.host), str(url.port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as crowd:
        try:
            assert crowd.stdout is not None
            assert crowd.stdout.readline() == "busy\n"
            for _ in range(20):
                probe(service)
            assert crowd.poll() is None
        finally:
            crowd.terminate()
