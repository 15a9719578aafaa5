"""What goes wrong around the service: workers are killed, logs cannot be written, descriptors run out, clocks jump."""

import contextlib
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from app.cli.serve import WORKER_SECONDS
from bench.servers import free_port
from tests.e2e.conftest import ROOT, Service, Start, environment
from tests.hostile.raw import PATIENCE, many, post, probe, send, until

SERVE = [sys.executable, "-m", "app", "serve"]


def wait_until_ready(process: subprocess.Popen[str], port: int, log: Path) -> Service:
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        assert process.poll() is None
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{url}/health/ready").status_code == 200
        return False

    until(is_ready)
    return Service(process, url, log)


def test_a_worker_that_is_killed_is_replaced(start: Start) -> None:
    service = start(WORKERS="2")
    parent = psutil.Process(service.process.pid)

    def workers() -> list[int]:
        alive = [one for one in parent.children() if one.status() != psutil.STATUS_ZOMBIE]
        return [one.pid for one in alive if "spawn_main" in " ".join(one.cmdline())]

    before = workers()
    assert len(before) == 2
    psutil.Process(before[0]).send_signal(signal.SIGKILL)
    answered = []

    def is_replaced() -> bool:
        answer = httpx.post(f"{service.url}/sentiment", json={"text": "good"}, timeout=PATIENCE)
        answered.append(answer.status_code)
        return before[0] not in workers() and len(workers()) == 2

    until(is_replaced)
    assert set(answered) == {200}
    service.process.terminate()
    assert service.process.wait(PATIENCE) == 0


def test_a_worker_that_dies_while_it_is_asked_is_missed_at_once(start: Start) -> None:
    service = start(WORKERS="2")
    parent = psutil.Process(service.process.pid)
    worker = next(one for one in parent.children() if "spawn_main" in " ".join(one.cmdline()))
    worker.suspend()
    time.sleep(2)  # twice a second it is asked
    worker.kill()
    ended = time.monotonic()

    def is_missed() -> bool:
        return not psutil.pid_exists(worker.pid)

    until(is_missed)
    assert time.monotonic() - ended < WORKER_SECONDS / 2


SLOW_START = """
import sys, time
if any("spawn_main" in part for part in sys.orig_argv):
    time.sleep(7)
"""


def test_workers_that_take_long_to_start_are_waited_for(start: Start, tmp_path: Path) -> None:
    """As on a busy machine: Uvicorn by itself takes those for hung that do not answer it within five seconds."""
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SLOW_START)
    service = start(PYTHONPATH=str(folder), WORKERS="2")
    probe(service)
    assert "died" not in service.log.read_text()


def buffered(**variables: str) -> dict[str, str]:
    """The environment of a service whose standard output Python buffers, as it does by default."""
    return environment(PYTHONUNBUFFERED="", **variables)


def test_a_full_disk_under_the_log_fails_no_request(tmp_path: Path) -> None:
    port = free_port()
    with (
        Path("/dev/full").open("w") as full,
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(
            SERVE, cwd=ROOT, env=buffered(PORT=str(port)), stdout=full, stderr=errors, text=True
        ) as process,
    ):
        try:
            service = wait_until_ready(process, port, tmp_path)
            assert send(service, post() * 50).statuses == [200] * 50
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "errors").read_text() == ""


def test_a_closed_pipe_under_the_log_fails_no_request(tmp_path: Path) -> None:
    port = free_port()
    with (
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(
            SERVE, cwd=ROOT, env=buffered(PORT=str(port)), stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            service = wait_until_ready(process, port, tmp_path)
            assert process.stdout is not None
            process.stdout.close()
            assert send(service, post() * 50).statuses == [200] * 50
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "errors").read_text() == ""


def limit_descriptors() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))


def test_more_connections_than_descriptors_stop_nobody(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        SERVE, cwd=ROOT, env=environment(PORT=str(port)), stdout=subprocess.DEVNULL, text=True,
        preexec_fn=limit_descriptors,
    )  # fmt: skip
    with process:
        try:
            service = wait_until_ready(process, port, tmp_path)
            with many(service, 400):
                for _ in range(10):
                    probe(service)
                    assert send(service, post()).statuses == [200]
            probe(service)
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0


JUMPS = """
import itertools, time
real, steps = time.time, itertools.count()
time.time = lambda: real() + (0, 10**7, -10**7, 3600)[next(steps) % 4]
"""


def test_a_clock_that_jumps_changes_no_answer(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "jumps"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(JUMPS)
    service = start(PYTHONPATH=str(folder), KEEP_ALIVE_SECONDS="30")
    with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
        for _ in range(20):
            answer = client.post("/sentiment", json={"text": "good"})
            assert answer.status_code == 200
            time.sleep(0.05)
    times = [str(line["time"])[:4] for line in service.lines()]
    assert len(set(times)) > 0
    service.process.terminate()
    assert service.process.wait(PATIENCE) == 0


def test_a_worker_that_is_told_to_end_leaves_the_others_to_answer(start: Start) -> None:
    service = start(WORKERS="2", DRAIN_SECONDS="0")
    children = psutil.Process(service.process.pid).children(recursive=True)
    worker = next(child for child in children if any("spawn_main" in part for part in child.cmdline()))
    worker.terminate()
    gone, _ = psutil.wait_procs([worker], timeout=PATIENCE)
    assert gone == [worker]
    answers: list[int] = []

    def has_answered() -> bool:
        with contextlib.suppress(httpx.TransportError):
            answers.append(httpx.get(f"{service.url}/health/live", timeout=5).status_code)
        return len(answers) == 10

    until(has_answered)
    assert answers == [200] * 10
