"""Processes: commands that run to their end, and process trees that are held still, let go and ended."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from bench.errors import BenchError
from bench.paths import ROOT

END_SECONDS: Final = 10.0
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

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path = ROOT,
    ) -> None:
        """Start the process.

        Args:
            command: The command.
            log: Gets standard output and standard error.
            environment: Added to the environment.
            folder: Where it is started; by default in the repository.
        """
        self._log = log
        with log.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                cwd=folder,
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
        for process in self._members():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def let_go(self) -> None:
        """Let all processes go on."""
        for process in self._members():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def end(self) -> None:
        """End all processes, those that do not go by themselves by force."""
        members = self._members()
        self.let_go()
        self._process.terminate()
        others = [process for process in members if process.pid != self.pid]
        _, left = psutil.wait_procs(others, timeout=END_SECONDS)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.kill()
        self._process.wait()

    def resident_bytes(self) -> int:
        """Memory of the first process, without what it started."""
        size: int = psutil.Process(self.pid).memory_info().rss
        return size

    def private_bytes(self) -> Sequence[int]:
        """Memory that each process has to itself (its USS), the first process first."""
        return [process.memory_full_info().uss for process in self._members()]

    def processor_seconds(self) -> float:
        """Processor time that all processes have used so far."""
        seconds = 0.0
        for process in self._members():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system
        return seconds

    def _members(self) -> list[psutil.Process]:
        """Return the process, if it still runs, those of its session, and all below them; the process comes first."""
        found: dict[int, psutil.Process] = {}
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self.pid)
            found = {one.pid: one for one in [first, *first.children(recursive=True)]}
        for process in psutil.process_iter():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                if os.getsid(process.pid) == self.pid:
                    found[process.pid] = process
        return [found[pid] for pid in sorted(found, key=lambda pid: (pid != self.pid, pid))]


def python_module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a module under this interpreter."""
    return [sys.executable, "-m", name, *arguments]


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing."
