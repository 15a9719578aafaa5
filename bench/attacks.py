"""What one client can do to the others: large and damaged bodies, dear requests, thousands of connections."""

import statistics
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx

from bench import at_once
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.paths import ROOT
from bench.processes import python_module
from bench.servers import SERVICE, Server, service, two_cores

MEBIBYTE: Final = 2**20
ATTACKER: Final = "127.0.0.2"
NEIGHBOUR: Final = "127.0.0.3"
ATTACKERS: Final = 34
CROWD: Final = "bench.crowd"
PROBE: Final = "/health/live"
DEAR: Final = {"text": "a! " * 500, "explain": True, "model": "sentiment-lecture"}
BATCH: Final = {"texts": ["This film was long, but I did like some of it."] * 200}
SENTENCE: Final = {"text": "A wonderful film, I loved every moment.", "explain": True}
DROPPED: Final = {"texts": ["This film was long, but I did like some of it. " * 20] * 8_000}
ANSWER_SECONDS: Final = 120.0
AT_ONCE_SECONDS: Final = 60.0
MEGABYTE: Final = 1e6

METHOD: Final = (
    "One worker with default settings, pinned to a core. Bodies: each is sent once, while `/health/live` is asked on "
    "new connections; processor time is the service's. Headers: a `Content-Type` with 60 kB of parameters. A crowd: "
    "{probes:,} probes on new connections while 2,000 clients, on another core, have texts classified all the time. "
    "A neighbour: {attackers} connections of one address ask for explanations of 500 sentences for {seconds} s, and "
    "meanwhile another address has a sentence explained and 200 texts classified in turn. Hung up: processor time in "
    "the second after a client hung up that had asked for 8,000 texts."
)

JSON: Final = {"Content-Type": "application/json"}
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART: Final = {"Content-Type": "multipart/form-data; boundary=b"}
PLAIN: Final = {"Content-Type": "text/plain"}
_PART: Final = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nfine\r\n'
_OTHER_PART: Final = b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n'

PARAMETERS: Final = {
    "quoted": 'a="' + ";" * 60_000,
    "semicolons": ";" * 60_000,
    "name": "a" * 60_000,
    "backslashes": 'a="' + "\\" * 60_000,
    "codec": "charset*=idna''x",
    "sections": "charset*=a; charset*0=b",
    "number": "a*" + "9" * 5_000 + "=b",
}
"""Of a header, such as take long to read if they are read carelessly."""


class Attack(NamedTuple):
    """A request.

    Attributes:
        path: Where it goes.
        headers: Its headers.
        body: Its body.
        status: What it is answered with.
    """

    path: str
    headers: Mapping[str, str]
    body: bytes
    status: int = 422

    def request(self) -> bytes:
        """Return it as it is sent."""
        return at_once.head(self.path, len(self.body), self.headers["Content-Type"]) + self.body


