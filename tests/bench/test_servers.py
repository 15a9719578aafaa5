from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bench import servers
from bench.servers import Contender, Server, started

Events = list[tuple[str, str]]


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Events:
    """What is done to each server, in order; none is really started."""
    found: Events = []

    class Tree:
        def __init__(self, _command: Sequence[Any], log: Path, *_: Any) -> None:
            self.name = log.stem

        def let_go(self) -> None:
            found.append((self.name, "let go"))

        def hold(self) -> None:
            found.append((self.name, "held"))

        def end(self) -> None:
            found.append((self.name, "ended"))

    def wait(server: Server, _body: Mapping[str, Any]) -> None:
        found.append((server.contender.name, "asked"))

    monkeypatch.setattr(servers, "Tree", Tree)
    monkeypatch.setattr(Server, "wait", wait)
    return found


def test_no_server_runs_but_the_one_that_is_measured(events: Events, tmp_path: Path) -> None:
    with started([Contender("one", []), Contender("two", [])], 0, tmp_path, {}) as found:
        assert events == [(name, what) for name in ("one", "two") for what in ("let go", "asked", "held")]
        events.clear()
        with pytest.raises(ZeroDivisionError), found[1].running():
            raise ZeroDivisionError
        assert events == [("two", "let go"), ("two", "held")]
        events.clear()
    assert sorted(events) == [("one", "ended"), ("two", "ended")]
