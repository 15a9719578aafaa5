"""Requests that nobody would send: the examples of the OpenAPI document, changed at random."""

import gzip
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode

JSON: Final = "application/json"

VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 7, 2**31, 2**63, 2**64, -(2**63) - 1, 10**40, 0.5, -0.0, 1e308, 5e-324,
    float("nan"), float("inf"), "", " ", "0", "null", "a", "Ä", "\x00", "\x1f", "\ud800", "\udfff\ud800", "\U0010ffff",
    "\u202e", "ﷺ" * 300, "a " * 3_000, "! " * 2_000, "\n" * 5_000, "x" * 30_000, "../../etc/passwd", "%00", "{{7*7}}",
    "'; --", "<br />" * 900, [], {}, [[]], [None], [{}], [""] * 300, [1] * 3_000, {"": None}, {"text": {"text": "a"}},
    [[1, 2], [3]], [[[1e9]]], {"a": 1, "b": [1, {"c": None}]},
)  # fmt: skip
"""What stands in for any value."""
RAW: Final = (
    b"1e400",
    b"-",
    b"01",
    b"[" * 3_000,
    b'{"a":' * 1_500,
    b"9" * 5_000,
    b"NaN",
    b'"\xff"',
    b'"\\ud800"',
    b"//",
)
"""What stands in for a whole body."""
CHARACTERS: Final = ("a", "word", "ß", "\u0000", "\u2028", "%", "/", "..", "?", "#", "&", "+", " ", "0", "-1", "9" * 30)
MEDIA_TYPES: Final = (
    JSON, "application/json; charset=utf-16", "application/json; charset=nothing", "text/plain", "text/csv",
    "application/x-ndjson", "text/tab-separated-values", "application/vnd.apache.parquet", "multipart/form-data",
    "multipart/form-data; boundary=b", "application/x-www-form-urlencoded", "application/octet-stream", "image/png",
    "a", "/", ";", "application/json, text/plain", "*/*",
)  # fmt: skip
HEADERS: Final = (
    ("Accept", "application/x-ndjson"), ("Accept", "text/csv"), ("Accept", "image/png;q=x"), ("Accept", ",,;"),
    ("Accept-Encoding", "gzip"), ("Accept-Encoding", "br;q=nan"), ("Content-Encoding", "gzip"),
    ("Content-Encoding", "br"), ("Content-Encoding", "gzip, gzip"), ("Content-Language", "\xe4"),
    ("Inference-Header-Content-Length", "5"), ("Inference-Header-Content-Length", "-1"),
    ("Inference-Header-Content-Length", "9" * 40), ("Range", "bytes=0-1"), ("If-None-Match", "*"),
    ("X-Request-ID", "\xff" * 90), ("X-Request-ID", "a" * 900), ("Origin", "null"), ("Authorization", "Bearer"),
    ("Authorization", "Basic \xff"), ("X-API-Key", ""), ("Cookie", "a=" + "b" * 5_000), ("Expect", "nothing"),
    ("traceparent", "00-0-0-0"), ("X-Forwarded-For", "a, , 1.2.3"), ("Prefer", "respond-async"),
)  # fmt: skip
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
OTHER_BODIES: Final[Mapping[str, tuple[tuple[str, bytes], ...]]] = {
    "/sentiment": (
        ("application/x-www-form-urlencoded", b"text=A+fine+film&explain=true"),
        ("text/plain", b"A fine film."),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nFine.\r\n--b--',
        ),
    ),
    "/sentiment/batch": (
        ("text/csv", b'id,text\n1,"A fine film, \n it was"\n2,Dull\n'),
        ("text/tab-separated-values", b"id\ttext\n1\tA fine film\n"),
        ("application/x-ndjson", b'{"text": "A fine film"}\n\n{"text": null}\n"Dull"\n'),
        ("text/plain", b"A fine film\nDull\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
            b"Content-Type: text/csv\r\n\r\ntext\nFine.\n\r\n--b--",
        ),
    ),
    "/v2/models/{model}/infer": (
        (
            JSON,
            b'{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":8}}]}'
            b"\x04\x00\x00\x00fine",
        ),
    ),
}
"""Bodies that the document does not describe by an example."""