def wrong(size: int) -> dict[str, Attack]:
    """Return bodies of nothing but errors, of about so many bytes; those of one kind, of four times as many."""

    def items(field: str, item: bytes, count: int = size) -> bytes:
        return b'{"%s":[' % field.encode() + item * (count // len(item)) + b"1]}"

    fields = b"".join(b',"%d":1' % number for number in range(size // 10))
    bodies = {
        "texts": ("/sentiment/batch", items("texts", b"1,")),
        "more texts": ("/sentiment/batch", items("texts", b"1,", 4 * size - 99)),
        "explained": ("/sentiment/batch", items("texts", b"1,")[:-1] + b',"explain":true}'),
        "tokenize": ("/tokenize", items("texts", b"{},")),
        "predict": ("/predict", items("sequences", b"1,")),
        "empty sequences": ("/predict", items("sequences", b"[],")),
        "wrong ids": ("/predict", b'{"sequences":[[' + b"-1," * (size // 4) + b"1]]}"),
        "ids": ("/activations", items("ids", b"-1,")),
        "pad": ("/pad", items("sequences", b"1,")),
        "labels": ("/sentiment", items("labels", b"1,")),
        "unknown fields": ("/sentiment", b'{"text":"a"' + fields + b"}"),
        "words": ("/analogies", items("positive", b"1,")),
        "points": ("/vectors/glove/projection", items("words", b"1,")),
        "observations": ("/forecasts/air-pollution", b'{"sequences":[[[' + b"1," * (2 * size - 99) + b"1]]]}"),
    }
    return {name: Attack(path, JSON, body) for name, (path, body) in bodies.items()}


def large(size: int) -> dict[str, Attack]:
    """Return texts in every form, of about so many bytes."""
    parts = size // 60
    return {
        name: Attack("/sentiment", headers, body, status)
        for name, headers, body, status in (
            ("form", FORM, b"text=" + b"%41" * (size // 3 - 9), 422),
            ("words of a form", FORM, b"&" * (size - 9), 422),
            ("parts", MULTIPART, _PART + _OTHER_PART * parts + b"--b--", 400),
            ("parts without a name", MULTIPART, _PART + b"--b\r\n\r\n\r\n" * parts + b"--b--", 400),
            ("line ends", MULTIPART, _PART + b"\r\n" * (size // 2 - 99) + b"--b--", 422),
            ("plain text", PLAIN, b"a " * (size // 2 - 9), 422),
            ("sentences", JSON, b'{"explain":true,"text":"' + b". " * (size // 2 - 99) + b'"}', 422),
        )
    }


class Probes:
    """What probes on new connections took while something went on.

    Attributes:
        seconds: Of each.
    """

    def __init__(self, url: str) -> None:
        """Prepare.

        Args:
            url: The service's.
        """
        self.seconds: list[float] = []
        self._url = urlsplit(url)

    def ask(self) -> None:
        """Ask once.

        Raises:
            BenchError: The answer is none that a probe should get.
        """
        # To prepare httpx's client takes 60 ms, which would count for the service.
        begun = perf_counter()
        connection = HTTPConnection(self._url.netloc, timeout=ANSWER_SECONDS)
        connection.request("GET", PROBE, headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        self.seconds.append(perf_counter() - begun)
        connection.close()
        if answer.status != 200:
            raise BenchError(f"{PROBE} was answered with {answer.status}; look at the service's log.")

    @contextmanager
    def going(self) -> Iterator[None]:
        """Ask again and again for the block."""
        ended = threading.Event()

        def ask_on() -> None:
            while not ended.wait(0.02):
                self.ask()

        thread = threading.Thread(target=ask_on)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _check(answer: httpx.Response, *statuses: int) -> None:
    if answer.status_code not in statuses:
        raise BenchError(
            f"{answer.request.url.path} was answered with {answer.status_code}; look at the service's log."
        )


def measure(options: Options) -> Result:
    """Attack the service.

    Raises:
        bench.errors.BenchError: An answer is not what it should be, or there is no second core.
    """
    core, other = two_cores()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        server = Server(service(SERVICE, options.model, path=""), core, Path(name))
        try:
            with server.running():
                return _measure(server, options, other)
        finally:
            server.end()


def _measure(server: Server, options: Options, other: int) -> Result:
    with httpx.Client(base_url=server.url, timeout=ANSWER_SECONDS) as client:
        _wait(client)
        errors, texts = wrong(4 * MEBIBYTE), large(16 * MEBIBYTE - 99)
        of_wrong = {name: _attacked(server, client, one) for name, one in errors.items()}
        of_large = {name: _attacked(server, client, one) for name, one in texts.items()}
        headers = max(_of_headers(client, parameters) for parameters in PARAMETERS.values())
    options.say("neighbour …")
    sentence, batch = _neighbour(server.url, options.seconds)
    options.say("crowd …")
    crowd = _crowd(server, other, 50 * options.rounds)
    dropped = _hung_up(server)
    options.say("all at once …")
    sent = [
        at_once.head(one.path, len(one.body), one.headers["Content-Type"]) + one.body
        for one in {**errors, **texts}.values()
    ]
    memory = at_once.most_memory(server, sent, AT_ONCE_SECONDS)
    both = {**of_wrong, **of_large}
    return Result(
        METHOD.format(probes=50 * options.rounds, attackers=ATTACKERS, seconds=options.seconds)
        + f" {at_once.method(AT_ONCE_SECONDS)}",
        [
            Figure("processor time of 4 MB of errors, at most", _most(of_wrong, 0), "s", below=0.3),
            Figure("processor time of a text of 16 MB, at most", _most(of_large, 0), "s", below=3),
            Figure("the slowest probe meanwhile", _most(both, 1) * 1000, "ms", below=100),
            Figure("a header of 60 kB of parameters, at most", headers * 1000, "ms", below=100),
            Figure("99 % of probes within, while 2,000 clients are busy", crowd * 1000, "ms", below=100),
            Figure("a neighbour's explained sentence, at most", sentence, "s", below=1),
            Figure("a neighbour's batch of 200 texts, at most", batch, "s", below=1.5),
            Figure("processor time in the second after a client hung up", dropped, "s", below=0.3),
            Figure("most memory while all is tried at once", memory / MEGABYTE, "MB", below=600),
        ],
        [
            Table("processor seconds of a body", {name: {SERVICE: seconds} for name, (seconds, _) in both.items()}),
            Table("slowest probe meanwhile, ms", {name: {SERVICE: probe * 1000} for name, (_, probe) in both.items()}),
        ],
    )


def _wait(client: httpx.Client) -> None:
    end = perf_counter() + ANSWER_SECONDS
    while True:
        try:
            _check(client.post("/sentiment", json=SENTENCE), 200)
            _check(client.post("/sentiment/batch", json=BATCH), 200)
            return
        except httpx.TransportError as error:
            if perf_counter() > end:
                raise BenchError("The service did not answer.") from error
            sleep(0.05)


def _attacked(server: Server, client: httpx.Client, attack: Attack) -> tuple[float, float]:
    """Return the processor seconds that a request took, and the seconds of the slowest probe meanwhile."""
    probes = Probes(server.url)
    before = server.processor_seconds()
    with probes.going():
        answer = client.post(attack.path, content=attack.body, headers=attack.headers)
    _check(answer, attack.status)
    return server.processor_seconds() - before, max(probes.seconds, default=0.0)


def _most(found: Mapping[str, tuple[float, float]], index: int) -> float:
    return max(one[index] for one in found.values())


def _of_headers(client: httpx.Client, parameters: str) -> float:
    begun = perf_counter()
    for kind in ("application/json", "multipart/form-data", "text/plain"):
        answer = client.post("/sentiment", content=b'{"text": "a"}', headers={"Content-Type": f"{kind}; {parameters}"})
        _check(answer, 200, 400, 415)
    return (perf_counter() - begun) / 3


def _client_at(url: str, address: str) -> httpx.Client:
    limits = httpx.Limits(max_connections=None)
    transport = httpx.HTTPTransport(local_address=address, limits=limits)
    return httpx.Client(base_url=url, transport=transport, timeout=ANSWER_SECONDS)


def _neighbour(url: str, seconds: float) -> tuple[float, float]:
    """Return what a neighbour's slowest sentence and slowest batch took while another client asked for much."""
    end = perf_counter() + seconds
    with _client_at(url, ATTACKER) as attacker, _client_at(url, NEIGHBOUR) as neighbour:

        def attack() -> None:
            while perf_counter() < end:
                if attacker.post("/sentiment", json=DEAR).status_code != 200:
                    sleep(0.1)

        threads = [threading.Thread(target=attack) for _ in range(ATTACKERS)]
        for thread in threads:
            thread.start()
        took = {"/sentiment": [0.0], "/sentiment/batch": [0.0]}
        bodies: dict[str, dict[str, Any]] = {"/sentiment": SENTENCE, "/sentiment/batch": BATCH}
        while perf_counter() < end:
            for path, body in bodies.items():
                begun = perf_counter()
                _check(neighbour.post(path, json=body), 200)
                took[path].append(perf_counter() - begun)
        for thread in threads:
            thread.join()
    return max(took["/sentiment"]), max(took["/sentiment/batch"])


def _crowd(server: Server, core: int, probes: int) -> float:
    """Return the 99th percentile of what probes take while 2,000 clients are busy."""
    command = ["taskset", "--cpu-list", str(core), *map(str, python_module(CROWD, "127.0.0.1", str(server.port)))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as crowd:  # noqa: S603
        try:
            if crowd.stdout is None or crowd.stdout.readline() != "busy\n":
                raise BenchError("The crowd could not connect; allow 3,000 descriptors with ulimit -n.")
            found = Probes(server.url)
            for _ in range(probes):
                found.ask()
                sleep(0.02)
        finally:
            crowd.terminate()
    return statistics.quantiles(found.seconds, n=100)[98]


def _hung_up(server: Server) -> float:
    """Return the processor seconds that the service takes in the second after a client hung up."""
    try:
        httpx.post(f"{server.url}/sentiment/batch", json=DROPPED, timeout=httpx.Timeout(ANSWER_SECONDS, read=0.7))
    except httpx.ReadTimeout:
        sleep(0.3)
        before = server.processor_seconds()
        sleep(1)
        return server.processor_seconds() - before
    raise BenchError("The batch was answered before its client hung up.")
