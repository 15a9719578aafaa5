"""Processes: commands that run to their end, and process trees that are held still, let go and ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from bench.errors import BenchError
from bench.paths import ROOT

GRACE: Final = 10.0
"""Seconds that a process gets to end by itself."""


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    """Run a command in the repository and return what it wrote to standard output.

    Raises:
        BenchError: It cannot be started, or failed.
    """
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=ROOT, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise BenchError(f"{command[0]} cannot be started ({error.strerror}); install it.") from error
    if done.returncode:
        raise BenchError(f"{Path(command[0]).name} failed: {_last_line(done.stderr or done.stdout)}")
    return done.stdout


class Tree:
    """A process and all that it starts."""

    def __init__(self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> None:
        """Start the process in the repository.

        Args:
            command: The command.
            log: Gets standard output and standard error.
            environment: Added to the environment.
        """
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The first process."""
        return self._process.pid

    def check(self) -> None:
        """See that the first process still runs.

        Raises:
            BenchError: It ended.
        """
        if self._process.poll() is not None:
            raise BenchError(f"A server ended: {self.last_words()}")

    def last_words(self) -> str:
        """Return the last line that the processes wrote."""
        return _last_line(self._log.read_text(errors="replace"))

    def hold(self) -> None:
        """Stop all processes where they are: they take no time until :meth:`let_go`."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Let all processes go on."""
        self._signal(signal.SIGCONT)

    def end(self) -> None:
        """End all processes, those that do not go by themselves by force."""
        members = _members(self.pid)
        self.let_go()
        self._process.terminate()
        deadline = monotonic() + GRACE
        while monotonic() < deadline and any(map(_runs, members[1:])):
            self._process.poll()
            sleep(0.05)
        for pid in members[1:]:
            _send(pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def resident_bytes(self) -> int:
        """Memory of the first process, without what it started."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchError("The memory of the server cannot be read; has it ended?")

    def private_bytes(self) -> Sequence[int]:
        """Memory that each process has to itself (its USS), the first process first."""
        return [_private_bytes(pid) for pid in _members(self.pid)]

    def processor_seconds(self) -> float:
        """Processor time that all processes have used so far."""
        ticks = 0
        for pid in _members(self.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def _signal(self, number: signal.Signals) -> None:
        for pid in _members(self.pid):
            _send(pid, number)


def python_module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a module under this interpreter."""
    return [sys.executable, "-m", name, *arguments]


def _members(root: int) -> list[int]:
    """Return a process, those of its session, and all below them; the process itself comes first."""
    parents: dict[int, int] = {}
    found = {root}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            _state, parent, _group, session = path.read_text().rsplit(")", 1)[1].split()[:4]
        except OSError:
            continue
        parents[int(path.parent.name)] = int(parent)
        if int(session) == root:
            found.add(int(path.parent.name))
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return [root, *sorted(found - {root})]


def _private_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing."