@dataclass(frozen=True)
class Operation:
    """A method on a path, and what it takes.

    Attributes:
        method: In capitals.
        path: With its parameters in braces.
        parameters: Names and examples of those in the path.
        query: Names and examples of those in the query.
        bodies: Media type and content of its examples.
    """

    method: str
    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    bodies: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Made:
    """A request that was made up.

    Attributes:
        operation: What it was made of.
        method: The method that it has.
        content: All of its bytes.
    """

    operation: Operation
    method: str
    content: bytes


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return the operations of an OpenAPI document, with their examples."""
    schemas = document["components"]["schemas"]
    return [
        Operation(
            method.upper(),
            path,
            _examples(described, "path"),
            _examples(described, "query"),
            (*_bodies(described, schemas), *(OTHER_BODIES.get(path, ()) if method == "post" else ())),
        )
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


def _examples(described: Mapping[str, Any], place: str) -> dict[str, str]:
    found = [parameter for parameter in described.get("parameters", ()) if parameter["in"] == place]
    return {one["name"]: str(one["schema"].get("examples", ["1"])[0]) for one in found}


def _bodies(described: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    for media_type, content in described.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        for example in schemas.get(schema.get("$ref", "").rpartition("/")[2], schema).get("examples", ()):
            yield media_type, json.dumps(example).encode()


class Mutations:
    """Makes requests: each is well framed, and most are wrong somewhere."""

    def __init__(self, document: Mapping[str, Any], seed: int = 0) -> None:
        """Take the operations of an OpenAPI document.

        Args:
            document: The document.
            seed: Of the same seed come the same requests.
        """
        self._operations = operations(document)
        self._random = random.Random(seed)  # noqa: S311 - no secret

    def one(self) -> Made:
        """Return a request."""
        operation = self._random.choice(self._operations)
        method = operation.method if self._chance(0.95) else self._random.choice(METHODS)
        media_type, body = self._body(operation) if operation.bodies and self._chance(0.97) else ("", b"")
        lines = [f"{method} {self._target(operation)} HTTP/1.1", "Host: a"]
        if media_type and self._chance(0.97):
            lines.append(f"Content-Type: {media_type}")
        lines += [f"{name}: {value}" for name, value in self._headers()]
        if self._chance(0.03):
            body = gzip.compress(body, 1, mtime=0)
            lines.append("Content-Encoding: gzip")
        if body or method in {"POST", "PUT", "PATCH"}:
            lines.append(f"Content-Length: {len(body)}")
        return Made(operation, method, "\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _target(self, operation: Operation) -> str:
        path = operation.path
        for name, example in operation.parameters.items():
            value = example if self._chance(0.7) else self._junk()
            path = path.replace(f"{{{name}}}", quote(value, safe="", errors="surrogatepass"))
        if self._chance(0.02):
            path += self._random.choice(["/", "//", "/..", "%2e%2e", ";a", "%", "%zz", "%ff"])
        query = {name: example for name, example in operation.query.items() if self._chance(0.6)}
        for name in list(query):
            if self._chance(0.3):
                query[name] = self._junk()
        if self._chance(0.1):
            query[self._junk()] = self._junk()
        text = urlencode(query, errors="surrogatepass")
        if query and self._chance(0.05):
            text += "&" + text
        return f"{path}?{text}" if text else path

    def _junk(self) -> str:
        return "".join(self._random.choices(CHARACTERS, k=self._random.randint(0, 4)))

    def _headers(self) -> list[tuple[str, str]]:
        return self._random.choices(HEADERS, k=self._random.choice([0, 0, 0, 1, 2]))

    def _body(self, operation: Operation) -> tuple[str, bytes]:
        media_type, body = self._random.choice(operation.bodies)
        kind = self._random.random()
        if kind < 0.6 and body[:1] == b"{" and body[-1:] == b"}":
            document = json.loads(body)
            for _ in range(self._random.choice([1, 1, 1, 2, 3])):
                document = self._changed(document)
            # Alone, half of a surrogate pair can be written as an escape only.
            body = json.dumps(document, ensure_ascii=self._chance(0.5)).encode("utf-8", "surrogatepass")
        elif kind < 0.8:
            body = self._damaged(body)
        elif kind < 0.85:
            body = self._random.choice(RAW)
        if self._chance(0.05):
            media_type = self._random.choice(MEDIA_TYPES)
        return media_type, body

    def _changed(self, value: Any) -> Any:
        """Change something in a JSON value: itself, or what it holds."""
        if isinstance(value, dict) and value and self._chance(0.85):
            name = self._random.choice(list(value))
            kind = self._random.random()
            rest = {other: value[other] for other in value if other != name}
            if kind < 0.1:
                return rest
            if kind < 0.2:
                return {**rest, self._junk(): value[name]}
            return {**value, name: self._changed(value[name])}
        if isinstance(value, list) and value and self._chance(0.75):
            place = self._random.randrange(len(value))
            if self._chance(0.1):
                return value * self._random.choice([0, 2, 100])
            return [*value[:place], self._changed(value[place]), *value[place + 1 :]]
        return self._random.choice(VALUES)

    def _damaged(self, body: bytes) -> bytes:
        """Cut a body, or put other bytes into it."""
        place = self._random.randint(0, len(body))
        kind = self._random.random()
        if kind < 0.4:
            return body[:place]
        if kind < 0.7:
            return body[:place] + self._random.randbytes(self._random.randint(1, 8)) + body[place:]
        return body[:place] + self._random.randbytes(1) + body[place + 1 :]
