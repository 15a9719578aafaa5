from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench import over_http, revision
from bench.options import Options
from bench.over_http import CONNECTIONS, LONG, SHORT, SLOW_ROUNDS, WORDS, Case, Found, Turn
from bench.servers import BENTOML, LITSERVE, NOTHING, SERVICE, TUTORIAL
from bench.wrk import Answers


def turns(*rates: float) -> list[Turn]:
    return [Turn(Answers(int(rate), rate, 1000 / rate, 4000 / rate), 1e6 / rate) for rate in rates]


def everywhere(case: Case) -> Found:
    return dict.fromkeys(product(WORDS, CONNECTIONS), case)


def test_the_service_is_measured_against_its_peers_and_not_the_other_way_round() -> None:
    quick = {SERVICE: turns(3000, 6000, 5000), NOTHING: turns(7500, 8000)}
    slow = {TUTORIAL: turns(20, 30), LITSERVE: turns(1200), BENTOML: turns(600)}
    figures = {figure.name: figure for figure in over_http._figures(everywhere({**slow, **quick}))}
    for words in (SHORT, LONG):
        assert figures[f"service / {NOTHING}, {words} words"].value == 0.75
        assert figures[f"service / {TUTORIAL}, {words} words"].value == 200
        assert figures[f"service / {LITSERVE}, {words} words"].value == 5
        assert figures[f"service / {BENTOML}, {words} words"].value == 10
    assert all(figures[f"service / {peer}, {SHORT} words"].reached for peer in (*quick, *slow) if peer != SERVICE)


def test_targets_over_http_are_those_of_many_connections() -> None:
    found = everywhere({name: turns(1) for name in (NOTHING, TUTORIAL, LITSERVE, BENTOML, SERVICE)})
    found[SHORT, max(CONNECTIONS)] = {**found[SHORT, max(CONNECTIONS)], SERVICE: turns(500)}
    assert over_http._figures(found)[0].value == 500
    assert {figure.value for figure in over_http._figures(found)[1:] if f"{LONG} words" in figure.name} == {1}


def test_tables_show_the_best_turn_of_each() -> None:
    found = everywhere({SERVICE: turns(100, 200), NOTHING: turns(400, 250)})
    shown = {table.title: table.rows[f"{SHORT} words, 1 connection"] for table in over_http._tables(found)}
    assert shown == {
        "requests a second": {SERVICE: 200, NOTHING: 400},
        "processor time a request, µs": {SERVICE: 5000, NOTHING: 2500},
        "median latency, ms": {SERVICE: 5, NOTHING: 2.5},
        "99 % latency, ms": {SERVICE: 20, NOTHING: 10},
    }


@pytest.mark.parametrize("rounds", [1, SLOW_ROUNDS, 5])
def test_each_server_has_as_many_turns_as_the_method_says(rounds: int) -> None:
    servers: list[Any] = [
        SimpleNamespace(contender=SimpleNamespace(name=name, slow=name == TUTORIAL)) for name in (SERVICE, TUTORIAL)
    ]
    found = over_http.case(servers, lambda _: turns(1)[0], Options(Path("model"), Path("data"), rounds, seconds=1))
    assert {name: len(some) for name, some in found.items()} == {SERVICE: rounds, TUTORIAL: min(SLOW_ROUNDS, rounds)}


@pytest.mark.parametrize(("rate", "seconds", "memory", "reached"), [(900, 2.1, 102, True), (899, 2.3, 106, False)])
def test_this_checkout_is_measured_against_the_other_revision(
    rate: float, seconds: float, memory: float, reached: bool
) -> None:
    peers = (revision.BEFORE, revision.MIDDLEWARE, revision.PLAIN, revision.TRACED)
    found = everywhere({SERVICE: turns(rate), **{peer: turns(1000) for peer in peers}})
    starts = {SERVICE: [9, seconds, 5], revision.BEFORE: [2.0]}
    figures = revision._figures(found, starts, {SERVICE: memory, revision.BEFORE: 100})
    assert figures[0].value == rate / 1000
    assert {figure.reached for figure in figures} == {reached, None}
    assert [figure.value for figure in figures[-2:]] == [seconds / 2, memory / 100]
