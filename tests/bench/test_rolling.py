"""Nothing is lost that a replica could have finished, behind the proxy that `deploy/` configures."""

import shutil
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.options import Options
from bench.paths import MODEL
from bench.replicas import CONFIGURATION, Proxy, Replica, configuration
from bench.rolling import NAMES, measure_rolling

HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"


def test_the_configuration_is_taken_as_it_is_but_for_addresses(tmp_path: Path) -> None:
    replicas = [Replica(name, MODEL, tmp_path) for name in NAMES]
    given = CONFIGURATION.read_text()
    found = configuration(given, 7, replicas, tmp_path / "socket")
    assert "10.0.0." not in found
    changed = [pair for pair in zip(given.splitlines(), found.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(changed) == 2 + len(NAMES)
    with pytest.raises(BenchError):
        configuration(given, 7, replicas[:2], tmp_path / "socket")


def test_requests_of_a_replica_are_those_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = "# pxname,svname,qcur,scur,status\nreplicas,one,0,3,UP\nreplicas,two,1,0,DRAIN (agent)\nother,one,7,7,UP\n"
    monkeypatch.setattr(Proxy, "tell", lambda _self, _command: answer)
    proxy = object.__new__(Proxy)
    assert proxy.sessions() == {"one": 3, "two": 0}
    assert proxy.states() == {"one": "UP", "two": "DRAIN"}


@pytest.mark.slow
@pytest.mark.skipif(not Path(HAPROXY).exists(), reason="there is no haproxy (apt)")
def test_nothing_is_lost_when_replicas_come_and_go(tmp_path: Path) -> None:
    options = Options(MODEL, tmp_path, rounds=1, seconds=1, output=tmp_path)
    result = measure_rolling(options, 1)
    (rows,) = [table.rows for table in result.tables]
    assert list(rows) == ["1 rolling restarts", "a replica killed", "a replica frozen", "a replica drained"]
    for event, row in rows.items():
        assert row["requests"] > 300, event
        assert row["lost"] <= row["in flight"], (event, row)
