import asyncio
import json
import logging
from typing import Any

import httpx
import pytest

from app.operations.logs import JSONFormatter
from app.operations.metrics import Metrics
from app.operations.telemetry import Telemetry


def test_a_request_id_is_echoed_or_made(client: httpx.Client) -> None:
    for given in ("abc-123", "a" * 128, "2026-11-23T12:00:00+00:00/x=y@z"):
        assert client.get("/health/live", headers={"X-Request-ID": given}).headers["x-request-id"] == given
    made = {client.get("/health/live").headers["x-request-id"] for _ in range(5)}
    assert len(made) == 5
    assert all(len(value) == 32 for value in made)


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, '"', "é", "a;b"])
def test_a_request_id_that_would_spoil_the_log_is_replaced(client: httpx.Client, given: str) -> None:
    headers = [(b"X-Request-ID", given.encode())]
    assert len(client.get("/health/live", headers=headers).headers["x-request-id"]) == 32


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(JSONFormatter().format(r)) for r in caplog.records if r.name == "app.requests"]


def test_each_request_is_one_json_line_without_its_text(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app.requests")
    headers = {"X-Request-ID": "the-id"}
    client.post("/sentiment?text=xyzzy", json={"text": "xyzzy plugh"}, headers=headers)
    client.post("/sentiment", content=b"xyzzy", headers=headers)
    client.get("/health/live")  # the line of a request is written after its answer, and before the next is read
    one, other = (line for line in lines(caplog) if line["request_id"] == "the-id")
    assert one["time"].endswith("+00:00")
    assert one["milliseconds"] > 0
    assert {key: one[key] for key in ("level", "message", "request_id", "method", "path", "status", "client")} == {
        "level": "info",
        "message": "request",
        "request_id": "the-id",
        "method": "POST",
        "path": "/sentiment",
        "status": 200,
        "client": "127.0.0.1",
    }
    assert other["status"] == 415
    assert "xyzzy" not in caplog.text + json.dumps([one, other])


async def call(app: Telemetry) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
    await app(scope, receive, send)
    return sent


async def _fails(_scope: object, _receive: object, _send: object) -> None:
    raise RuntimeError("secret detail")


def test_an_unexpected_error_is_a_problem_and_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    start, body = asyncio.run(call(Telemetry(_fails, Metrics())))
    assert start["status"] == 500
    assert (b"content-type", b"application/problem+json") in start["headers"]
    assert json.loads(body["body"])["status"] == 500
    assert b"secret" not in body["body"]
    error = next(line for line in lines(caplog) if line["level"] == "error")
    assert "secret detail" in error["exception"]
    assert len(error["request_id"]) == 32
