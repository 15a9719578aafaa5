"""What was measured, as text: tables for the terminal, JSON, and the README."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from bench.figures import Figure, Result, Table, number

RESULTS: Final = "results.json"
README: Final = "README.md"
PLOT: Final = "results.png"
MARKS: Final = {True: "yes", False: "**no**", None: ""}


@dataclass(frozen=True)
class Entry:
    """A section's last result.

    Attributes:
        title: The section's title.
        date: When it was measured.
        load: Processes that wanted to run in the minute before, on average; a quiet machine has about none.
        result: What was found.
    """

    title: str
    date: str
    load: float
    result: Result

    @classmethod
    def now(cls, title: str, load: float, result: Result) -> "Entry":
        """Date a result."""
        return cls(title, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), round(load, 1), result)


@dataclass
class Report:
    """The last result of each section, all from one kind of machine."""

    machine: Mapping[str, str]
    entries: dict[str, Entry] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, machine: Mapping[str, str]) -> "Report":
        """Read the report in a folder; an empty one if there is none, or it is of another machine."""
        path = folder / RESULTS
        document: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
        if document.get("machine") != machine:
            return cls(machine)
        entries = {
            name: Entry(**{**entry, "result": Result.from_json(entry["result"])})
            for name, entry in document["sections"].items()
        }
        return cls(machine, entries)

    def sort(self, names: Sequence[str]) -> None:
        """Put the sections in this order, and drop those that it does not name."""
        self.entries = {name: self.entries[name] for name in names if name in self.entries}

    def write(self, folder: Path) -> None:
        """Write the JSON and the README."""
        sections = {name: asdict(entry) for name, entry in self.entries.items()}
        document = {"machine": self.machine, "sections": sections}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RESULTS).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / README).write_text(self.markdown(), encoding="utf-8")

    def targets(self) -> list[Figure]:
        """Return the figures that have a target, of all sections."""
        return [figure for entry in self.entries.values() for figure in entry.result.figures if figure.target]

    def markdown(self) -> str:
        """Return the README."""
        parts = [INTRODUCTION, f"## Targets\n\n{figures_table(self.targets())}"]
        parts += [_section(entry) for entry in self.entries.values()]
        parts.append("## The machine\n\n" + _grid(["", ""], list(self.machine.items())))
        return "\n\n".join(parts) + "\n"


INTRODUCTION: Final = f"""# Benchmarks

`make bench` runs all of this and writes this page, `{RESULTS}` and `{PLOT}`; `python -m bench http start` runs some
sections, `python -m bench --full` adds the comparison with Keras on all 50,000 labelled reviews (`--data DIR` says
where they are). It needs wrk and taskset (Debian: `apt install wrk util-linux`), two cores, and a package index for the
two peers, which get virtual environments of their own in `bench/.peers`.

What is measured is the model that answers by default; and the lecture's where Keras' tokenizer is compared, as Keras
splits texts by that model's rule only. The targets are those of the default model. `python -m bench --revision REV`
compares this checkout with another revision of itself. `python -m bench soak` has the service under mixed traffic, with
damage and slow clients, for half an hour (`--seconds`), and draws what it took in `soak.png`. `python -m bench reload`
swaps versions of the model a hundred times under 200 requests a second, `python -m bench attacks` measures what large
bodies, dear requests and 2,000 busy clients do to the others, `python -m bench generated` sends 100,000 requests that
nobody would, and `python -m bench page` measures the page in a browser. `python -m bench rolling` restarts, kills,
freezes and drains replicas behind HAProxy (Debian: `apt install haproxy`), and `python -m bench capacity` measures how
latency grows with load, for `deploy/CAPACITY.md`. `.venv-ray/bin/python -m bench bulk` (`make test-ray` makes that
environment) classifies the test set ten times with `--ray` and without, and kills actors.

All speeds are compared side by side in one run; the absolute numbers are those of the machine below. On a machine that
is busy with something else the ratios get worse, those of fast contenders first: the load before each section is noted.

![What each contender took]({PLOT})"""


def figures_table(figures: Sequence[Figure]) -> str:
    """Return figures, targets and whether they were reached as a Markdown table, which a terminal shows well too."""
    rows = [(figure.name, figure.target, figure.text, MARKS[figure.reached]) for figure in figures]
    return _grid(["figure", "target", "measured", "reached"], rows)


def _section(entry: Entry) -> str:
    noted = f"{entry.result.method} Measured on {entry.date}; load before: {entry.load}."
    figures = _grid(["figure", "measured"], [(figure.name, figure.text) for figure in entry.result.figures])
    return "\n\n".join([f"## {entry.title}", noted, figures, *map(_table, entry.result.tables)])


def _table(table: Table) -> str:
    rows = [(case, *(number(row[name]) for name in table.contenders)) for case, row in table.rows.items()]
    return _grid([table.title, *table.contenders], rows)


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    return "\n".join([line(head), rule, *map(line, rows)])
