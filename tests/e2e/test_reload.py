"""Models that come, change and go while the service runs, as its users have it: in all of its workers."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from tests.e2e.conftest import ROOT, Service, serving
from tests.folders import LECTURE, put_model

MINE = "sentiment-mine"
SECONDS = 120
"""In which the service has to follow; far more than it takes."""
AGREE = 12
"""Answers in a row, each on a connection of its own, that show what each of two workers does."""

Answer = tuple[int, str]


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    put_model(tmp_path / "models" / "sentiment-lecture", "sentiment-lecture")
    return tmp_path / "models"


@contextlib.contextmanager
def run(models_dir: Path, workers: int, reload_seconds: float) -> Iterator[Service]:
    """Start the service, and wait until all its workers serve."""
    settings = {"MODELS_DIR": models_dir, "DEFAULT_MODEL": LECTURE.name, "WORKERS": workers}
    variables = {name: str(value) for name, value in settings.items()}
    with serving(models_dir.parent / "log.jsonl", RELOAD_SECONDS=str(reload_seconds), **variables) as service:
        wait_until(lambda: said(service, "Application startup complete") == workers)
        yield service


def said(service: Service, sentence: str) -> int:
    """How many lines of the log say something; the last one may be half written."""
    lines = service.log.read_text().splitlines(keepends=True)
    return sum(sentence in line for line in lines if line.endswith("\n"))


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.05)


def ask(service: Service, model: str = MINE) -> Answer:
    connection = HTTPConnection(service.url.removeprefix("http://"), timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", f"/sentiment?model={model}", b"A superb film.", {"Content-Type": "text/plain"})
        answer = connection.getresponse()
        document = json.loads(answer.read())
    return answer.status, document.get("version", document.get("detail"))


def all_answer(service: Service, status: int, said: str) -> bool:
    return all(ask(service) == (status, said) for _ in range(AGREE))


def wait_for(service: Service, version: str) -> None:
    wait_until(lambda: all_answer(service, 200, version))


def models(models_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "models", *arguments, f"--models-dir={models_dir}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_all_workers_follow_the_folder_of_models(models_dir: Path) -> None:
    with run(models_dir, workers=2, reload_seconds=0.1) as service:
        assert ask(service)[0] == 404
        put_model(models_dir / MINE / "1", MINE)
        wait_for(service, "1")

        put_model(models_dir / MINE / "2", MINE)
        wait_for(service, "2")

        assert models(models_dir, "use", MINE, "1").stdout == f"Version 1 of {MINE} is served from now on.\n"
        wait_for(service, "1")

        (models_dir / MINE / "2" / "model.onnx").write_bytes(b"damaged")
        done = models(models_dir, "use", MINE, "2")
        assert (done.returncode, done.stderr.count("model.onnx is not the file")) == (2, 1)
        (models_dir / MINE / "current").unlink()
        wait_until(lambda: said(service, "model.onnx is not the file") == 2)
        assert all_answer(service, 200, "1")
        listed = httpx.get(f"{service.url}/models").json()
        assert [(one["name"], one["version"], one["versions"]) for one in listed["models"]] == [
            ("sentiment-lecture", "1.0.0", ["1.0.0"]),
            (MINE, "1", ["1", "2"]),
        ]
        (refused,) = listed["refused"]
        assert refused["folder"] == f"{MINE}/2"
        assert refused["error"].startswith(f"{MINE}/2/model.onnx is not the file")

        shutil.rmtree(models_dir / MINE)
        wait_until(lambda: all_answer(service, 404, "There is no such model; there is sentiment-lecture."))
        assert ask(service, LECTURE.name) == (200, "1.0.0")


def test_all_workers_look_when_they_get_the_signal(models_dir: Path) -> None:
    with run(models_dir, workers=2, reload_seconds=0) as service:
        put_model(models_dir / MINE, MINE, version="5")
        assert ask(service)[0] == 404
        service.process.send_signal(signal.SIGHUP)
        wait_for(service, "5")
        assert said(service, "Started server process") == 2


def test_no_request_fails_while_versions_change_and_each_ends_on_the_model_that_it_began_with(models_dir: Path) -> None:
    for number in ("1", "2"):
        put_model(models_dir / MINE / number, MINE)
    found: list[tuple[int, set[str]]] = []
    ended = threading.Event()

    def ask_on(service: Service) -> None:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            while not ended.is_set():
                answer = client.post("/sentiment", json={"text": "A superb film.", "model": MINE})
                found.append((answer.status_code, {answer.json().get("version")}))
                answer = client.post("/sentiment/batch", json={"texts": ["A superb film."] * 40, "model": MINE})
                found.append((answer.status_code, {one["version"] for one in answer.json()["results"]}))

    def use(service: Service, number: str) -> None:
        (models_dir / MINE / "current").write_text(number)
        service.process.send_signal(signal.SIGHUP)
        wait_for(service, number)

    with run(models_dir, workers=1, reload_seconds=0) as service:
        assert ask(service) == (200, "2")

        def rows() -> Iterator[bytes]:
            yield b'"A superb film."\n' * 600
            for number in ("1", "2") * 3:
                use(service, number)
            use(service, "1")
            yield b'"A superb film."\n' * 600

        threads = [threading.Thread(target=ask_on, args=(service,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            headers = {"Content-Type": "application/x-ndjson"}
            streamed = httpx.post(
                f"{service.url}/sentiment/batch?model={MINE}", content=rows(), headers=headers, timeout=60
            )
        finally:
            ended.set()
            for thread in threads:
                thread.join()
    assert {(status, *versions) for status, versions in found} == {(200, "1"), (200, "2")}
    assert streamed.text.count('"version":"2"') == 1200
