"""A Ray cluster of two nodes on this machine, and the command that uses it."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil
import pytest

from app.cli.bulk.command import STARTS
from tests.conftest import ROOT

MISSING = "Ray is not installed here; `make test-ray` installs it, and runs these tests"
LIMIT = 180

# Before Ray is imported, which reads them once. It listens on all addresses: whoever has no token is refused.
os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex())
os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_worker_niceness="0")
Classify = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Two nodes with a core each."""
    pytest.importorskip("ray", reason=MISSING)
    from ray.cluster_utils import Cluster

    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    node: dict[str, Any] = {
        "num_cpus": 1,
        "object_store_memory": 80 * 2**20,
        "include_dashboard": False,
    }
    cluster: Any = None
    with pytest.MonkeyPatch.context() as patch:
        # Not as an argument: then Ray notes its address in /tmp/ray all the same, which may not be there.
        patch.setenv("RAY_TMPDIR", folder)
        for left in reversed(range(STARTS)):
            try:
                cluster = Cluster(initialize_head=True, head_node_args=node)
                cluster.add_node(**node)
                break
            except Exception:
                if not left:
                    raise
        try:
            yield cluster
        finally:
            cluster.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


class Run:
    """`python -m app classify --ray` on the cluster, in a process of its own."""

    def __init__(self, arguments: Sequence[str | Path], log: Path) -> None:
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app", "classify", *map(str, arguments)], cwd=ROOT, stdout=file, stderr=file
            )

    def wait(self) -> tuple[int, str]:
        """Return the exit status and what it said."""
        status = self.process.wait(LIMIT)
        return status, self._log.read_text()


@pytest.fixture
def start(cluster: Any, tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(*arguments: str | Path) -> Run:
        model: list[str | Path] = ["--models-dir", ROOT / "models", "--model", "sentiment-lecture", "--no-progress"]
        runs.append(Run(["--ray", cluster.address, *model, *arguments], tmp_path / f"log-{len(runs)}"))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def actors() -> list[psutil.Process]:
    """The processes of the actors of this test's cluster."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            line = " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if line.startswith("ray::") and ("MapWorker" in line or "Scorer" in line):
            found.append(process)
    return found


def until(happened: Callable[[], object], run: Run) -> None:
    """Wait for something to happen while a run goes on."""
    deadline = monotonic() + LIMIT
    while not happened():
        assert run.process.poll() is None, run.wait()
        assert monotonic() < deadline
        sleep(0.02)
