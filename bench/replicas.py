"""Replicas of the service on loopback behind HAProxy, with the configuration that ``deploy/`` has."""

import re
import shutil
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import httpx
import psutil

from bench.errors import BenchError
from bench.paths import ROOT
from bench.processes import Tree, python_module
from bench.servers import free_port

CONFIGURATION: Final = ROOT / "deploy" / "haproxy.cfg"
BACKEND: Final = "replicas"
READY_SECONDS: Final = 60.0
END_SECONDS: Final = 60.0


class Replica:
    """A process of the service that keeps its ports, however often it is started.

    Attributes:
        name: What the proxy calls it.
        port: That of requests.
        admin: That of health.
    """

    def __init__(self, name: str, model: Path, folder: Path) -> None:
        """Choose ports, and start nothing yet.

        Args:
            name: What the proxy calls it.
            model: The default model's folder.
            folder: Where its log goes.
        """
        self.name = name
        self.port = free_port()
        self.admin = free_port()
        self._log = folder / f"{name}.log"
        own = ["--models-dir", str(model.parent), "--default-model", model.name, "--log-level", "warning"]
        ports = ["--port", str(self.port), "--admin-port", str(self.admin)]
        self._command = python_module("app", "serve", *ports, *own)
        self._tree: Tree | None = None

    @property
    def process(self) -> psutil.Process:
        """Its process, which runs."""
        if self._tree is None:
            raise BenchError(f"Replica {self.name} does not run.")
        return psutil.Process(self._tree.pid)

    def start(self) -> None:
        """Start it."""
        self._tree = Tree(self._command, self._log)

    def wait_until_ready(self) -> None:
        """Wait until it may be asked.

        Raises:
            BenchError: It ended, or takes too long.
        """
        deadline = monotonic() + READY_SECONDS
        while monotonic() < deadline:
            if self._tree is not None:
                self._tree.check()
            try:
                if httpx.get(f"http://127.0.0.1:{self.admin}/health/ready", timeout=2).is_success:
                    return
            except httpx.TransportError:
                pass
            sleep(0.02)
        raise BenchError(f"Replica {self.name} was not ready within {READY_SECONDS:.0f} s.")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send it a signal that ends it, and wait for its end.

        Raises:
            BenchError: It does not end.
        """
        process = self.process
        process.send_signal(number)
        try:
            process.wait(END_SECONDS)
        except psutil.TimeoutExpired as error:
            raise BenchError(f"Replica {self.name} did not end within {END_SECONDS:.0f} s.") from error
        self.end()

    def end(self) -> None:
        """End it by force, if it runs."""
        if self._tree is not None:
            self._tree.end()
            self._tree = None


class Proxy:
    """HAProxy before the replicas.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, replicas: Sequence[Replica], folder: Path) -> None:
        """Start it.

        Raises:
            BenchError: It is not installed, or does not start.
        """
        program = shutil.which("haproxy") or "/usr/sbin/haproxy"
        if not Path(program).exists():
            raise BenchError("There is no haproxy; install it, on Debian with: apt-get install haproxy")
        self.port = free_port()
        self._socket = folder / "admin.sock"
        path = folder / "haproxy.cfg"
        path.write_text(configuration(CONFIGURATION.read_text(), self.port, replicas, self._socket))
        self._tree = Tree([program, "-db", "-f", str(path)], folder / "haproxy.log", folder=folder)

    def wait_until_up(self, names: Sequence[str]) -> None:
        """Wait until it sends requests to these replicas.

        Raises:
            BenchError: It ended, or takes too long.
        """
        deadline = monotonic() + READY_SECONDS
        while monotonic() < deadline:
            self._tree.check()
            states = self.states() if self._socket.exists() else {}
            if all(states.get(name) == "UP" for name in names):
                return
            sleep(0.05)
        raise BenchError(f"HAProxy does not reach {', '.join(names)}.")

    def states(self) -> dict[str, str]:
        """Return the state of each replica, such as ``UP`` or ``DRAIN``."""
        return {row["svname"]: row["status"].split(" ")[0] for row in self._rows()}

    def sessions(self) -> dict[str, int]:
        """Return how many requests each replica has now."""
        return {row["svname"]: int(row["scur"]) for row in self._rows()}

    def _rows(self) -> list[dict[str, str]]:
        lines = self.tell("show stat").splitlines()
        head = lines[0].removeprefix("# ").split(",")
        rows = [dict(zip(head, line.split(","), strict=False)) for line in lines[1:] if line]
        return [row for row in rows if row["pxname"] == BACKEND]

    def drain(self, name: str) -> None:
        """Have it send no more requests to a replica."""
        self.tell(f"set server {BACKEND}/{name} state drain")

    def resume(self, name: str) -> None:
        """Have it send requests to a replica again."""
        self.tell(f"set server {BACKEND}/{name} state ready")

    def tell(self, command: str) -> str:
        """Give a command on its socket, and return the answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self._socket))
            connection.sendall(f"{command}\n".encode())
            answer = b""
            while block := connection.recv(65_536):
                answer += block
        return answer.decode()

    def end(self) -> None:
        """End it."""
        self._tree.end()


def configuration(text: str, port: int, replicas: Sequence[Replica], admin: Path) -> str:
    """Return HAProxy's configuration for other addresses.

    Args:
        text: That of ``deploy/``.
        port: Where it listens.
        replicas: In place of the servers that it names.
        admin: Its socket.

    Raises:
        BenchError: The text is not as expected.
    """
    head, *servers = re.split(r"^    server .*\n", text, flags=re.MULTILINE)
    if len(servers) != len(replicas) or any(servers):
        raise BenchError(f"{CONFIGURATION} does not end in {len(replicas)} servers.")
    changed, count = re.subn(r"(?<=    bind ):8080$", f"127.0.0.1:{port}", head, flags=re.MULTILINE)
    changed, sockets = re.subn(r"(?<=    stats socket )\S+", str(admin), changed)
    if (count, sockets) != (1, 1):
        raise BenchError(f"{CONFIGURATION} does not have one address and one socket.")
    lines = [f"    server {one.name} 127.0.0.1:{one.port} port {one.admin}\n" for one in replicas]
    return changed + "".join(lines)


@contextmanager
def behind_proxy(names: Sequence[str], model: Path, folder: Path) -> Iterator[tuple[list[Replica], Proxy]]:
    """Start replicas and a proxy before them, and end them after.

    Raises:
        BenchError: One of them does not start.
    """
    with ExitStack() as stack:
        replicas = [Replica(name, model, folder) for name in names]
        for replica in replicas:
            stack.callback(replica.end)
            replica.start()
        for replica in replicas:
            replica.wait_until_ready()
        proxy = Proxy(replicas, folder)
        stack.callback(proxy.end)
        proxy.wait_until_up(names)
        yield replicas, proxy
