"""What the settings make of Uvicorn's options."""

import io
import json
import sys

import pytest

from tests.conftest import Serve

CLIENT = {"X-Forwarded-For": "203.0.113.7"}


@pytest.mark.parametrize(("trusted", "client"), [("127.0.0.1", "203.0.113.7"), ("203.0.113.1", "127.0.0.1")])
def test_the_client_is_whom_a_trusted_proxy_names(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, trusted: str, client: str
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
    assert logged_client(serve, monkeypatch) == client


def test_no_proxy_is_trusted_unasked(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    assert logged_client(serve, monkeypatch) == "127.0.0.1"


def logged_client(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> object:
    service = serve()
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    for _ in range(2):  # the line of a request is written after its answer, and before the next is read
        assert service.get("/health/live", headers=CLIENT).status_code == 200
    return json.loads(written.getvalue().splitlines()[0])["client"]
