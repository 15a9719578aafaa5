import asyncio
import io
import json
import re
import sys
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.http import problems
from app.operations.logs import JSONFormatter, RequestLog
from app.operations.metrics import Metrics
from app.operations.telemetry import Telemetry
from tests.conftest import Serve

MADE = re.compile(r"[0-9a-f]{16}-[0-9a-f]+")


def test_a_request_id_is_echoed_or_made(client: httpx.Client) -> None:
    for given in ("abc-123", "a" * 128, "2026-11-23T12:00:00+00:00/x=y@z"):
        assert client.get("/health/live", headers={"X-Request-ID": given}).headers["x-request-id"] == given
    made = {client.get("/health/live").headers["x-request-id"] for _ in range(5)}
    assert len(made) == 5
    assert all(MADE.fullmatch(value) for value in made)


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, '"', "é", "a;b"])
def test_a_request_id_that_would_spoil_the_log_is_replaced(client: httpx.Client, given: str) -> None:
    headers = [(b"X-Request-ID", given.encode())]
    assert MADE.fullmatch(client.get("/health/live", headers=headers).headers["x-request-id"])


def test_each_request_is_one_json_line_without_its_text(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    headers = {"X-Request-ID": "the-id"}
    client.post('/sentiment/"%C3%A9%0a?text=xyzzy', json={"text": "xyzzy plugh"}, headers=headers)
    client.post("/sentiment?text=xyzzy", content=b"xyzzy", headers=headers)
    client.get("/health/live")  # the line of a request is written after its answer, and before the next is read
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    one, other = (line for line in lines if line["request_id"] == "the-id")
    assert one.pop("time").endswith("+00:00")
    assert one.pop("milliseconds") > 0
    assert one == {
        "level": "info",
        "logger": "app.requests",
        "message": "request",
        "request_id": "the-id",
        "method": "POST",
        "route": "unmatched",
        "status": 404,
        "client": "127.0.0.1",
    }
    assert (other["route"], other["status"]) == ("/sentiment", 422)
    assert "xyzzy" not in written.getvalue()


def test_requests_are_not_logged_where_only_warnings_are(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(log_level="warning")
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    for _ in range(2):
        assert client.get("/health/live").status_code == 200
    assert written.getvalue() == ""


async def call(app: Telemetry) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
    scope["app"] = FastAPI(exception_handlers=problems.handlers())
    await app(scope, receive, send)
    return sent


async def _fails(_scope: object, _receive: object, _send: object) -> None:
    raise RuntimeError("secret detail")


def test_an_unexpected_error_is_a_problem_and_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    start, body = asyncio.run(call(Telemetry(_fails, Metrics(), RequestLog("info"))))
    assert start["status"] == 500
    assert (b"content-type", b"application/problem+json") in start["headers"]
    assert json.loads(body["body"])["status"] == 500
    assert b"secret" not in body["body"]
    (record,) = caplog.records
    error = json.loads(JSONFormatter().format(record))
    assert error["level"] == "error"
    assert "secret detail" in error["exception"]
    assert dict(start["headers"])[b"x-request-id"].decode() in error["message"]


@pytest.mark.parametrize(("level", "lines"), [("debug", 1), ("info", 1), ("warning", 0), ("error", 0)])
def test_requests_are_logged_at_info_and_below(level: str, lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    RequestLog(level).write("id", "GET", "/", 200, 0.1, None)
    assert len(written.getvalue().splitlines()) == lines


def test_a_line_that_cannot_be_written_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError("no space left")

    log = RequestLog("info")
    monkeypatch.setattr(sys, "stdout", Full())
    log.write("lost", "GET", "/", 200, 0.1, None)
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    log.write("kept", "GET", "/", 200, 0.1, None)
    assert [json.loads(line)["request_id"] for line in written.getvalue().splitlines()] == ["kept"]
