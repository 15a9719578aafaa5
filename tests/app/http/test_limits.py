import resource
from pathlib import Path

import pytest

from app.http.limits import OTHER_DESCRIPTORS, Allowance, Limits
from app.settings import Settings


def test_an_allowance_runs_out_while_it_waits_and_bytes_add_to_it() -> None:
    allowance = Allowance(10, rate=100)
    assert allowance.wait(1000) == 1010
    allowance.got(200, 1004)  # 4 seconds passed, and 2 came back
    assert allowance.wait(1004) == 1012
    allowance.got(10_000, 1005)  # never more than at first
    assert allowance.wait(1005) == 1015
    allowance.got(0, 1015)
    assert allowance.wait(1015) == 1015


@pytest.mark.parametrize(
    ("descriptors", "connections"),
    [(100, 50), (1000, 1000 - OTHER_DESCRIPTORS), (100_000, 3000), (resource.RLIM_INFINITY, 3000)],
)
def test_there_are_no_more_connections_than_descriptors(
    descriptors: int, connections: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (descriptors, descriptors))
    assert Limits.of(Settings()).connections == connections


def test_there_are_fewer_encrypted_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for most, encrypted in ((3000, 750), (1, 1)):
        assert Limits.of(Settings(max_connections=most, tls_cert=Path("cert.pem"))).connections == encrypted
