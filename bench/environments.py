"""Virtual environments for the peers that cannot share the service's own."""

import shutil
import sys
from pathlib import Path
from typing import Final

from bench.paths import ENVIRONMENTS, PEERS
from bench.processes import run

STAMP: Final = "requirements.txt"
"""Copy of the requirements in an environment that is complete."""


def python_of(peer: str) -> Path:
    """Return the interpreter of a peer's environment, made on first use from ``bench/peers/<peer>.txt``.

    Raises:
        bench.errors.BenchError: The packages cannot be installed.
    """
    folder = ENVIRONMENTS / peer
    requirements = PEERS / f"{peer}.txt"
    python = folder / "bin" / "python"
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_bytes() == requirements.read_bytes() and python.exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", folder])
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements])
    shutil.copyfile(requirements, stamp)
    return python


def version_of(peer: str) -> str:
    """Return the version of a peer that its requirements pin."""
    for line in (PEERS / f"{peer}.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        if name == peer:
            return version
    raise LookupError(peer)
