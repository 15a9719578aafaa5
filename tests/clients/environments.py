"""Environments of programs that share none with the service, made once in `build/clients` and kept while what they hold
is asked for."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import ROOT

REQUIREMENTS = Path(__file__).parent
ENVIRONMENTS = ROOT / "build" / "clients"


def python_environment(name: str) -> Path:
    """Return the interpreter of a virtual environment with the packages of `<name>.txt`."""
    requirements = REQUIREMENTS / f"{name}.txt"
    python = ENVIRONMENTS / name / "bin" / "python"
    with _missing(name, requirements) as folder:
        if folder:
            _run([sys.executable, "-m", "venv", folder])
            _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements])
    return python


def node_environment(name: str) -> Path:
    """Return a folder with the packages of `<name>/package.json` in its `node_modules`."""
    requirements = REQUIREMENTS / name / "package.json"
    with _missing(name, requirements) as folder:
        if folder:
            folder.mkdir()
            shutil.copy(requirements, folder)
            quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
            _run(["npm", "install", "--silent", *quiet, "--prefix", folder])
    return ENVIRONMENTS / name


@contextmanager
def _missing(name: str, requirements: Path) -> Iterator[Path | None]:
    """Give the folder of an environment if it is to be made, one process at a time; it is complete after the block."""
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    folder, stamp = ENVIRONMENTS / name, ENVIRONMENTS / f"{name}.stamp"
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_bytes() == requirements.read_bytes():
            yield None
            return
        shutil.rmtree(folder, ignore_errors=True)
        yield folder
        shutil.copyfile(requirements, stamp)


def _run(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True, timeout=600)
