"""Versions of a model swapped again and again under load, and what it does to requests and to memory."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

import psutil

from app.artifacts.versions import use_version
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.servers import SERVICE, Server, service, two_cores
from bench.soak import MEBIBYTE, TEXT, percentile, request

RELOADS: Final = 100
RATE: Final = 200
"""Requests a second."""
CONNECTIONS: Final = 20
PAUSE: Final = 0.25
"""Seconds between two reloads."""
RELOAD_SECONDS: Final = 30.0
"""A reload that takes longer has failed."""
ANSWER_SECONDS: Final = 10.0
SERVED_FILES: Final = ("manifest.json", "model.onnx", "tokenizer.json", "attribution.npz")

METHOD: Final = (
    "One worker, pinned to a core, with two versions of `{model}`, and {rate} requests a second with a short text, on "
    "{connections} connections, each due at its time whether those before it are answered or not. Meanwhile the file "
    "`current` names the one version and the other in turn, {reloads} times, and SIGHUP tells the service: it reads, "
    "verifies, loads and warms the version, and lets the other go. A request's time runs from when it is due. Memory "
    "is the resident set, {pause} s after the version has changed."
)


@dataclass
class Traffic:
    """What was sent, and what came back.

    Attributes:
        seconds: What each request took, from when it was due.
        quiet: The same of the requests before the first reload.
        failures: Number of each failure, by what it was.
        versions: Number of answers of each version.
        reloads: Seconds from the signal to the first answer of the other version.
        resident: MiB in memory: before the first reload, and after each.
    """

    seconds: list[float] = field(default_factory=list)
    quiet: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    reloads: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)


class Load:
    """Clients that ask at a steady rate while versions change."""

    def __init__(self, server: Server, folder: Path, reloads: int) -> None:
        """Prepare.

        Args:
            server: The service.
            folder: The folder of its model, with the versions 1 and 2.
            reloads: How often to change the version.
        """
        self.traffic = Traffic()
        self._server = server
        self._folder = folder
        self._count = reloads
        self._content = request("/sentiment", TEXT)
        self._latest = ""
        self._ended = False

    async def run(self) -> None:
        """Ask and reload until all reloads are done."""
        begun = perf_counter()
        step = CONNECTIONS / RATE
        clients = [self._ask(begun + step * index / CONNECTIONS, step) for index in range(CONNECTIONS)]
        await asyncio.gather(self._reload(psutil.Process(self._server.pid)), *clients)

    async def _ask(self, due: float, step: float) -> None:
        """Ask on one connection, at times that are a step apart; on a new one after a failure."""
        while not self._ended:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
            except OSError as error:
                self.traffic.failures[type(error).__name__] += 1
                due += step
                await asyncio.sleep(step)
                continue
            try:
                while not self._ended:
                    await asyncio.sleep(due - perf_counter())
                    writer.write(self._content)
                    await asyncio.wait_for(self._take(reader), ANSWER_SECONDS)
                    times = self.traffic.seconds if self.traffic.resident else self.traffic.quiet
                    times.append(perf_counter() - due)
                    due += step
            except (OSError, EOFError, TimeoutError, ValueError) as error:
                self.traffic.failures[type(error).__name__] += 1
                due += step
            finally:
                writer.close()

    async def _take(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        status = head.split(b" ", 2)[1]
        if status != b"200":
            self.traffic.failures[status.decode()] += 1
            return
        self._latest = body.rpartition(b'"version":"')[2].partition(b'"')[0].decode()
        self.traffic.versions[self._latest] += 1

    async def _reload(self, process: psutil.Process) -> None:
        """Change the version again and again.

        Raises:
            BenchError: The service does not follow.
        """
        try:
            await asyncio.sleep(10 * PAUSE)
            self.traffic.resident.append(process.memory_info().rss / MEBIBYTE)
            for index in range(self._count):
                begun = perf_counter()
                version = str(1 + index % 2)
                use_version(self._folder, version)
                os.kill(self._server.pid, signal.SIGHUP)
                while self._latest != version:
                    if perf_counter() - begun > RELOAD_SECONDS:
                        raise BenchError(f"The service did not serve version {version} in {RELOAD_SECONDS:.0f} s.")
                    await asyncio.sleep(0.005)
                self.traffic.reloads.append(perf_counter() - begun)
                await asyncio.sleep(PAUSE)
                self.traffic.resident.append(process.memory_info().rss / MEBIBYTE)
        finally:
            self._ended = True


def measure(options: Options) -> Result:
    """Swap versions under load.

    Raises:
        bench.errors.BenchError: The service ended or does not follow, or there is no second core.
    """
    return measure_reloads(options, RELOADS)


def measure_reloads(options: Options, reloads: int) -> Result:
    """Do so some times."""
    core, _ = two_cores()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name, "models", options.model.name)
        for version in ("1", "2"):
            (folder / version).mkdir(parents=True)
            for file in SERVED_FILES:
                if (options.model / file).exists():
                    shutil.copy(options.model / file, folder / version)
        use_version(folder, "2")
        server = Server(service(SERVICE, folder), core, Path(name))
        try:
            with server.running():
                server.wait({"text": "A first text."})
                load = Load(server, folder, reloads)
                asyncio.run(load.run())
        finally:
            server.end()
    traffic = load.traffic
    for failure, count in traffic.failures.items():
        options.say(f"failed, {count} ×: {failure}")
    method = METHOD.format(model=options.model.name, rate=RATE, connections=CONNECTIONS, reloads=reloads, pause=PAUSE)
    before, first, *_, last = traffic.resident
    memory = {"before": before, "after the first": first, "after the last": last}
    return Result(
        method,
        figures(traffic),
        [Table("resident memory, MiB, by reload", {when: {SERVICE: size} for when, size in memory.items()})],
    )


def figures(traffic: Traffic) -> list[Figure]:
    """Return what the traffic says of reloading."""
    before, *_, last = traffic.resident
    return [
        Figure("requests", len(traffic.seconds), ""),
        Figure("failures", traffic.failures.total(), "", exactly=0),
        Figure("99 % of short texts within, without reloads", percentile(traffic.quiet) * 1000, "ms"),
        Figure("99 % of short texts within, while reloading", percentile(traffic.seconds) * 1000, "ms", below=20),
        Figure("the slowest of them", max(traffic.seconds) * 1000, "ms"),
        Figure("from the signal to the first answer of the other version", _middle(traffic.reloads), "s"),
        Figure(f"memory after {len(traffic.reloads)} reloads / before", last / before, below=1.1),
    ]


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
