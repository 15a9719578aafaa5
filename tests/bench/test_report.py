import json
from functools import partial
from pathlib import Path

import pytest

from bench.figures import Figure, Result, Table, number
from bench.report import Entry, Report
from bench.rounds import interleave

MACHINE = {"processor": "abacus", "cores": "2"}


@pytest.mark.parametrize(
    ("figure", "reached", "target"),
    [
        (Figure("a", 3.0, at_least=3), True, "≥ 3 ×"),
        (Figure("a", 2.99, at_least=3), False, "≥ 3 ×"),
        (Figure("a", 1.9, "s", below=2), True, "< 2 s"),
        (Figure("a", 2.0, "s", below=2), False, "< 2 s"),
        (Figure("a", 0, "", exactly=0), True, "0"),
        (Figure("a", 1, "", exactly=0), False, "0"),
        (Figure("a", 1), None, ""),
    ],
)
def test_a_figure_knows_whether_it_reached_its_target(figure: Figure, reached: bool | None, target: str) -> None:
    assert figure.reached is reached
    assert figure.target == target


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (7.7e-7, "7.7e-07"), (0.5392, "0.539"), (42.34, "42.3"), (340.2, "340"), (12345.6, "12,346")],
)
def test_a_number_has_the_digits_that_matter(value: float, text: str) -> None:
    assert number(value) == text


def entry(value: float) -> Entry:
    result = Result("A method.", [Figure("ratio", value, at_least=1)], [Table("ms", {"12": {"a": 1.0, "b": value}})])
    return Entry("Title", "2026-01-01 00:00 UTC", 0.1, result)


def test_a_report_keeps_the_sections_that_were_not_measured_again(tmp_path: Path) -> None:
    Report(MACHINE, {"one": entry(0.5), "two": entry(2)}).write(tmp_path)
    report = Report.read(tmp_path, MACHINE)
    report.entries["one"] = entry(1.5)
    report.sort(["two", "one"])
    report.write(tmp_path)
    again = Report.read(tmp_path, MACHINE)
    assert list(again.entries) == ["two", "one"]
    assert again.entries == {"two": entry(2), "one": entry(1.5)}
    text = (tmp_path / "README.md").read_text()
    assert text.count("| yes") == 2
    assert "abacus" in text
    assert json.loads((tmp_path / "results.json").read_text())["machine"] == MACHINE


def test_a_report_of_another_machine_is_begun_anew(tmp_path: Path) -> None:
    Report(MACHINE, {"one": entry(1)}).write(tmp_path)
    assert Report.read(tmp_path, {"processor": "slide rule"}).entries == {}


def test_contenders_take_turns() -> None:
    calls: list[str] = []

    def contender(name: str) -> float:
        calls.append(name)
        return float(len(calls))

    found = interleave({name: partial(contender, name) for name in "abc"}, 2)
    assert sorted(calls[:3]) == sorted(calls[3:]) == ["a", "b", "c"]
    assert {name: len(values) for name, values in found.items()} == {"a": 2, "b": 2, "c": 2}
