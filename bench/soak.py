"""Mixed traffic for a long time: good requests, batches, damage and slow clients, and what it does to the service."""

import asyncio
import contextlib
import json
import random
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

import psutil
from matplotlib.figure import Figure as Plot

from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.servers import SERVICE, Server, service, two_cores

PLOT: Final = "soak.png"
SHORT_CLIENTS: Final = 8
BATCH_CLIENTS: Final = 2
DAMAGED_CLIENTS: Final = 4
SLOW_CLIENTS: Final = 20
ANSWER_SECONDS: Final = 60.0
"""An answer that takes longer is a failure."""
SAMPLES: Final = 200
"""Points of the curves."""
WARM_UP: Final = 60.0
"""Seconds before memory is compared; a tenth of the time where that is less."""
MEBIBYTE: Final = 2**20

METHOD: Final = (
    "One worker with default settings, pinned to a core, and for {seconds:,.0f} s at once: {short} clients that have a "
    "short text classified on a connection that they keep, {batch} with batches of 50 reviews, {damaged} that send "
    "damaged requests, {slow} that send a byte at a time, and one that asks `/health/live` on a new connection every "
    "50 ms. A request fails that is not answered within {answer:.0f} s, or with a status that it should not have."
)

TEXT: Final = b'{"text": "A wonderful film. The story is moving and the cast is superb."}'
BATCH: Final = json.dumps({"texts": ["What a waste of two hours; I was so bored that I left. " * 4] * 50}).encode()


def request(path: str, body: bytes, *lines: bytes) -> bytes:
    """Return a ``POST`` of JSON."""
    head = [b"POST " + path.encode() + b" HTTP/1.1", b"Host: a", b"Content-Type: application/json", *lines]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", body])


PROBE: Final = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
DAMAGED: Final = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    b"GET /\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 1_000 + b"\r\n",
    b"POST /sentiment HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST /sentiment HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /sentiment HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
    request("/sentiment", b"{"),
    request("/sentiment", b'{"text": "\xff"}'),
    request("/sentiment", b'{"text": 1, "txt": 2}'),
    request("/sentiment", TEXT, b"Connection: Upgrade", b"Upgrade: websocket"),
    request("/sentiment/batch", b'{"texts": [' + b"1," * 500 + b"1]}"),
    request("/nothing", b"{}"),
)


@dataclass
class Moment:
    """What the service took at a moment.

    Attributes:
        seconds: Since the beginning.
        resident: MiB in memory.
        descriptors: Open descriptors.
        probe: Milliseconds that the slowest probe since the moment before took.
    """

    seconds: float
    resident: float
    descriptors: int
    probe: float


@dataclass
class Traffic:
    """What was sent, and what came back.

    Attributes:
        requests: Number of requests of each kind.
        failures: Number of each failure, by what it was.
        short: Seconds that each short text took.
        probes: Seconds that each probe on a new connection took.
        moments: What the service took over time.
    """

    requests: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    short: list[float] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)


