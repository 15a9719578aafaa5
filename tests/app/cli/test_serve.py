"""What the settings make of Uvicorn's options."""

import io
import json
import sys
from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.supervisors.multiprocess import Multiprocess

from app.cli.serve import Supervisor
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


def test_what_waited_in_a_worker_that_died_is_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def replace_first(supervisor: Any) -> None:
        supervisor.processes[0] = SimpleNamespace(pid=3)

    for pid in (1, 2):
        (tmp_path / f"gauge_livesum_{pid}.db").touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setattr(Multiprocess, "keep_subprocess_alive", replace_first)
    supervisor: Any = Supervisor.__new__(Supervisor)
    pipes = [Pipe() for _ in range(2)]
    supervisor.processes = [SimpleNamespace(pid=pid, child_conn=end) for pid, (_, end) in enumerate(pipes, start=1)]
    supervisor.keep_subprocess_alive()
    assert [end.closed for _, end in pipes] == [True, True]
    assert [path.name for path in tmp_path.iterdir()] == ["gauge_livesum_2.db"]
