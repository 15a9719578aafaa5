"""The Open Inference Protocol: the service's route beside its own ``POST /sentiment``, and beside MLServer."""

import json
import struct
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.sentiment.classifier import Classifier
from bench import wrk
from bench.environments import python_of, version_of
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.over_http import SHORT, TEXTS, Case, Turn, rate
from bench.rounds import interleave
from bench.servers import MODEL_VARIABLE, SERVICE, Contender, Server, service, started, two_cores
from bench.texts import Writer

MLSERVER: Final = "MLServer"
CONNECTIONS: Final = (32, 1)
OWN, BINARY, IN_JSON = "POST /sentiment", "V2, binary", "V2, JSON"
FIRST_TEXT: Final = "A first text."

METHOD: Final = (
    "wrk on one core, servers with one worker pinned to another, those that are not measured held still. One text of "
    "{words} words a request: as `POST /sentiment` takes it, as `tritonclient` sends it (bytes behind the JSON, "
    "outputs in bytes), and as JSON of the Open Inference Protocol; MLServer {mlserver} serves the same tokenizer and "
    "graph in an environment of its own, its parallel workers off, which makes it faster here. They take turns, "
    "{rounds} rounds of {seconds} s; the best counts."
)


def measure(options: Options) -> Result:
    """Measure requests a second of each form."""
    server_core, load_core = two_cores()
    writer = Writer(Classifier(options.model).tokenizer.words)
    texts = [writer.text(SHORT) for _ in range(TEXTS)]
    path = f"/v2/models/{options.model.name}/infer"
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        scripts = {
            OWN: _script(folder / "own.lua", [wrk.Body.json({"text": text}) for text in texts]),
            BINARY: _script(folder / "binary.lua", [_binary(text) for text in texts]),
            IN_JSON: _script(folder / "json.lua", [wrk.Body.json(request(text)) for text in texts]),
        }
        mlserver = Contender(
            MLSERVER,
            [python_of("mlserver"), "-m", "bench.peers.mlserver_server", "{port}"],
            {MODEL_VARIABLE: str(options.model)},
            path="/v2/models/sentiment/infer",
        )
        with started([service(SERVICE, options.model, path), mlserver], server_core, folder, request(FIRST_TEXT)) as (
            own,
            peer,
        ):
            _check(own, peer, texts[0])
            urls = {OWN: own.url.removesuffix(path) + "/sentiment", BINARY: own.url, IN_JSON: own.url}
            load = partial(_load, options=options, core=load_core)
            found = {
                connections: interleave(
                    {
                        **{form: partial(load, own, url, scripts[form], connections) for form, url in urls.items()},
                        MLSERVER: partial(load, peer, peer.url, scripts[IN_JSON], connections),
                    },
                    options.rounds,
                )
                for connections in CONNECTIONS
            }
    method = METHOD.format(words=SHORT, mlserver=version_of("mlserver"), rounds=options.rounds, seconds=options.seconds)
    return Result(method, _figures(found), _tables(found))


def request(text: str) -> dict[str, Any]:
    """Return an inference request of a text, as JSON."""
    return {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]}


def _binary(text: str) -> wrk.Body:
    """Return the same as ``tritonclient`` sends it."""
    encoded = text.encode()
    data = struct.pack("<I", len(encoded)) + encoded
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": len(data)}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    return wrk.Body(head + data, {"Content-Type": "application/octet-stream", **length})


def _script(path: Path, bodies: list[wrk.Body]) -> Path:
    wrk.write_script(path, bodies)
    return path


def _check(own: Server, peer: Server, text: str) -> None:
    """See that both give the same label."""
    labels = []
    for server in (own, peer):
        with server.running():
            outputs = server.wait(request(text))["outputs"]
        labels.append(next(output["data"][0] for output in outputs if output["name"] == "label"))
    if labels[0] != labels[1]:
        raise BenchError(f"{MLSERVER} answers {labels[1]!r}, the service {labels[0]!r}.")


def _load(server: Server, url: str, script: Path, connections: int, *, options: Options, core: int) -> Turn:
    with server.running():
        before = server.processor_seconds()
        answers = wrk.load(url, script, connections=connections, seconds=options.seconds, core=core)
        used = server.processor_seconds() - before
    options.say(f"{script.stem}, {connections} at a time, {server.contender.name}: {answers.rate:,.0f}/s")
    return Turn(answers, used / answers.count * 1e6)


def _figures(found: dict[int, Case]) -> list[Figure]:
    figures = []
    for connections, case in found.items():
        at_once = f"{connections} connection{'s' * (connections > 1)}"
        figures += [
            Figure(f"{BINARY} / {OWN}, {at_once}", rate(case[BINARY]) / rate(case[OWN]), at_least=0.9),
            Figure(f"{IN_JSON} / {OWN}, {at_once}", rate(case[IN_JSON]) / rate(case[OWN])),
            Figure(f"{BINARY} / {MLSERVER}, {at_once}", rate(case[BINARY]) / rate(case[MLSERVER]), at_least=2),
        ]
    return figures


def _tables(found: dict[int, Case]) -> list[Table]:
    rows = {
        f"{connections} at a time": {name: rate(turns) for name, turns in case.items()}
        for connections, case in found.items()
    }
    return [Table("requests a second", rows)]
