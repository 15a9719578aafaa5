"""Environments of clients that cannot share the tests' own, made on first use in ``build/clients``."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
CLIENTS: Final = ROOT / "tests" / "clients"
ENVIRONMENTS: Final = ROOT / "build" / "clients"
PYTHON_CLIENTS: Final = ("huggingface_hub", "tritonclient", "kserve")
STAMP: Final = "complete"
"""File in an environment that is complete: the SHA-256 of its requirements."""


class ClientError(Exception):
    """An environment cannot be made, or a client's program failed."""


def python_of(client: str) -> Path:
    """Return the interpreter of a client's environment, made of ``tests/clients/<client>.txt``.

    That file names all packages that are needed: pip neither looks for others, nor compiles what is imported once.

    Raises:
        ClientError: The packages cannot be installed.
    """
    folder, requirements = ENVIRONMENTS / client, CLIENTS / f"{client}.txt"
    python = folder / "bin" / "python"
    with _locked(client):
        if not _is_complete(folder, requirements):
            shutil.rmtree(folder, ignore_errors=True)
            run([sys.executable, "-m", "venv", "--without-pip", folder])
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
            run([*pip, "install", "--quiet", "--no-deps", "--no-compile", "--requirement", requirements])
            _complete(folder, requirements)
    return python


def node_modules(client: str) -> Path:
    """Return the folder of npm packages, made of ``tests/clients/<client>/package.json``.

    Raises:
        ClientError: They cannot be installed.
    """
    folder, requirements = ENVIRONMENTS / client, CLIENTS / client / "package.json"
    with _locked(client):
        if not _is_complete(folder, requirements):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            shutil.copy(requirements, folder)
            quiet = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
            run(["npm", "install", "--prefix", folder, *quiet])
            _complete(folder, requirements)
    return folder


def use_python(client: str, *arguments: str) -> Any:
    """Run a client's program in its environment, and return the JSON that it prints.

    Args:
        client: Whose ``use_<client>.py`` it is.
        arguments: Of the program.

    Raises:
        ClientError: The environment cannot be made, or the program failed.
    """
    return json.loads(run([python_of(client), CLIENTS / f"use_{client}.py", *arguments]))


def use_node(client: str, *arguments: str) -> Any:
    """Do the same with ``use_<client>.mjs``, from where Node.js finds what it imports."""
    program = shutil.copy(CLIENTS / client / f"use_{client}.mjs", node_modules(client))
    return json.loads(run(["node", program, *arguments]))


def run(command: Sequence[str | Path]) -> str:
    """Run a command and return what it wrote to standard output.

    Raises:
        ClientError: It is not there, or failed.
    """
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    except FileNotFoundError as error:
        raise ClientError(f"There is no {command[0]}; install it.") from error
    if done.returncode:
        raise ClientError(f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


@contextmanager
def _locked(client: str) -> Iterator[None]:
    """Have one process at a time make an environment."""
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with (ENVIRONMENTS / f"{client}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_complete(folder: Path, requirements: Path) -> bool:
    stamp = folder / STAMP
    return stamp.is_file() and stamp.read_text() == _digest(requirements)


def _complete(folder: Path, requirements: Path) -> None:
    (folder / STAMP).write_text(_digest(requirements))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
