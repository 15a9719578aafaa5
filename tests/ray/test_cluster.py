"""Nothing is lost and nothing comes twice, whatever dies; on a cluster of two nodes, and in an object store."""

import gc
import http.server
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli.bulk.stores import COPIED, Store
from app.cli.main import main
from app.sentiment.tokenizer import Tokenizer
from bench.servers import free_port
from bench.texts import Writer
from tests.clients.environments import python_of
from tests.conftest import ROOT
from tests.ray.conftest import LIMIT, MISSING, Run, actors, until

pytest.importorskip("ray", reason=MISSING)
pytestmark = pytest.mark.slow

MODEL = ROOT / "models" / "sentiment-lecture"
FILES, ROWS, WORDS = 40, 60, 200
Start = Callable[..., Run]


def rows(number: int, count: int = ROWS) -> list[dict[str, Any]]:
    writer = Writer(Tokenizer.load(MODEL / "tokenizer.json").words, seed=number)
    return [
        {"id": number * count + index, "text": None if index % 17 == 3 else writer.text(WORDS)}
        for index in range(count)
    ]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of JSON Lines."""
    folder = tmp_path_factory.mktemp("given")
    for number in range(FILES):
        lines = "".join(json.dumps(row) + "\n" for row in rows(number))
        (folder / f"{number:03}.jsonl").write_text(lines)
    return folder


@pytest.fixture(scope="module")
def wanted(given: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the command finds of the same rows without Ray."""
    whole = tmp_path_factory.mktemp("wanted") / "all.jsonl"
    whole.write_bytes(b"".join(path.read_bytes() for path in sorted(given.iterdir())))
    output = whole.with_name("scored.jsonl")
    options = ["--models-dir", str(ROOT / "models"), "--model", "sentiment-lecture"]
    assert main(["classify", "--file", str(whole), "--output", str(output), *options]) == 0
    return read(output.read_bytes())


