"""Requests a second over HTTP: the service against what does nothing, what tutorials teach, and its peers."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

from app.sentiment.classifier import Classifier
from bench import wrk
from bench.environments import version_of
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.rounds import interleave
from bench.servers import (
    BENTOML,
    LITSERVE,
    NOTHING,
    SERVICE,
    TUTORIAL,
    Server,
    contenders,
    started,
    two_cores,
)
from bench.texts import Writer

SHORT, LONG = 12, 235
WORDS: Final = (SHORT, LONG)
CONNECTIONS: Final = (32, 1)
TEXTS: Final = 32
"""Different texts that are sent in turn."""
SLOW_ROUNDS: Final = 2
SLOW_FACTOR: Final = 4
"""A slow server is measured in fewer rounds, each so many times longer."""

METHOD: Final = (
    "wrk on one core, a server with one worker pinned to another; the servers that are not measured are held still "
    "(SIGSTOP). The service runs as `python -m app serve` with `{model}`, its logs written to a file and its metrics "
    "on; LitServe {litserve} and BentoML {bentoml} serve the same tokenizer, graph and answer, in environments of "
    "their own, with one worker and their default logs. Contenders take turns; of every number the best of {rounds} "
    "rounds of {seconds} s counts ({slow_rounds} of {slow_seconds} s for the tutorial's)."
)


def measure(options: Options) -> Result:
    """Measure all contenders with short and long texts, on one connection and on many."""
    server_core, load_core = two_cores()
    classifier = Classifier(options.model)
    writer = Writer(classifier.tokenizer.words)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        scripts = write_scripts(writer, folder)
        with started(contenders(options.model, folder), server_core, folder, {"text": "A first text."}) as servers:
            for server in servers:
                _check(server, classifier, writer.text(LONG))
            found = {
                (words, connections): case(
                    servers, partial(load, scripts[words], connections, options=options, core=load_core), options
                )
                for words, connections in product(WORDS, CONNECTIONS)
            }
    return Result(_method(options), _figures(found), _tables(found))


def write_scripts(writer: Writer, folder: Path) -> dict[int, Path]:
    """Write a script for wrk with texts of each length, and return them by the number of words."""
    scripts = {words: folder / f"{words}.lua" for words in WORDS}
    for words, path in scripts.items():
        wrk.write_script(path, [wrk.Body.json({"text": writer.text(words)}) for _ in range(TEXTS)])
    return scripts


@dataclass(frozen=True)
class Turn:
    """One turn of a server under load.

    Attributes:
        answers: What wrk got.
        processor: Microseconds of processor time that the server used a request.
    """

    answers: wrk.Answers
    processor: float


Case = dict[str, list[Turn]]
Found = dict[tuple[int, int], Case]
"""Words and connections to name to turns."""


def _check(server: Server, classifier: Classifier, text: str) -> None:
    """See that a server gives the model's answer, and warm it up."""
    expected = classifier.classify(text)[0]
    with server.running():
        for _ in range(3):
            answer = server.wait({"text": text})
        if (
            server.contender.answers
            and abs(answer["probabilities"]["positive"] - expected.probability("positive")) > 1e-5
        ):
            raise BenchError(f"{server.contender.name} gives another answer than the model: {answer}.")


def load(script: Path, connections: int, server: Server, *, options: Options, core: int) -> Turn:
    """Put a server under load for one turn."""
    seconds = options.seconds * (SLOW_FACTOR if server.contender.slow else 1)
    with server.running():
        before = server.processor_seconds()
        answers = wrk.load(server.url, script, connections=connections, seconds=seconds, core=core)
        used = server.processor_seconds() - before
    options.say(f"{script.stem} words, {connections} at a time, {server.contender.name}: {answers.rate:,.0f}/s")
    return Turn(answers, used / answers.count * 1e6)


def case(servers: list[Server], load: Callable[[Server], Turn], options: Options) -> Case:
    """Measure all servers in turns."""
    names = [server.contender.name for server in servers]
    fast = {s.contender.name: partial(load, s) for s in servers if not s.contender.slow}
    slow = {s.contender.name: partial(load, s) for s in servers if s.contender.slow}
    measured = interleave({**slow, **fast}, min(SLOW_ROUNDS, options.rounds))
    for name, more in interleave(fast, options.rounds - SLOW_ROUNDS).items():
        measured[name] += more
    return {name: measured[name] for name in names}


def rate(turns: list[Turn]) -> float:
    """Return the requests a second of the best turn."""
    return max(turn.answers.rate for turn in turns)


def _figures(found: Found) -> list[Figure]:
    many = max(CONNECTIONS)
    short, long = found[SHORT, many], found[LONG, many]

    def ratio(case: Case, peer: str) -> float:
        return rate(case[SERVICE]) / rate(case[peer])

    return [
        Figure(f"service / {NOTHING}, {SHORT} words", ratio(short, NOTHING), at_least=0.6),
        Figure(f"service / {NOTHING}, {LONG} words", ratio(long, NOTHING), at_least=0.2),
        *(
            Figure(f"service / {peer}, {words} words", ratio(case, peer), at_least=target if words == SHORT else None)
            for peer, target in ((TUTORIAL, 100), (LITSERVE, 3), (BENTOML, 5))
            for words, case in ((SHORT, short), (LONG, long))
        ),
    ]


def _tables(found: Found) -> list[Table]:
    def table(title: str, value: Callable[[list[Turn]], float]) -> Table:
        rows = {}
        for (words, connections), case in found.items():
            label = f"{words} words, {connections} connection{'s' * (connections > 1)}"
            rows[label] = {name: value(turns) for name, turns in case.items()}
        return Table(title, rows)

    return [
        table("requests a second", rate),
        table("processor time a request, µs", lambda turns: min(turn.processor for turn in turns)),
        table("median latency, ms", lambda turns: min(turn.answers.median for turn in turns)),
        table("99 % latency, ms", lambda turns: min(turn.answers.late for turn in turns)),
    ]


def _method(options: Options) -> str:
    return METHOD.format(
        model=options.model.name,
        litserve=version_of("litserve"),
        bentoml=version_of("bentoml"),
        rounds=options.rounds,
        seconds=options.seconds,
        slow_rounds=min(SLOW_ROUNDS, options.rounds),
        slow_seconds=options.seconds * SLOW_FACTOR,
    )
