from bench import reload
from bench.options import Options
from bench.paths import DATA, LECTURE


def test_a_few_reloads_fail_nothing() -> None:
    result = reload.measure_reloads(Options(LECTURE, DATA, rounds=1, seconds=1), 3)
    found = {figure.name: figure.value for figure in result.figures}
    assert found["requests"] > 0
    assert found["failures"] == 0
    assert 0 < found["from the signal to the first answer of the other version"] < reload.RELOAD_SECONDS
    assert set(result.tables[0].rows) == {"before", "after the first", "after the last"}


def test_failures_and_growth_are_told() -> None:
    traffic = reload.Traffic([0.001] * 99 + [0.03], [0.001], reloads=[0.5], resident=[100.0, 120.0])
    traffic.failures["503"] += 1
    figures = {figure.name: figure for figure in reload.figures(traffic)}
    assert figures["failures"].reached is False
    assert figures["99 % of short texts within, while reloading"].reached is False
    assert figures["memory after 1 reloads / before"].value == 1.2
    assert figures["memory after 1 reloads / before"].reached is False
