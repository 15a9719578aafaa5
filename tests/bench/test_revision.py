from collections.abc import Sequence
from pathlib import Path

import pytest

from bench import revision


def test_the_checkout_is_removed_even_if_the_measurement_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[Sequence[str]] = []
    monkeypatch.setattr(revision, "run", commands.append)
    with pytest.raises(ZeroDivisionError), revision.checkout("v1", tmp_path) as path:
        raise ZeroDivisionError
    assert [command[4:] for command in commands] == [
        ["add", "--detach", str(path), "v1"],
        ["remove", "--force", str(path)],
    ]
