"""Clients that generators make from the OpenAPI document of the running service compile, and work."""

import json
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import CLIENTS, node_modules, python_of
from tests.e2e.conftest import Service


def run(folder: Path, programs: Path, *command: str | Path) -> str:
    """Run a program in a folder, with those of an environment in the path; return what it printed."""
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(printed: str) -> None:
    found: dict[str, Any] = json.loads(printed)
    assert found.pop("score") == pytest.approx(0.98509, abs=0.001)
    assert found.pop("forecast") == [[[pytest.approx(110, abs=0.01)]]]
    assert found == {
        "label": "positive",
        "words": ["Superb", "acting"],
        "labels": ["positive", "negative"],
        "analogy": "woman",
        "neighbors": 2,
        "pointers": ["#/text"],
    }


def test_openapi_python_client(service: Service, tmp_path: Path) -> None:
    python = python_of("openapi-python-client")
    generated = tmp_path / "generated"
    generate = partial(run, tmp_path, python.parent, "openapi-python-client", "generate", "--fail-on-warning")
    generate("--url", f"{service.url}/openapi.json", "--output-path", generated)
    shutil.copy(CLIENTS / "openapi-python-client" / "program.py", generated)
    use = partial(run, generated, python.parent, python)
    # A list of anything is cast to itself, which harms nobody.
    use(
        "-m",
        "mypy",
        "--strict",
        "--no-warn-redundant-casts",
        "--cache-dir",
        os.devnull,
        "program.py",
        "sentiment_client",
    )
    check(use("program.py", service.url))


@pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm on this machine")
def test_openapi_typescript_and_openapi_fetch(service: Service, tmp_path: Path) -> None:
    packages = node_modules("typescript") / "node_modules"
    for name in ("package.json", "tsconfig.json", "program.ts"):
        shutil.copy(CLIENTS / "typescript" / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(packages)
    use = partial(run, tmp_path, packages / ".bin")
    use("openapi-typescript", f"{service.url}/openapi.json", "--output", "schema.d.ts")
    use("tsc", "--project", "tsconfig.json")  # strict, and nothing is written where something is wrong
    check(use("node", "out/program.js", service.url))