def read(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def parts(output: Path) -> list[Path]:
    return sorted(path for path in output.rglob("*") if path.is_file() and path.name[0] not in "._")


def found(output: Path) -> list[dict[str, Any]]:
    assert (output / "_SUCCESS").read_bytes() == b""
    assert not list(output.rglob(".*"))
    return [row for path in parts(output) for row in read(path.read_bytes())]


def assert_same(given: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> None:
    assert [row["id"] for row in given] == [row["id"] for row in wanted]
    for one, other in zip(given, wanted, strict=True):
        assert {**one, "score": None} == {**other, "score": None}
        assert one["score"] == (other["score"] and pytest.approx(other["score"], abs=1e-6))


@contextmanager
def frozen_actor(run: Run) -> Iterator[psutil.Process]:
    """Freeze one of the actors as soon as there is one: while it is frozen, a run does not come to its end."""
    until(actors, run)
    actor = actors()[0]
    actor.suspend()
    try:
        yield actor
    finally:
        with suppress(psutil.NoSuchProcess):
            actor.resume()


def test_an_actor_that_is_killed_costs_nothing(
    start: Start, given: Path, wanted: list[dict[str, Any]], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    run = start("--file", given, "--output", output)
    with frozen_actor(run) as victim:
        until(lambda: output.exists() and parts(output), run)
        victim.kill()
    assert not (output / "_SUCCESS").exists()
    status, said = run.wait()
    assert status == 0, said
    assert f"{FILES * ROWS:,} rows, {sum(row['label'] is None for row in wanted)} of them without a text" in said
    assert_same(found(output), wanted)


def test_a_run_that_was_interrupted_goes_on(
    start: Start, given: Path, wanted: list[dict[str, Any]], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    run = start("--file", given / "*.jsonl", "--output", output)
    with frozen_actor(run):
        until(lambda: output.exists() and len(parts(output)) > 3, run)
        run.process.send_signal(signal.SIGINT)
    assert run.wait()[0] == 130
    before = {path: path.stat().st_mtime_ns for path in parts(output)}
    assert 3 < len(before) < FILES
    assert not (output / "_SUCCESS").exists()
    status, said = start("--file", given / "*.jsonl", "--output", output).wait()
    assert status == 0, said
    assert f"{len(before)} parts were there already" in said
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert_same(found(output), wanted)
    # What is done is not done again, and other options are not mixed with it.
    status, said = start("--file", given / "*.jsonl", "--output", output).wait()
    assert (status, f"{FILES} parts were there already" in said) == (0, True), said
    status, said = start("--file", given / "*.jsonl", "--output", output, "--prefix", "my_").wait()
    assert (status, "comes from other files or other options" in said) == (2, True), said


def test_a_damaged_file_among_a_hundred(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for number in range(100):
        path = folder / f"day={number % 3}" / f"{number:03}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows(number, 4)), path)
    damaged = folder / "day=1" / "055.parquet"
    content = damaged.read_bytes()
    damaged.write_bytes(content[:40] + bytes(200) + content[240:])
    output = tmp_path / "out"
    status, said = start("--file", folder, "--output", output).wait()
    assert status == 2
    assert said.startswith("error: ")
    assert "day=1/055.parquet cannot be read as Parquet" in said
    assert said.strip().endswith("--skip-damaged passes over such files.")
    status, said = start("--file", folder, "--output", output, "--skip-damaged").wait()
    assert status == 0, said
    assert "skipped: " in said
    assert "day=1/055.parquet" in said
    names = [path.relative_to(output) for path in parts(output)]
    assert len(names) == 99
    ids = sorted(row for name in names for row in pq.read_table(output / name)["id"].to_pylist())
    assert ids == [one for one in range(400) if one // 4 != 55]
    # Once it is mended, the same command does the rest.
    damaged.write_bytes(content)
    status, said = start("--file", folder, "--output", output).wait()
    assert status == 0, said
    assert len(parts(output)) == 100


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 server, moto's; returns pyarrow's options for its addresses."""
    port = free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("wb") as file:
        command = [str(python_of("moto")), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        server = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            deadline = monotonic() + LIMIT
            while not _answers(port):
                assert server.poll() is None, log.read_text()
                assert monotonic() < deadline
                sleep(0.05)
            yield f"endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
        finally:
            server.terminate()
            server.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def keyed(options: str, address: str) -> str:
    """An address with a key in it: the nodes of the cluster do not have the environment of this process."""
    scheme, rest = address.split("://")
    return f"{scheme}://test:test@{rest}?{options}"


def test_an_object_store(start: Start, store: str, given: Path, wanted: list[dict[str, Any]]) -> None:
    from pyarrow import fs

    files, _ = fs.FileSystem.from_uri(keyed(store, "s3://reviews/x") + "&allow_bucket_creation=true")
    files.create_dir("reviews")
    for path in given.iterdir():
        with files.open_output_stream(f"reviews/in/{path.name}") as stream:
            stream.write(path.read_bytes())
    source, target = keyed(store, "s3://reviews/in/*.jsonl"), keyed(store, "s3://scored/out")
    status, said = start("--file", source, "--output", target).wait()
    assert status == 2
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    files.create_dir("scored")
    status, said = start("--file", source, "--output", target).wait()
    assert status == 0, said
    names = [info.path for info in files.get_file_info(fs.FileSelector("scored/out"))]
    assert "scored/out/_SUCCESS" in names
    scored = sorted(name for name in names if name.endswith(".jsonl"))
    assert_same([row for name in scored for row in read(files.open_input_file(name).readall())], wanted)
    status, said = start("--file", source, "--output", target).wait()
    assert (status, f"{FILES} parts were there already" in said) == (0, True), said


def test_an_upload_that_is_interrupted_leaves_nothing(store: str) -> None:
    from pyarrow import fs

    class Ended(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() >= 3 * COPIED:
                raise SystemExit(15)
            return super().read(size)

    address = keyed(store, "s3://interrupted/out")
    fs.FileSystem.from_uri(address + "&allow_bucket_creation=true")[0].create_dir("interrupted")
    target = Store.at(address)
    content = bytes(4 * COPIED)
    with pytest.raises(SystemExit):
        target.put(Ended(content), "part.csv")
    gc.collect()
    assert target.listed() == []
    target.put(io.BytesIO(content), "part.csv")
    assert [(file.relative, file.size) for file in target.listed()] == [("part.csv", len(content))]


@contextmanager
def refusing() -> Iterator[str]:
    """A store that denies everything."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _refuse(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            self.send_response(403)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _refuse  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"endpoint_override=127.0.0.1:{server.server_port}&scheme=http&region=us-east-1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("what", ["--file", "--output"])
def test_a_store_that_refuses_is_said_in_a_sentence(start: Start, given: Path, tmp_path: Path, what: str) -> None:
    with refusing() as options:
        places = {"--file": str(given), "--output": str(tmp_path / "out"), what: keyed(options, "s3://reviews/x")}
        status, said = start(*[part for pair in places.items() for part in pair]).wait()
    assert status == 2
    assert "test:test" not in said
    assert said.startswith("error: ")
    assert "ACCESS_DENIED" in said or "AccessDenied" in said or "403" in said
    assert len(said.splitlines()) == 1


def test_a_cluster_of_this_machine_leaves_nothing_behind(
    given: Path, wanted: list[dict[str, Any]], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"HOME": str(home), "TMPDIR": str(tmp_path)[:0] or "/tmp"}  # noqa: S108
    command = [
        sys.executable,
        "-m",
        "app",
        "classify",
        "--ray",
        "--file",
        str(given),
        "--output",
        str(tmp_path / "out"),
    ]
    options = ["--models-dir", str(ROOT / "models"), "--model", "sentiment-lecture", "--no-progress"]
    done = subprocess.run(
        [*command, *options], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert_same(found(tmp_path / "out"), wanted)
    assert list(home.rglob("*")) == []


def test_no_cluster_is_said_in_a_sentence(given: Path, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "app", "classify", "--ray", address, "--file", str(given)]
    options = ["--models-dir", str(ROOT / "models"), "--model", "sentiment-lecture", "--output", str(tmp_path / "out")]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: There is no Ray cluster at {address} (")
