import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.visiting import browse as browse
from tests.e2e.visiting import browser as browser
from tests.e2e.visiting import visit as visit

ROOT = Path(__file__).resolve().parent.parent.parent
COMMITTED = ROOT / "models"
START_SECONDS = 120
"""In which the service has to start; far more than it takes."""


@dataclass
class Service:
    """A running `python -m app serve`."""

    process: subprocess.Popen[str]
    url: str
    log: Path

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


Start = Callable[..., Service]


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "MODELS_DIR": str(COMMITTED), "PORT": "0", **variables}


@contextlib.contextmanager
def serving(log: Path, **variables: str) -> Iterator[Service]:
    """Start the service on a free port, wait until it is ready, and end it."""
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "serve"], cwd=ROOT, env=environment(**variables), stdout=file, text=True
        )
    try:
        yield Service(process, _wait_for_url(process, log), log)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            for one in psutil.Process(process.pid).children(recursive=True):
                one.kill()
            process.kill()
            raise


def _wait_for_url(process: subprocess.Popen[str], log: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        found = re.search(r"running on (http://[\d.]+:\d+)", log.read_text())
        if found:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{found[1]}/health/ready").status_code == 200:
                    return found[1]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
            raise AssertionError(f"the service ended: {log.read_text()}")
    raise AssertionError(f"the service did not get ready: {log.read_text()}")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with contextlib.ExitStack() as stack:
        yield lambda **variables: stack.enter_context(serving(tmp_path / "log.jsonl", **variables))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with serving(folder / "log.jsonl", FEEDBACK_FILE=str(folder / "feedback.jsonl")) as running:
        yield running
