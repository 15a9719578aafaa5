import asyncio
import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from bench import soak
from bench.options import Options
from bench.paths import DATA, MODEL


def test_a_short_soak_fails_nothing(tmp_path: Path) -> None:
    options = Options(MODEL, DATA, rounds=1, seconds=1, soak_seconds=1, output=tmp_path)
    result = soak.measure(options)
    found = {figure.name: figure.value for figure in result.figures}
    assert found["requests"] >= soak.SHORT_CLIENTS + soak.BATCH_CLIENTS + soak.DAMAGED_CLIENTS + soak.SLOW_CLIENTS + 1
    assert found["failures"] == 0
    assert found["descriptors at most"] > soak.SLOW_CLIENTS
    kinds = result.tables[0].rows
    assert set(kinds) == {"short text", "batch", "probe", "damaged", "slow"}
    assert (tmp_path / soak.PLOT).read_bytes().startswith(b"\x89PNG")


def test_what_missed_its_answer_is_counted() -> None:
    moments = [soak.Moment(1.0, 100.0, 10, 5.0), soak.Moment(70.0, 200.0, 12, 5.0), soak.Moment(99.0, 220.0, 11, 5.0)]
    traffic = soak.Traffic(moments=moments, short=[0.001] * 99 + [1.0], probes=[0.5])
    traffic.requests.update({"probe": 3})
    traffic.failures.update({"probe: status": 2})
    figures = {figure.name: figure for figure in soak.figures(traffic)}
    assert figures["failures"].value == 2
    assert figures["failures"].reached is False
    assert figures["99 % of probes on new connections within"].value == 500
    assert figures["memory at the end / after the first minute"].value == pytest.approx(1.1)
    assert dataclasses.asdict(figures["memory at most"])["value"] == 220


class Watched:
    """Stands for a process; each time that it is looked at, another probe has been answered."""

    def __init__(self, probes: list[float]) -> None:
        self.probes = probes

    def memory_info(self) -> SimpleNamespace:
        return SimpleNamespace(rss=soak.MEBIBYTE)

    def num_fds(self) -> int:
        self.probes.append(self.probes[-1] / 2)
        return 3


def test_each_moment_has_the_slowest_probe_since_the_one_before() -> None:
    load = soak.Load(port=0, seconds=1)
    load.traffic.probes.append(0.8)
    asyncio.run(load._watch(cast(psutil.Process, Watched(load.traffic.probes))))
    assert [moment.probe for moment in load.traffic.moments][:3] == [800, 400, 200]
