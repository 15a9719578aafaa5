"""What `make` says where the interpreter will not do, and that it mends a half-made environment."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

OLD = "sys.version_info = (3, 9, 2, 'final', 0)"
WITHOUT_VENV = "sys.modules['ensurepip'] = None"


def interpreter(folder: Path, flaw: str) -> Path:
    """An interpreter with a flaw that it cannot see itself."""
    path = folder / "python3"
    script = f"import sys; {flaw}; exec(sys.argv[2])"
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(script)} "$@"\n')
    path.chmod(0o755)
    return path


def make(target: str, *variables: str) -> subprocess.CompletedProcess[str]:
    command = ["make", target, *variables]
    # Where make runs the tests, it hands its own variables on.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize(
    ("flaw", "sentence"),
    [
        (OLD, "is Python 3.9.2, but 3.11 or later is needed; name one, as in PYTHON=python3.12"),
        (WITHOUT_VENV, "cannot make a virtual environment; install it, on Debian with: apt-get install python3-venv"),
    ],
)
@pytest.mark.parametrize("target", ["serve", "check"])
def test_an_interpreter_that_will_not_do_is_refused_and_leaves_nothing(
    tmp_path: Path, flaw: str, sentence: str, target: str
) -> None:
    python, environment = interpreter(tmp_path, flaw), tmp_path / "environment"
    ended = make(target, f"PYTHON={python}", f"VENV={environment}")
    assert ended.returncode == 2
    said, of_make = ended.stderr.splitlines()
    assert said == f"error: {python} {sentence}"
    assert of_make.startswith("make: ***")
    assert not environment.exists()


def test_no_interpreter_is_one_sentence(tmp_path: Path) -> None:
    ended = make("serve", f"PYTHON={tmp_path / 'none'}", f"VENV={tmp_path / 'environment'}")
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: There is no {tmp_path / 'none'}; install Python 3.11 or later.\nmake: ***")


def test_a_half_made_environment_is_mended(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    ended = make(f"{environment}/bin/pip", f"PYTHON={sys.executable}", f"VENV={environment}")
    assert ended.returncode == 0
    assert f"Making a virtual environment in {environment}" in ended.stdout
    subprocess.run([environment / "bin" / "pip", "--version"], check=True)
