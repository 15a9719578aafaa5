"""How many requests a core answers, how latency grows with load, and what that means for machines."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Final

from app.sentiment.classifier import Classifier
from app.sentiment.tokenizer import Tokenizer
from bench.arrivals import ask_at_random, on_core
from bench.capacity_page import PAGE, PLOT, page
from bench.curves import LIMIT, Curve, Point, draw
from bench.figures import Figure, Result, Table
from bench.machine import busy, describe
from bench.options import Options
from bench.paths import LECTURE, OUTPUT, ROOT
from bench.queueing import seconds_in_system
from bench.servers import PATH, SERVICE, Server, service, two_cores
from bench.soak import request
from bench.texts import Writer
from bench.wrk import Body, load, write_script

DEPLOY: Final = ROOT / "deploy"
WORDS: Final = (12, 60, 235)
WORKERS: Final = (1, 2)
LOADS: Final = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9)
"""Arrivals over what the workers do at most."""
SHARE: Final = 0.99
TEXTS: Final = 200
REVIEWS: Final = 1500
CONNECTIONS: Final = 32


def measure(options: Options) -> Result:
    """Measure, and write ``deploy/CAPACITY.md`` with its plot.

    Raises:
        bench.errors.BenchError: wrk is not installed, there is no second core, or answers do not come.
    """
    return measure_capacity(options, WORDS, LOADS)


def measure_capacity(options: Options, words: Sequence[int], loads: Sequence[float]) -> Result:
    """Do so for texts of these lengths, at these loads."""
    models = list(dict.fromkeys([options.model, LECTURE]))
    before = busy()
    curves = [curve for model in models for curve in _curves(options, model, words, loads)]
    bulk = {model.name: _reviews_a_second(model) for model in models}
    folder = DEPLOY if options.output == OUTPUT else options.output
    folder.mkdir(parents=True, exist_ok=True)
    draw(curves, folder / PLOT)
    (folder / PAGE).write_text(page(curves, bulk, before, describe()), encoding="utf-8")
    figures = [
        Figure(f"{one.model}, {one.words} words: requests a second within {LIMIT * 1000:.0f} ms", one.within_limit, "")
        for one in curves
        if one.workers == 1
    ]
    figures += [Figure(f"{name}: reviews a second on a core, without HTTP", rate, "") for name, rate in bulk.items()]
    rows = {
        f"{one.model}, {one.words} words, load {point.rate / one.most:.1f}, {one.workers} workers": {
            "requests a second": point.rate,
            "50 % within, ms": point.median * 1000,
            "99 % within, ms": point.late * 1000,
            "99 % by formula, ms": point.expected * 1000,
        }
        for one in curves
        for point in one.points
    }
    return Result(METHOD.format(seconds=options.seconds), figures, [Table("latency against load", rows)])


def _curves(options: Options, model: Path, words: Sequence[int], loads: Sequence[float]) -> Iterator[Curve]:
    writer = Writer(Tokenizer.load(model / "tokenizer.json").words)
    texts = {count: [writer.text(count) for _ in range(TEXTS)] for count in words}
    core, other = two_cores()
    for workers in WORKERS:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            settings = {"WORKERS": str(workers), "LOG_LEVEL": "warning", "MAX_CLIENT_SHARE": "1"}
            contender = replace(service(SERVICE, model), environment=settings)
            alone = workers == 1
            server = Server(contender, core if alone else f"{core},{other}", Path(name))
            try:
                server.wait({"text": texts[words[0]][0]})
                for count in words:
                    yield _curve(options, server, model.name, workers, texts[count], loads, Path(name), other)
            finally:
                server.end()


def _curve(
    options: Options,
    server: Server,
    model: str,
    workers: int,
    texts: Sequence[str],
    loads: Sequence[float],
    folder: Path,
    core: int,
) -> Curve:
    script = folder / "post.lua"
    write_script(script, [Body.json({"text": text}) for text in texts])
    most = load(server.url, script, connections=CONNECTIONS, seconds=options.seconds, core=core).rate
    contents = [request(PATH, json.dumps({"text": text}).encode()) for text in texts]
    points = []
    for share in loads:
        rate = share * most
        with on_core(core if workers == 1 else None):
            arrived = ask_at_random(server.port, contents, rate, options.seconds)
        late = arrived.within(SHARE)
        points.append(Point(rate, arrived.within(0.5), late, seconds_in_system(workers, most, rate, SHARE)))
        if arrived.failed:
            options.say(f"{model}, load {share}: {arrived.failed:,} requests were refused")
    words = len(texts[0].split())
    options.say(f"{model}, {words} words, {workers} workers: {most:,.0f} requests a second at most")
    return Curve(model, words, workers, most, server.resident_bytes(), points)


def _reviews_a_second(model: Path) -> float:
    """Return how many reviews a core classifies in a second, in process."""
    classifier = Classifier(model)
    texts = list(Writer(classifier.tokenizer.words).reviews(REVIEWS))
    with on_core(two_cores()[0]):
        classifier.classify_all(texts[:100])
        start = perf_counter()
        for first in range(0, len(texts), 500):
            classifier.classify_all(texts[first : first + 500])
        return len(texts) / (perf_counter() - start)


METHOD: Final = (
    "`python -m app serve` with `WORKERS=1` pinned to one core and the clients to another, and with `WORKERS=2` on "
    "two cores, which it shares with the clients. What it does at most is what wrk gets on 32 connections in "
    "{seconds} s; then requests come at random times (exponential gaps) at shares of that, {seconds} s each, and a "
    "request's time runs from when it is due. Beside it the queue M/D/c with the same maximum."
)
