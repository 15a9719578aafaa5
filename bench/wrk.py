"""wrk, the load generator: as many requests as a server answers on a number of connections."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from bench.processes import run

TIMEOUT: Final = 60
"""Seconds after which wrk counts an answer as missing; the slowest peers need several under load."""
_UNITS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True)
class Answers:
    """What came back.

    Attributes:
        count: Requests answered.
        rate: Requests a second.
        median: Half of the answers came within so many milliseconds.
        late: All but a hundredth came within so many.
    """

    count: int
    rate: float
    median: float
    late: float


@dataclass(frozen=True)
class Body:
    """What is posted.

    Attributes:
        content: Its bytes.
        headers: Those that describe it.
    """

    content: bytes
    headers: Mapping[str, str]

    @classmethod
    def json(cls, document: Mapping[str, Any]) -> "Body":
        """Return a document as JSON."""
        return cls(json.dumps(document).encode(), {"Content-Type": "application/json"})

    @property
    def arguments(self) -> str:
        """Its headers and its content as wrk's scripts take them."""
        headers = ", ".join(f'["{name}"] = "{value}"' for name, value in self.headers.items())
        escaped = "".join(f"\\{byte:03}" for byte in self.content)
        return f'{{{headers}}}, "{escaped}"'


def write_script(path: Path, bodies: Sequence[Body]) -> None:
    """Write a script that has wrk post these bodies in turn."""
    formats = "".join(
        f'  requests[{number}] = wrk.format("POST", nil, {body.arguments})\n'
        for number, body in enumerate(bodies, start=1)
    )
    path.write_text(
        "local requests, turn = {}, 0\n"
        "function init()\n"
        f"{formats}"
        "end\n"
        "function request()\n"
        "  turn = turn % #requests + 1\n"
        "  return requests[turn]\n"
        "end\n",
        encoding="ascii",
    )


def load(url: str, script: Path, *, connections: int, seconds: int, core: int) -> Answers:
    """Put load on a server.

    Args:
        url: Where to post.
        script: Of :func:`write_script`.
        connections: How many requests are under way at a time, each on its own connection.
        seconds: For how long.
        core: The core that wrk is pinned to.

    Raises:
        BenchError: wrk is not installed, or a request was not answered with success.
    """
    options = ["--threads", "1", "--latency", "--timeout", f"{TIMEOUT}s"]
    command = ["taskset", "--cpu-list", str(core), "wrk", *options]
    output = run([*command, "--connections", str(connections), "--duration", f"{seconds}s", "--script", script, url])
    for complaint in ("Non-2xx", "Socket errors"):
        if complaint in output:
            raise BenchError(f"Not every request was answered by {url}: {_line(output, complaint)}.")
    rate = float(_line(output, "Requests/sec:").split()[-1])
    count = int(_line(output, " requests in ").split()[0])
    return Answers(count, rate, _milliseconds(_line(output, " 50%")), _milliseconds(_line(output, " 99%")))


def _line(output: str, part: str) -> str:
    for line in output.splitlines():
        if part in line:
            return line.strip()
    raise BenchError(f"wrk did not say {part!r}; is it another version?")


def _milliseconds(line: str) -> float:
    match = re.fullmatch(r"\S+\s+([\d.]+)(us|ms|s|m)", line)
    if match is None:
        raise BenchError(f"wrk said {line!r}; is it another version?")
    return float(match[1]) * _UNITS[match[2]]
