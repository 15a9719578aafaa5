"""Servers under load: the service and its peers, each alone on one core while it is measured."""

import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import httpx

from bench.environments import python_of
from bench.errors import BenchError
from bench.paths import ROOT
from bench.processes import Tree, python_module

START_SECONDS: Final = 120.0
"""Seconds that a server gets to start, TensorFlow and all."""
PATH: Final = "/sentiment"
MODEL_VARIABLE: Final = "BENCH_MODEL"
"""Environment variable that names the model folder to the peers."""


@dataclass(frozen=True)
class Contender:
    """A server and how it is started.

    Attributes:
        name: Its name in the tables.
        command: The command, with ``{port}`` where the port belongs.
        environment: Added to the environment.
        path: Where it is asked.
        answers: Whether it gives the model's answer, rather than always the same.
        slow: Whether an answer takes tens of milliseconds, so that fewer of them must do.
        folder: Where it is started: the checkout whose modules it imports.
    """

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)
    path: str = PATH
    answers: bool = True
    slow: bool = False
    folder: Path = ROOT


SERVICE: Final = "service"
NOTHING: Final = "FastAPI doing nothing"
TUTORIAL: Final = "tutorial service"
LITSERVE: Final = "LitServe"
BENTOML: Final = "BentoML"


def contenders(model: Path, folder: Path) -> list[Contender]:
    """Return the service and its peers.

    Args:
        model: The model folder that they serve.
        folder: Where they may write.

    Raises:
        BenchError: The environment of a peer cannot be made.
    """
    of_model = {MODEL_VARIABLE: str(model)}
    bento = ["serve", "bench.peers.bentoml_service:Sentiment", "--host", "127.0.0.1", "--port", "{port}"]
    return [
        *service_and_nothing(model, PATH),
        Contender(
            TUTORIAL,
            python_module("bench.peers.tutorial", "{port}"),
            {**of_model, "TF_CPP_MIN_LOG_LEVEL": "3"},
            slow=True,
        ),
        Contender(LITSERVE, [python_of("litserve"), "-m", "bench.peers.litserve_server", "{port}"], of_model),
        Contender(
            BENTOML,
            [python_of("bentoml"), "-m", "bentoml", *bento],
            {**of_model, "BENTOML_HOME": str(folder / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"},
        ),
    ]


def service_and_nothing(model: Path, path: str) -> list[Contender]:
    """Return the service, and the endpoints that do nothing.

    Args:
        model: The default model's folder, beside which the other models lie.
        path: Where both are asked.
    """
    return [
        service(SERVICE, model, path),
        Contender(NOTHING, python_module("bench.peers.nothing", "{port}"), path=path, answers=False),
    ]


def service(name: str, model: Path, path: str = PATH, folder: Path = ROOT) -> Contender:
    """Return the service of a checkout.

    Args:
        name: What to call it.
        model: The default model's folder, beside which the other models lie.
        path: Where it is asked.
        folder: The checkout.
    """
    own = ["--models-dir", str(model.parent), "--default-model", model.name]
    return Contender(name, python_module("app", "serve", "--port", "{port}", *own), path=path, folder=folder)


class Server:
    """A contender that runs."""

    def __init__(self, contender: Contender, core: int | str, folder: Path) -> None:
        """Start it.

        Args:
            contender: What to start.
            core: The core that it is pinned to, or several with commas between them.
            folder: Where its log goes.
        """
        self.contender = contender
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{contender.path}"
        command = [str(self.port) if part == "{port}" else part for part in contender.command]
        log = folder / f"{contender.name}.log"
        pinned = ["taskset", "--cpu-list", str(core), *command]
        self._tree = Tree(pinned, log, contender.environment, contender.folder)

    def wait(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Wait until it answers and return the answer to a body.

        Raises:
            BenchError: It ended, or does not answer.
        """
        deadline = monotonic() + START_SECONDS
        while monotonic() < deadline:
            self._tree.check()
            try:
                response = httpx.post(self.url, json=body, timeout=START_SECONDS)
            except httpx.TransportError:
                sleep(0.05)
                continue
            if response.is_success:
                answer: dict[str, Any] = json.loads(response.content)
                return answer
            sleep(0.05)
        raise BenchError(
            f"{self.contender.name} did not answer within {START_SECONDS:.0f} s: {self._tree.last_words()}"
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let it go on for the block; it is held still before and after."""
        self._tree.let_go()
        try:
            yield
        finally:
            self._tree.hold()

    @property
    def pid(self) -> int:
        """Its first process."""
        return self._tree.pid

    def processor_seconds(self) -> float:
        """Processor time that it has used so far."""
        return self._tree.processor_seconds()

    def resident_bytes(self) -> int:
        """Memory of its first process."""
        return self._tree.resident_bytes()

    def end(self) -> None:
        """End it."""
        self._tree.end()


@contextmanager
def started(
    contenders: Sequence[Contender], core: int, folder: Path, first: Mapping[str, Any]
) -> Iterator[list[Server]]:
    """Start servers one after the other, see that each answers a first body, hold them still, and end them after."""
    with ExitStack() as stack:
        servers = []
        for contender in contenders:
            server = Server(contender, core, folder)
            stack.callback(server.end)
            with server.running():
                server.wait(first)
            servers.append(server)
        yield servers


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def two_cores() -> tuple[int, int]:
    """Return a core for the server and one for the load.

    Raises:
        BenchError: There is only one.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("Server and load need a core each, and this machine offers one only.")
    return cores[0], cores[1]
