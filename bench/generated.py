"""Requests that nobody would send, by the ten thousand, and whether each has an answer that says what is wrong."""

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import h11
import httpx

from bench.figures import Figure, Result, Table
from bench.mutations import Made, Mutations
from bench.options import Options
from bench.servers import SERVICE, Server, service, two_cores
from bench.soak import ANSWER_SECONDS, MEBIBYTE

CLIENTS: Final = 8
PROBLEM: Final = "application/problem+json"
SHOWN: Final = 5
"""Failures that are shown on standard error."""
SEED: Final = 0
REASON: Final = b"What follows is not read."
"""With this ends the last row of an answer that is cut short: its status has been sent by then."""

METHOD: Final = (
    "{requests:,} requests of {clients} clients, one worker with default settings: the examples of the OpenAPI "
    "document for each of its {operations} operations, in which values, names, bytes, media types, headers, paths, "
    "queries and methods are changed at random (seed {seed}). A request fails that has no answer within "
    "{answer:.0f} s, a status of 500 or more other than a 503 with `Retry-After`, or an error that is no problem "
    "document. Rows that stream out and end early, with the reason in the last one, are an answer."
)


@dataclass
class Answer:
    """What came back.

    Attributes:
        status: Its status.
        headers: Its headers, by their names in small letters.
        closes: Whether the connection is of no further use.
        cut: Whether it ended before its end, and did not say why.
    """

    status: int
    headers: dict[str, str]
    closes: bool
    cut: bool = False

    def failure(self, method: str) -> str | None:
        """Return what is wrong with it, if anything is.

        Args:
            method: That of the request.
        """
        if self.status >= 500 and not (self.status == 503 and "retry-after" in self.headers):
            return f"status {self.status}"
        if self.cut:
            return f"status {self.status}, cut short without a reason"
        if self.status >= 400 and method != "HEAD" and not self.headers.get("content-type", "").startswith(PROBLEM):
            return f"status {self.status} without a problem document"
        return None


@dataclass
class Found:
    """What was sent and what came back: how many requests by status, and by failure."""

    statuses: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, Made]] = field(default_factory=list)

    def fail(self, failure: str, made: Made) -> None:
        """Count a failure."""
        self.failures[failure] += 1
        if len(self.examples) < SHOWN:
            self.examples.append((failure, made))


async def send(port: int, document: dict[str, Any], count: int, seed: int = SEED) -> Found:
    """Send requests that are made up.

    Args:
        port: Where the service listens.
        document: Its OpenAPI document.
        count: How many.
        seed: Of the same seed come the same requests.
    """
    found = Found()
    mutations = Mutations(document, seed)
    left = iter(range(count))

    async def client() -> None:
        connection = None
        for _ in left:
            made = mutations.one()
            if connection is None:
                connection = await asyncio.open_connection("127.0.0.1", port)
            closes = True
            try:
                answer = await asyncio.wait_for(_answer(*connection, made), ANSWER_SECONDS)
            except (OSError, EOFError, TimeoutError, h11.RemoteProtocolError) as error:
                found.fail(f"no answer: {type(error).__name__}", made)
            else:
                closes = answer.closes
                found.statuses[answer.status] += 1
                if failure := answer.failure(made.method):
                    found.fail(failure, made)
            if closes:
                connection[1].close()
                connection = None
        if connection is not None:
            connection[1].close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return found


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, made: Made) -> Answer:
    """Send a request and read its answer, all of it."""
    parser = h11.Connection(h11.CLIENT)
    # What it is told is not what is sent: it would refuse that. It reads the answer to a request of this method.
    parser.send(h11.Request(method=made.method, target="/", headers=[("Host", "a")]))
    parser.send(h11.EndOfMessage())
    writer.write(made.content)
    response, body = None, b""
    while True:
        try:
            event = parser.next_event()
        except h11.RemoteProtocolError:
            if response is None:
                raise
            return _answered(response, closes=True, cut=REASON not in body)
        if event is h11.NEED_DATA:
            data = await reader.read(65536)
            if not data and response is None:
                raise EOFError
            parser.receive_data(data)
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body = body[-len(REASON) :] + bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and response is not None:
            return _answered(response, closes=parser.their_state is not h11.DONE, cut=False)


def _answered(response: h11.Response, *, closes: bool, cut: bool) -> Answer:
    headers = {name.decode(): value.decode("latin-1") for name, value in response.headers}
    return Answer(response.status_code, headers, closes, cut)


def measure(options: Options) -> Result:
    """Send them to the service.

    Raises:
        bench.errors.BenchError: The service ended, or there is no second core.
    """
    core, _ = two_cores()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        server = Server(service(SERVICE, options.model), core, Path(name))
        try:
            with server.running():
                server.wait({"text": "A first text."})
                document = httpx.get(f"http://127.0.0.1:{server.port}/openapi.json").json()
                found = asyncio.run(send(server.port, document, options.requests))
                memory = server.resident_bytes() / MEBIBYTE
                server.wait({"text": "A last text."})
        finally:
            server.end()
    for failure, made in found.examples:
        options.say(f"failed, {failure}: {made.content[:300]!r}")
    count = sum(len(methods) for methods in document["paths"].values())
    method = METHOD.format(
        requests=options.requests, clients=CLIENTS, operations=count, seed=SEED, answer=ANSWER_SECONDS
    )
    return Result(method, figures(found, memory), tables(found))


def figures(found: Found, memory: float) -> list[Figure]:
    """Return what the answers say of the service.

    Args:
        found: The answers.
        memory: MiB in memory after them.
    """
    return [
        Figure("requests", found.statuses.total() + _unanswered(found), ""),
        Figure("failures", found.failures.total(), "", exactly=0),
        Figure("memory after them", memory, "MiB", below=600),
    ]


def tables(found: Found) -> list[Table]:
    """Return how many answers had which status, and which failures there were."""
    statuses = {str(status): {SERVICE: float(count)} for status, count in sorted(found.statuses.items())}
    failures = {failure: {SERVICE: float(count)} for failure, count in found.failures.most_common()}
    return [Table("answers by status", statuses), *([Table("failures", failures)] if failures else [])]


def _unanswered(found: Found) -> int:
    return sum(count for failure, count in found.failures.items() if failure.startswith("no answer"))