class Load:
    """Clients of all kinds, on one event loop."""

    def __init__(self, port: int, seconds: float) -> None:
        """Prepare.

        Args:
            port: Where the service listens.
            seconds: How long the clients go on.
        """
        self.traffic = Traffic()
        self._port = port
        self._begun = perf_counter()
        self._end = self._begun + seconds
        self._seconds = seconds
        self._random = random.Random(0)  # noqa: S311 - no secret

    async def run(self, pid: int) -> None:
        """Have all clients go on until the time is over.

        Args:
            pid: Process whose memory and descriptors are noted.
        """
        clients: list[Callable[[], Awaitable[None]]] = [
            *[self._short] * SHORT_CLIENTS,
            *[self._batches] * BATCH_CLIENTS,
            *[self._damaged] * DAMAGED_CLIENTS,
            *[self._slow] * SLOW_CLIENTS,
            self._probe,
        ]
        await asyncio.gather(self._watch(psutil.Process(pid)), *(client() for client in clients))

    @property
    def _goes_on(self) -> bool:
        return perf_counter() < self._end

    async def _short(self) -> None:
        await self._keep_asking("short text", request("/sentiment", TEXT), {200}, self.traffic.short)

    async def _batches(self) -> None:
        await self._keep_asking("batch", request("/sentiment/batch", BATCH), {200, 503}, [])

    async def _keep_asking(self, kind: str, content: bytes, good: set[int], times: list[float]) -> None:
        """Ask again and again on one connection; on a new one after a failure."""
        while self._goes_on:
            try:
                async with self._connection() as (reader, writer):
                    while self._goes_on:
                        self.traffic.requests[kind] += 1
                        begun = perf_counter()
                        writer.write(content)
                        status = await asyncio.wait_for(_answer(reader), ANSWER_SECONDS)
                        times.append(perf_counter() - begun)
                        if status not in good:
                            self.traffic.failures[f"{kind}: {status}"] += 1
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.traffic.failures[f"{kind}: {type(error).__name__}"] += 1

    async def _probe(self) -> None:
        while self._goes_on:
            self.traffic.requests["probe"] += 1
            begun = perf_counter()
            try:
                async with self._connection() as (reader, writer):
                    writer.write(PROBE)
                    if await asyncio.wait_for(_answer(reader), ANSWER_SECONDS) != 200:
                        self.traffic.failures["probe: status"] += 1
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.traffic.failures[f"probe: {type(error).__name__}"] += 1
            self.traffic.probes.append(perf_counter() - begun)
            await asyncio.sleep(0.05)

    async def _damaged(self) -> None:
        """Send damage: each is answered with an error, and the service goes on."""
        while self._goes_on:
            content = self._random.choice(DAMAGED)
            if self._random.random() < 0.3:
                content = content[: self._random.randrange(len(content))]  # and hang up
                good: set[int] = set()
            else:
                good = {200, 400, 404, 408, 413, 415, 422, 431, 501}
            self.traffic.requests["damaged"] += 1
            with contextlib.suppress(OSError, EOFError, ValueError):  # the service may close before all is sent
                async with self._connection() as (reader, writer):
                    writer.write(content)
                    if good and await asyncio.wait_for(_answer(reader), ANSWER_SECONDS) not in good:
                        self.traffic.failures["damaged: status"] += 1
            await asyncio.sleep(0.01)

    async def _slow(self) -> None:
        """Send a request a byte at a time, until it is given up or answered."""
        while self._goes_on:
            self.traffic.requests["slow"] += 1
            with contextlib.suppress(OSError, EOFError):
                async with self._connection() as (reader, writer):
                    for byte in request("/sentiment", TEXT):
                        writer.write(bytes([byte]))
                        await writer.drain()
                        await asyncio.sleep(min(0.3, self._end - perf_counter()) if self._goes_on else 0)
                    await asyncio.wait_for(reader.read(100), ANSWER_SECONDS)

    async def _watch(self, process: psutil.Process) -> None:
        """Note memory and descriptors."""
        seen = 0
        while self._goes_on:
            await asyncio.sleep(max(0.1, self._seconds / SAMPLES))
            slowest = max(self.traffic.probes[seen:], default=0.0) * 1000
            seen = len(self.traffic.probes)
            resident = process.memory_info().rss / MEBIBYTE
            moment = Moment(perf_counter() - self._begun, resident, process.num_fds(), slowest)
            self.traffic.moments.append(moment)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter], None]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> int:
    """Read an answer that says how long it is, and return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return int(head[9:12])


def measure(options: Options) -> Result:
    """Put the service under mixed load, and draw what it took.

    Raises:
        bench.errors.BenchError: The service ended, or there is no second core.
    """
    core, _ = two_cores()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        server = Server(service(SERVICE, options.model), core, Path(name))
        try:
            with server.running():
                server.wait({"text": "A first text."})
                load = Load(server.port, options.soak_seconds)
                asyncio.run(load.run(server.pid))
        finally:
            server.end()
    traffic = load.traffic
    for failure, count in traffic.failures.items():
        options.say(f"failed, {count} ×: {failure}")
    draw(traffic.moments, options.output / PLOT)
    method = METHOD.format(
        seconds=options.soak_seconds,
        short=SHORT_CLIENTS,
        batch=BATCH_CLIENTS,
        damaged=DAMAGED_CLIENTS,
        slow=SLOW_CLIENTS,
        answer=ANSWER_SECONDS,
    )
    return Result(method, figures(traffic), [_table(traffic)])


def figures(traffic: Traffic) -> list[Figure]:
    """Return what the traffic says of the service."""
    moments = traffic.moments
    warm = next((one for one in moments if one.seconds >= min(WARM_UP, moments[-1].seconds / 10)), moments[0])
    return [
        Figure("requests", traffic.requests.total(), ""),
        Figure("failures", traffic.failures.total(), "", exactly=0),
        Figure("99 % of short texts within", percentile(traffic.short) * 1000, "ms"),
        Figure("99 % of probes on new connections within", percentile(traffic.probes) * 1000, "ms", below=100),
        Figure("memory at the end / after the first minute", moments[-1].resident / warm.resident, below=1.05),
        Figure("memory at most", max(one.resident for one in moments), "MiB", below=600),
        Figure("descriptors at most", max(one.descriptors for one in moments), ""),
    ]


def percentile(seconds: list[float]) -> float:
    """Return what 99 of 100 stay within; 0 for none."""
    return sorted(seconds)[int(len(seconds) * 0.99)] if seconds else 0.0


def draw(moments: list[Moment], path: Path) -> None:
    """Draw memory, descriptors and the slowest probes over time."""
    plot = Plot(figsize=(8, 6), layout="constrained")
    axes = plot.subplots(3, 1, sharex=True)
    seconds = [one.seconds for one in moments]
    curves = {
        "memory, MiB": [one.resident for one in moments],
        "open descriptors": [float(one.descriptors) for one in moments],
        "slowest probe on a new connection, ms": [one.probe for one in moments],
    }
    for axis, (title, values) in zip(axes, curves.items(), strict=True):
        axis.plot(seconds, values, color="#1d6fa5", linewidth=1)
        axis.set_ylim(0, max(values) * 1.2 or 1)
        axis.set_title(title, fontsize=9, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].set_xlabel("seconds")
    path.parent.mkdir(parents=True, exist_ok=True)
    plot.savefig(path, dpi=110)


def _table(traffic: Traffic) -> Table:
    return Table("requests", {kind: {SERVICE: float(count)} for kind, count in traffic.requests.items()})
