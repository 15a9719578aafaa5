"""Clients that generators make from the OpenAPI document of the running service compile, and work."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import REQUIREMENTS, node_environment, python_environment
from tests.e2e.conftest import Service


def run(command: Sequence[str | Path], folder: Path, path: Path) -> str:
    """Run a program of an environment, whose programs come first in the path; return what it printed."""
    environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check(printed: str) -> None:
    found: dict[str, Any] = json.loads(printed)
    assert found.pop("score") == pytest.approx(0.945, abs=0.001)
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
    python = python_environment("openapi-python-client")
    generated = tmp_path / "generated"
    generate = ["generate", "--url", f"{service.url}/openapi.json", "--output-path", generated, "--fail-on-warning"]
    run([python.with_name("openapi-python-client"), *generate], tmp_path, python.parent)
    shutil.copy(REQUIREMENTS / "openapi-python-client" / "program.py", generated)
    run(
        [python, "-m", "mypy", "--strict", "--cache-dir", os.devnull, "program.py", "sentiment_client"],
        generated,
        python.parent,
    )
    check(run([python, "program.py", service.url], generated, python.parent))


@pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm on this machine")
def test_openapi_typescript_and_openapi_fetch(service: Service, tmp_path: Path) -> None:
    environment = node_environment("typescript")
    tools = environment / "node_modules" / ".bin"
    for name in ("package.json", "tsconfig.json", "program.ts"):
        shutil.copy(REQUIREMENTS / "typescript" / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(environment / "node_modules")
    run([tools / "openapi-typescript", f"{service.url}/openapi.json", "--output", "schema.d.ts"], tmp_path, tools)
    run([tools / "tsc", "--project", "tsconfig.json"], tmp_path, tools)
    check(run(["node", "out/program.js", service.url], tmp_path, tools))
