import fcntl
import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.artifacts.versions import ModelId
from app.compute import Compute
from app.sentiment import feedback
from app.sentiment.feedback import FeedbackFile, NoRoom, NotWritten
from app.sentiment.service import SECONDS_A_WRITTEN_CHARACTER
from app.settings import SettingsError
from tests.conftest import Serve

MODEL = ModelId("sentiment-tiny", "1.0.0")
TEXT = 'Nicht schlecht 😀\u2028\x85 "naïve"\nline'

Post = Callable[..., httpx.Response]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "feedback.jsonl"


def test_a_line_has_the_columns_that_training_reads(path: Path) -> None:
    file = FeedbackFile(path, 10_000)
    assert path.read_bytes() == b""
    file.append(TEXT, "positive", MODEL)
    file.append("b", "negative", MODEL)
    first, second = lines(path)
    assert list(first) == ["text", "label", "model", "version", "time"]
    assert {**first, "time": ""} == {
        "text": TEXT,
        "label": "positive",
        "model": MODEL.name,
        "version": "1.0.0",
        "time": "",
    }
    assert second["text"] == "b"
    assert first["time"].endswith("+00:00")
    assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0


def test_the_file_grows_to_its_size_and_no_further(path: Path) -> None:
    file = FeedbackFile(path, 300)
    file.append("a", "positive", MODEL)
    with pytest.raises(NoRoom, match=r"^The service keeps no more than 300 bytes of feedback\.$"):
        file.append("a" * 200, "positive", MODEL)
    file.append("b", "positive", MODEL)
    assert [line["text"] for line in lines(path)] == ["a", "b"]


def test_a_line_that_does_not_fit_on_the_disk_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = FeedbackFile(path, 10_000)
    file.append("a", "positive", MODEL)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, line: write(descriptor, line[:7]))
    with pytest.raises(NoRoom, match="no room on disk"):
        file.append("b", "positive", MODEL)
    monkeypatch.undo()
    file.append("c", "positive", MODEL)
    assert [line["text"] for line in lines(path)] == ["a", "c"]


def test_a_torn_line_stays_alone(path: Path) -> None:
    path.write_text('{"text": "torn')
    FeedbackFile(path, 10_000).append("a", "positive", MODEL)
    assert path.read_text().splitlines()[0] == '{"text": "torn'
    assert json.loads(path.read_text().splitlines()[1])["text"] == "a"


def test_a_file_that_is_moved_away_is_made_anew(path: Path) -> None:
    file = FeedbackFile(path, 10_000)
    file.append("a", "positive", MODEL)
    moved = path.rename(path.with_name("moved"))
    file.append("b", "positive", MODEL)
    assert [line["text"] for line in (*lines(moved), *lines(path))] == ["a", "b"]
    path.unlink()
    path.mkdir()
    with pytest.raises(NotWritten):
        file.append("c", "positive", MODEL)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.parent / "none" / "file")])
def test_a_file_that_cannot_be_written_is_told_at_the_start(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    with pytest.raises(SettingsError, match=r"^FEEDBACK_FILE \(.*feedback.jsonl\) cannot be written \(.*\); .*\.$"):
        FeedbackFile(path, 1)


MINUTE = 60.0
"""How long a busy machine may keep one that has the lock from going on."""


def append_some(path: Path, name: str) -> None:
    file = FeedbackFile(path, 10**9)
    for number in range(50):
        file.append(f"{name} {number} " * 60, "positive", MODEL)


def append_as_a_process(path: Path, name: str) -> None:
    feedback._LOCK_SECONDS = MINUTE  # type: ignore[misc]
    append_some(path, name)


def test_processes_and_threads_do_not_get_into_each_others_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "_LOCK_SECONDS", MINUTE)
    process = get_context("spawn").Process(target=append_as_a_process, args=(path, "process"))
    process.start()
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(append_some, [path] * 3, ("a", "b", "c")))
    process.join()
    found = [line["text"].split()[:2] for line in lines(path)]
    assert len(found) == 200
    assert {tuple(one) for one in found} == {(name, str(n)) for name in ("a", "b", "c", "process") for n in range(50)}


@pytest.fixture
def post(serve: Serve, path: Path) -> Post:
    client = serve(feedback_file=path, feedback_max_bytes=400, max_characters=500)
    return lambda **body: client.post("/feedback", json=body)


def test_feedback_is_kept(post: Post, path: Path) -> None:
    answer = post(text=TEXT, label="negative", model="sentiment-tiny")
    assert (answer.status_code, answer.json()) == (
        201,
        {"label": "negative", "model": "sentiment-tiny", "version": "1.0.0"},
    )
    assert post(text="b", label="positive").status_code == 201
    assert [(line["text"], line["label"]) for line in lines(path)] == [(TEXT, "negative"), ("b", "positive")]
    full = post(text="c" * 200, label="positive")
    assert (full.status_code, full.json()["title"]) == (507, "Insufficient Storage")
    assert len(lines(path)) == 2


def test_a_long_text_is_long_work(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    run = Compute.run

    async def noted(compute: Compute, function: Callable[[], None], *, seconds: float) -> None:
        asked.append(seconds)
        await run(compute, function, seconds=seconds)

    monkeypatch.setattr(Compute, "run", noted)
    for count in (1, 101):
        assert post(text="a" * count, label="positive").is_success
    assert asked[1] - asked[0] == pytest.approx(100 * SECONDS_A_WRITTEN_CHARACTER)


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"text": "a", "label": "neutral"}, 422, "#/label"),
        ({"text": "a", "label": ""}, 422, "#/label"),
        ({"text": "", "label": "positive"}, 422, "#/text"),
        ({"text": "a" * 501, "label": "positive"}, 422, "#/text"),
        ({"text": "a"}, 422, "#/label"),
        ({"text": "a", "label": 1}, 422, "#/label"),
        ({"text": "a", "label": "positive", "model": "none"}, 404, "#/model"),
        ({"text": "a", "label": "positive", "score": 1}, 422, "#/score"),
    ],
)
def test_what_is_no_feedback_is_not_kept(
    post: Post, path: Path, body: dict[str, Any], status: int, pointer: str
) -> None:
    answer = post(**body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
    assert path.read_bytes() == b""


def test_a_file_that_cannot_be_written_later_is_an_error_of_the_service(post: Post, path: Path) -> None:
    path.unlink()
    path.mkdir()
    answer = post(text="a", label="positive")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert str(path) not in answer.text


def test_without_a_file_there_is_no_feedback(client: httpx.Client) -> None:
    answer = client.post("/feedback", json={"text": "a", "label": "positive"})
    assert answer.status_code == 404
    assert answer.json()["detail"] == "This service takes no feedback; its setting `FEEDBACK_FILE` names no file."


def test_feedback_needs_a_key_where_there_are_keys(serve: Serve, path: Path) -> None:
    client = serve(feedback_file=path, api_keys=["secret"])
    body = {"text": "a", "label": "positive"}
    assert client.post("/feedback", json=body).status_code == 401
    assert client.post("/feedback", json=body, headers={"X-API-Key": "secret"}).status_code == 201
    assert len(lines(path)) == 1


def test_a_file_that_another_holds_for_long_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "_LOCK_SECONDS", 0.05)
    file = FeedbackFile(path, 10_000)
    with path.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(NotWritten):
            file.append("a", "positive", MODEL)
    file.append("b", "positive", MODEL)
    assert [line["text"] for line in lines(path)] == ["b"]
