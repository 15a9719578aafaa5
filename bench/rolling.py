"""Replicas behind a proxy that are restarted one after the other, killed, frozen and drained, under a steady load."""

import asyncio
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import Final

from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.replicas import Proxy, Replica, behind_proxy
from bench.soak import TEXT, percentile, request

RESTARTS: Final = 20
RATE: Final = 200
"""Requests a second."""
CONNECTIONS: Final = 40
PAUSE: Final = 1.0
"""Seconds of load before and after each event."""
FROZEN_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 20.0
NAMES: Final = ("one", "two", "three")

METHOD: Final = (
    "Three replicas of the service with `{model}` on loopback, behind HAProxy with `deploy/haproxy.cfg`, and {rate} "
    "requests a second with a short text through it, on {connections} connections, each due at its time whether those "
    "before it are answered or not; no client tries again. Meanwhile all replicas are restarted one after the other "
    "(SIGTERM, wait for the end, start, wait for ready), {restarts} times over; one is killed with SIGKILL; one is "
    "frozen with SIGSTOP for {frozen:.0f} s; and one is drained at the proxy, ended and started. *Lost* is each "
    "request without an answer of status 200. *In flight* are the requests that the proxy had given to a replica when "
    "it was killed or frozen, and that it gave to it until its health check failed."
)


@dataclass
class Answered:
    """What became of the requests of a scenario.

    Attributes:
        seconds: What each took that was answered, from when it was due.
        lost: Number of those that were not, by what happened.
        in_flight: Requests that a replica had when it was killed or frozen; of a frozen one, also those that it got.
        took: Seconds of the scenario.
    """

    seconds: list[float] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    took: float = 0.0


class SteadyLoad:
    """Clients that ask at a steady rate while something happens."""

    def __init__(self, port: int, rate: int = RATE) -> None:
        """Prepare.

        Args:
            port: Of the proxy.
            rate: Requests a second.
        """
        self.answered = Answered()
        self._port = port
        self._step = CONNECTIONS / rate
        self._content = request("/sentiment", TEXT)
        self._ended = False

    async def run(self, event: Callable[[], object]) -> Answered:
        """Ask until something has happened, which is done in a thread."""
        begun = perf_counter()
        clients = [
            asyncio.create_task(self._ask(begun + self._step * index / CONNECTIONS)) for index in range(CONNECTIONS)
        ]
        try:
            await asyncio.sleep(PAUSE)
            await asyncio.to_thread(event)
            await asyncio.sleep(PAUSE)
        finally:
            self._ended = True
            await asyncio.gather(*clients)
        self.answered.took = perf_counter() - begun
        return self.answered

    async def _ask(self, due: float) -> None:
        """Ask on one connection, at times that are a step apart; on a new one where it was closed."""
        reader = writer = None
        while not self._ended:
            await asyncio.sleep(due - perf_counter())
            try:
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.write(self._content)
                goes_on = await asyncio.wait_for(self._take(reader, due), ANSWER_SECONDS)
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.answered.lost[type(error).__name__] += 1
                goes_on = False
            if not goes_on and writer is not None:
                writer.close()
                reader = writer = None
            due += self._step
        if writer is not None:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, due: float) -> bool:
        """Take an answer, and say whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        status = head.split(b" ", 2)[1]
        if status == b"200":
            self.answered.seconds.append(perf_counter() - due)
        else:
            self.answered.lost[status.decode()] += 1
        return b"connection: close" not in head


class Scenarios:
    """What is done to the replicas. Each leaves all of them running."""

    def __init__(self, replicas: Sequence[Replica], proxy: Proxy) -> None:
        self._replicas = replicas
        self._proxy = proxy
        self.in_flight = 0

    def restart(self, times: int = 1) -> None:
        """Restart all, one after the other, so many times."""
        for replica in [*self._replicas] * times:
            replica.stop()
            self._start(replica)

    def kill(self) -> None:
        """Kill the first with SIGKILL."""
        first = self._replicas[0]
        self.in_flight = self._current(first)
        first.stop(signal.SIGKILL)
        sleep(PAUSE)
        self._start(first)

    def freeze(self) -> None:
        """Freeze the second for some seconds."""
        second = self._replicas[1]
        process = second.process
        process.suspend()
        try:
            self.in_flight = 0
            for _ in range(int(FROZEN_SECONDS / 0.1)):
                self.in_flight = max(self.in_flight, self._current(second))
                sleep(0.1)
        finally:
            process.resume()
        self._proxy.wait_until_up(NAMES)

    def drain(self) -> None:
        """Drain the third at the proxy, end it, start it, and have it get requests again."""
        third = self._replicas[2]
        self._proxy.drain(third.name)
        while self._current(third):
            sleep(0.01)
        third.stop()
        third.start()
        third.wait_until_ready()
        self._proxy.resume(third.name)
        self._proxy.wait_until_up(NAMES)

    def _start(self, replica: Replica) -> None:
        replica.start()
        replica.wait_until_ready()
        self._proxy.wait_until_up([replica.name])

    def _current(self, replica: Replica) -> int:
        return self._proxy.sessions()[replica.name]


def measure(options: Options) -> Result:
    """Do all of it under load.

    Raises:
        bench.errors.BenchError: HAProxy is not installed, or a replica does not start or end.
    """
    return measure_rolling(options, RESTARTS)


def measure_rolling(options: Options, restarts: int) -> Result:
    """Do so with some rounds of restarts."""
    found: dict[str, Answered] = {}
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        behind_proxy(NAMES, options.model, Path(name)) as (replicas, proxy),
    ):
        scenarios = Scenarios(replicas, proxy)
        events: dict[str, Callable[[], object]] = {
            f"{restarts} rolling restarts": partial(scenarios.restart, restarts),
            "a replica killed": scenarios.kill,
            "a replica frozen": scenarios.freeze,
            "a replica drained": scenarios.drain,
        }
        for event, function in events.items():
            scenarios.in_flight = 0
            found[event] = asyncio.run(SteadyLoad(proxy.port).run(function))
            found[event].in_flight = scenarios.in_flight
            lost = ", ".join(f"{count} × {why}" for why, count in found[event].lost.items()) or "none lost"
            options.say(f"{event}: {len(found[event].seconds):,} answered, {lost}")
    method = METHOD.format(
        model=options.model.name, rate=RATE, connections=CONNECTIONS, restarts=restarts, frozen=FROZEN_SECONDS
    )
    return Result(method, figures(found), [table(found)])


def figures(found: dict[str, Answered]) -> list[Figure]:
    """Return how many requests were lost in each scenario; none should be that a replica could have finished."""
    return [
        Figure(f"lost: {event}", one.lost.total(), "", below=one.in_flight + 1)
        if one.in_flight
        else Figure(f"lost: {event}", one.lost.total(), "", exactly=0)
        for event, one in found.items()
    ]


def table(found: dict[str, Answered]) -> Table:
    """Return what became of the requests."""
    return Table(
        "scenario",
        {
            event: {
                "requests": float(len(one.seconds) + one.lost.total()),
                "lost": float(one.lost.total()),
                "in flight": float(one.in_flight),
                "50 % within, ms": sorted(one.seconds)[len(one.seconds) // 2] * 1000,
                "99 % within, ms": percentile(one.seconds) * 1000,
                "slowest, ms": max(one.seconds) * 1000,
                "seconds": one.took,
            }
            for event, one in found.items()
        },
    )
