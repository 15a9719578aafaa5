"""Forecasts: the time of one in process, and requests a second against an endpoint that does nothing."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from app.forecasts.forecaster import Forecaster
from app.forecasts.registry import Forecasters
from bench import wrk
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.rounds import interleave, stopwatch
from bench.servers import NOTHING, SERVICE, Server, service_and_nothing, started, two_cores

ASKED: Final = "air-pollution"
TOYS: Final = ("air-pollution", "air-pollution-lstm", "air-pollution-stacked", "flu-cases")
"""The forecasts of the lecture's own numbers: four observations each."""
CALLS: Final = 200
"""Calls a round."""
BODIES: Final = 32
"""Different bodies that are sent in turn."""
CONNECTIONS: Final = (32, 1)

METHOD: Final = (
    "In process: `Forecaster.forecast` of one sequence, the example of each model, on one thread. Over HTTP: "
    "`POST /forecasts/{asked}` with one sequence of four observations, wrk on one core, a server with one worker "
    "pinned to another; the server that is not measured is held still (SIGSTOP). The service runs as "
    "`python -m app serve`, its logs written to a file and its metrics on. All take turns; the best of {rounds} "
    "rounds counts for each, over HTTP of {seconds} s."
)


def measure(options: Options) -> Result:
    """Measure every forecast in process, and one of them over HTTP."""
    forecasters = Forecasters(options.model.parent)
    times = _in_process(forecasters, options)
    rates = _over_http(forecasters.get(ASKED), options)
    many = rates[f"{max(CONNECTIONS)} connections"]
    return Result(
        METHOD.format(asked=ASKED, rounds=options.rounds, seconds=options.seconds),
        [
            *(Figure(f"{name}, in process", times[name], "µs", below=100) for name in TOYS),
            Figure(f"service / {NOTHING}, {ASKED}", many[SERVICE] / many[NOTHING], at_least=0.75),
        ],
        [
            Table("requests a second", rates),
            Table("microseconds a forecast", {name: {"Forecaster.forecast": time} for name, time in times.items()}),
        ],
    )


def _in_process(forecasters: Forecasters, options: Options) -> dict[str, float]:
    """Return the microseconds of one forecast of each model."""
    stopwatches = {
        forecaster.name: stopwatch(partial(forecaster.forecast, [forecaster.serving.example]), CALLS)
        for forecaster in forecasters
    }
    return {name: min(found) * 1e6 for name, found in interleave(stopwatches, options.rounds).items()}


def _over_http(forecaster: Forecaster, options: Options) -> dict[str, dict[str, float]]:
    """Return the requests a second of both servers, by the number of connections."""
    server_core, load_core = two_cores()
    bodies = _bodies(forecaster)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        script = folder / "forecasts.lua"
        wrk.write_script(script, [wrk.Body.json(body) for body in bodies])
        contenders = service_and_nothing(options.model, f"/forecasts/{ASKED}")
        with started(contenders, server_core, folder, bodies[0]) as servers:
            for server in servers:
                _check(server, forecaster, bodies[1])
            return {
                f"{connections} connection{'s' * (connections > 1)}": {
                    name: max(found)
                    for name, found in interleave(
                        {
                            server.contender.name: partial(_rate, server, script, connections, load_core, options)
                            for server in servers
                        },
                        options.rounds,
                    ).items()
                }
                for connections in CONNECTIONS
            }


def _bodies(forecaster: Forecaster) -> list[dict[str, list[list[list[float]]]]]:
    """Return bodies of one sequence each, as different days in different cities."""
    example = np.array(forecaster.serving.example)
    random = np.random.default_rng(0)
    days = (example * random.uniform(0.5, 1.5, (BODIES, *example.shape))).round(1)
    return [{"sequences": [sequence]} for sequence in days.tolist()]


def _check(server: Server, forecaster: Forecaster, body: dict[str, list[list[list[float]]]]) -> None:
    """See that a server gives the model's answer."""
    expected = forecaster.forecast(body["sequences"])[0].tolist()
    with server.running():
        answer = server.wait(body)
    if server.contender.answers and not np.allclose(answer["predictions"][0], expected, atol=1e-3):
        raise BenchError(f"{server.contender.name} gives another answer than the model: {answer}.")


def _rate(server: Server, script: Path, connections: int, core: int, options: Options) -> float:
    with server.running():
        answers = wrk.load(server.url, script, connections=connections, seconds=options.seconds, core=core)
    options.say(f"{connections} at a time, {server.contender.name}: {answers.rate:,.0f}/s")
    return answers.rate
