from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import environments
from bench.errors import BenchError


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Any]]:
    """What would have been run to make environments; the requirements of a peer are beside it."""
    found: list[Sequence[Any]] = []

    def run(command: Sequence[Any]) -> None:
        found.append(command)
        if "venv" in command:
            python = Path(command[-1], "bin", "python")
            python.parent.mkdir(parents=True)
            python.touch()
        elif "broken==1" in Path(command[-1]).read_text():
            raise BenchError("It cannot be installed.")

    monkeypatch.setattr(environments, "ENVIRONMENTS", tmp_path / "environments")
    monkeypatch.setattr(environments, "PEERS", tmp_path)
    monkeypatch.setattr(environments, "run", run)
    (tmp_path / "peer.txt").write_text("other==3\npeer==1.2\n")
    return found


def test_an_environment_is_made_once(commands: list[Sequence[Any]], tmp_path: Path) -> None:
    python = environments.python_of("peer")
    assert (python.is_file(), len(commands)) == (True, 2)
    assert commands[1][-1] == tmp_path / "peer.txt"
    assert environments.python_of("peer") == python
    assert len(commands) == 2


def test_an_environment_of_other_requirements_is_made_anew(commands: list[Sequence[Any]], tmp_path: Path) -> None:
    environments.python_of("peer")
    (tmp_path / "peer.txt").write_text("other==3\npeer==1.3\n")
    environments.python_of("peer")
    assert len(commands) == 4
    assert environments.version_of("peer") == "1.3"


def test_an_environment_that_could_not_be_made_is_not_used(commands: list[Sequence[Any]], tmp_path: Path) -> None:
    (tmp_path / "peer.txt").write_text("broken==1\n")
    for tries in (1, 2):
        with pytest.raises(BenchError):
            environments.python_of("peer")
        assert len(commands) == 2 * tries
