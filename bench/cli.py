"""``python -m bench``: measure, print the figures beside their targets, and write them down."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from app.artifacts.manifest import ArtifactError
from bench.errors import BenchError
from bench.figures import Result
from bench.machine import busy, describe
from bench.options import Options
from bench.paths import DATA, MODEL, OUTPUT
from bench.report import Entry, Report, figures_table


@dataclass(frozen=True)
class Section:
    """A part of the benchmark that can be run by itself.

    Attributes:
        title: Its title.
        module: The module whose ``measure`` runs it; imported only then, since TensorFlow takes its time.
    """

    title: str
    module: str

    def run(self, options: Options) -> Result:
        """Measure."""
        measure: Callable[[Options], Result] = import_module(self.module).measure
        return measure(options)


SECTIONS: Final = {
    "in-process": Section("In process, one text at a time", "bench.in_process"),
    "http": Section("Over HTTP", "bench.over_http"),
    "forecasts": Section("Forecasts", "bench.forecasts"),
    "throughput": Section("A whole test set from raw text", "bench.throughput"),
    "start": Section("Start and memory", "bench.start"),
    "tokenizer": Section("Tokenizing", "bench.tokenizing"),
    "explain": Section("Explanations", "bench.explaining"),
    "vectors": Section("Analogies of words", "bench.vectors"),
    "rows": Section("Rows that stream", "bench.rows"),
    "protocols": Section("Other servers' protocols", "bench.protocols"),
}
PARITY: Final = "parity"
REVISION: Final = "revision"
ON_REQUEST: Final = {
    "soak": Section("Mixed traffic for a long time", "bench.soak"),
    "attacks": Section("What one client does to the others", "bench.attacks"),
    "generated": Section("Requests that nobody would send", "bench.generated"),
    "reload": Section("Versions swapped under load", "bench.reload"),
    "page": Section("The page", "bench.page"),
    "rolling": Section("Replicas restarted, killed and frozen behind a proxy", "bench.rolling"),
    "capacity": Section("Capacity", "bench.capacity"),
    "bulk": Section("Many reviews on Ray", "bench.bulk"),
}
"""What is measured only where it is asked for by its name."""
EXTRAS: Final = {
    PARITY: Section("Parity with Keras on all reviews", "bench.parity"),
    REVISION: Section("Against another revision", "bench.revision"),
    **ON_REQUEST,
}
"""What is measured only where it is asked for."""
TURN_SECONDS: Final = 2
SOAK_SECONDS: Final = 1800


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections and return the exit status: 0, or 2 with a sentence on standard error.

    A target that is missed is reported, and no failure: speeds depend on what else the machine does.
    """
    parsed = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends the servers on its way out
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sections = {name: (SECTIONS | EXTRAS)[name] for name in parsed.sections or SECTIONS}
    if parsed.full:
        sections[PARITY] = EXTRAS[PARITY]
    if parsed.revision is not None:
        sections = {name: sections[name] for name in parsed.sections} | {REVISION: EXTRAS[REVISION]}
    options = Options(
        parsed.model.resolve(),
        parsed.data.resolve(),
        parsed.rounds,
        parsed.seconds or TURN_SECONDS,
        parsed.revision,
        parsed.texts,
        parsed.seconds or SOAK_SECONDS,
        parsed.output,
        parsed.requests,
    )
    report = Report.read(parsed.output, describe())
    try:
        for name, section in sections.items():
            load = busy()
            options.say(f"{name} …")
            result = section.run(options)
            report.entries[name] = Entry.now(section.title, load, result)
            sys.stdout.write(f"\n{section.title}\n{figures_table(result.figures)}\n\n")
            sys.stdout.flush()
    except (BenchError, ArtifactError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    report.sort([*SECTIONS, *EXTRAS])
    report.write(parsed.output)
    import_module("bench.plot").draw(report, parsed.output)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    add = parser.add_argument
    add(
        "sections",
        nargs="*",
        type=_section,
        metavar="SECTION",
        help=f"what to measure, by default all: {', '.join(SECTIONS)}; or one of {', '.join(ON_REQUEST)}",
    )
    add("--full", action="store_true", help="compare with Keras on all 50,000 labelled reviews too; takes minutes")
    add("--revision", metavar="REV", help="compare this checkout with that of another revision, and nothing else")
    add(
        "--model",
        type=Path,
        default=MODEL,
        metavar="DIR",
        help="model folder; default: the model that answers by default",
    )
    add("--data", type=Path, default=DATA, metavar="DIR", help="folder with train.parquet and test.parquet of IMDb")
    add("--output", type=Path, default=OUTPUT, metavar="DIR", help="where to write; default: bench")
    add("--rounds", type=_count, default=8, help="how often contenders take turns; default: %(default)s")
    add("--texts", type=_count, default=500, help="texts of each kind that are explained; default: %(default)s")
    add("--requests", type=_count, default=100_000, help="requests that are made up; default: %(default)s")
    add(
        "--seconds",
        type=_count,
        help=f"seconds of HTTP load a turn, or of mixed traffic; default: {TURN_SECONDS}, or {SOAK_SECONDS}",
    )
    return parser


def _section(name: str) -> str:
    if name not in (*SECTIONS, *ON_REQUEST):
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join([*SECTIONS, *ON_REQUEST])}")
    return name


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
