"""The formula of a queue, requests at random, and the page that is written of them."""

import asyncio
import math
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter, sleep

import pytest

from bench import arrivals
from bench.arrivals import Arrived, _Connection, ask_at_random
from bench.capacity_page import page
from bench.curves import LIMIT, Curve, Point, draw
from bench.queueing import seconds_in_system, waiting_probability
from bench.soak import TEXT, request


def test_one_worker_makes_wait_as_often_as_it_is_busy() -> None:
    assert waiting_probability(1, 0.3) == pytest.approx(0.3)
    # M/M/2 at a load of r: 2 r² / (1 + r).
    assert waiting_probability(2, 0.75) == pytest.approx(2 * 0.75**2 / 1.75)


def test_time_in_the_system_grows_with_load_without_end() -> None:
    assert seconds_in_system(1, 100, 0.5, 0.99) == pytest.approx(0.01)  # nobody waits
    assert seconds_in_system(4, 400, 0.5, 0.99) == pytest.approx(0.01)  # each of them does a hundred
    found = [seconds_in_system(1, 100, rate, 0.99) for rate in (50, 90, 99)]
    assert found == sorted(found)
    assert found[1] == pytest.approx(0.01 + math.log(90) / 20)
    assert seconds_in_system(1, 100, 100, 0.99) == math.inf
    assert seconds_in_system(2, 200, 160, 0.99) < seconds_in_system(1, 100, 80, 0.99)


@pytest.fixture
def port() -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/slow":
                sleep(0.02)
            self.send_response(200 if self.path != "/busy" else 503)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class Line(asyncio.Transport):
    """Where a request goes, and no answer comes from."""

    def write(self, _data: bytes | bytearray | memoryview) -> None:
        pass


def test_the_time_of_a_request_begins_when_it_is_due_not_when_it_is_sent() -> None:
    arrived = Arrived()
    connection = _Connection(arrived, asyncio.Queue())
    connection.connection_made(Line())
    connection.ask(request("/sentiment", TEXT), perf_counter() - 5)
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
    (seconds,) = arrived.seconds
    assert seconds >= 5


def test_all_that_arrive_are_counted(port: int) -> None:
    contents = [request("/sentiment", TEXT), request("/sentiment", TEXT), request("/busy", TEXT)]
    arrived = ask_at_random(port, contents, 200, 0.3)
    assert (len(arrived.seconds), arrived.failed) == (40, 20)
    assert 0 < arrived.within(0.5) <= arrived.within(0.99)


def test_a_request_that_waits_for_a_connection_takes_longer(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "CONNECTIONS", 1)
    arrived = ask_at_random(port, [request("/slow", TEXT)], 200, 0.2)
    assert len(arrived.seconds) == 40
    # The last one is due before 0.4 s, and the 40 take 0.8.
    assert arrived.within(1) > 0.3


def test_the_page_has_replicas_for_a_rate_within_the_limit(tmp_path: Path) -> None:
    points = [Point(300, 0.001, 0.002, 0.002), Point(450, 0.01, LIMIT / 2, 0.05), Point(490, 0.1, LIMIT * 2, 0.1)]
    curve = Curve("best", 12, 1, 500, 170_000_000, points)
    assert curve.within_limit == 450
    slow = Curve("slow", 235, 1, 500, 170_000_000, points[2:])
    assert slow.within_limit == 0
    said = page([curve, slow], {"best": 1000.0}, 0.1, {"processor": "x", "cores": "2", "Python": "3"})
    assert "| best | 12 | 500 | 450 | 170 | 3 | 72 |" in said
    assert "| slow | 235 | 500 | 0 | 170 |  |  |" in said
    assert "| best | 1,000 | 278 | 4.34 |" in said
    draw([curve, slow], tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000
