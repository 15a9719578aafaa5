"""The page that says what to expect of how many machines."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

from bench.curves import LIMIT, Curve
from bench.figures import number

PAGE: Final = "CAPACITY.md"
PLOT: Final = "capacity.png"
PEAK: Final = 1000
"""Requests a second that replicas are counted for."""
BILLION: Final = 1e9
HOUR: Final = 3600
MEGABYTE: Final = 1e6

INTRODUCTION: Final = """\
# What to expect

Written by `python -m bench capacity`, with its plot. Measured on: {machine}; load before: {load}. Other machines are
faster or slower by a factor, which is about the same for all rows; run the command on one of yours. The figures on
top are rates at which 99 of 100 requests were answered within {limit} ms."""
REPLICAS: Final = """\
A replica needs memory for its models and for what it is sent: 600 MB at most, whatever that is, so the chart's limit
is 1 GiB. Requests of the chart are one core and 320 MiB. Replicas are those for the peak alone; plan for one more
than that, so that one may go. Two workers in a pod share nothing but the port; pods scale the same, and die alone."""
BULK: Final = """\
`python -m app classify`, and `--ray` on many machines: made-up reviews with the lengths that IMDb's have (median 174
words), in process, without reading and writing, which cost little beside."""
CURVE: Final = """\
Requests come at random times (exponential gaps), at shares of what wrk gets on 32 connections, and a request's time
runs from when it is due. With one worker, the service has one core and the clients another; with two, all share both
cores, so that the clients' own work shows. The formula is that of the queue M/D/c, with an exponential tail; the
service does better than it near saturation where it answers several requests in one batch, and worse where the
clients take the cores."""


def page(curves: Sequence[Curve], bulk: Mapping[str, float], load_before: float, machine: Mapping[str, str]) -> str:
    """Return the page as Markdown."""
    alone = [one for one in curves if one.workers == 1]
    table = [
        [
            one.model,
            str(one.words),
            number(one.most),
            number(one.within_limit),
            number(one.resident / MEGABYTE),
            str(ceil(PEAK / one.within_limit)) if one.within_limit else "",
            number(ceil(PEAK / one.within_limit) * 24) if one.within_limit else "",
        ]
        for one in alone
    ]
    curve_rows = [
        [
            one.model,
            str(one.words),
            str(one.workers),
            f"{point.rate / one.most:.1f}",
            number(point.rate),
            number(point.median * 1000),
            number(point.late * 1000),
            number(point.expected * 1000),
        ]
        for one in curves
        for point in one.points
    ]
    bulk_rows = [
        [name, number(rate), number(BILLION / rate / HOUR), number(BILLION / rate / HOUR / 64)]
        for name, rate in bulk.items()
    ]
    said = INTRODUCTION.format(
        load=f"{load_before:.1f}",
        machine=f"{machine['processor']}, {machine['cores']} cores, Python {machine['Python']}",
        limit=f"{LIMIT * 1000:.0f}",
    )
    return "\n\n".join(
        [
            said,
            "## One replica, one worker, one core",
            _grid(
                ["model", "words", "requests/s at most", f"requests/s, p99 < {LIMIT * 1000:.0f} ms", "memory, MB",
                 f"replicas for {PEAK:,}/s", f"core-hours a day at {PEAK:,}/s"],
                table,
            ),
            REPLICAS,
            "## A billion reviews",
            _grid(["model", "reviews/s a core", "core-hours for 10⁹", "hours on 64 cores"], bulk_rows),
            BULK,
            "## Latency against load",
            f"![Latency against load, measured and by formula]({PLOT})",
            CURVE,
            _grid(
                ["model", "words", "workers", "load", "requests/s", "p50, ms", "p99, ms", "p99 by formula, ms"],
                curve_rows,
            ),
        ]
    ) + "\n"  # fmt: skip


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
