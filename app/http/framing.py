"""Framing: where a request ends. What leaves that in doubt, or is no HTTP/1.1, is refused."""

from collections.abc import Sequence
from typing import Final

from app.http.problems import Problem

NOTED: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})
"""Headers that say where a request ends, or whose number matters."""

_VERSIONS: Final = frozenset({"1.0", "1.1"})


def problem_of(version: str, noted: Sequence[tuple[bytes, bytes]]) -> Problem | None:
    """Say what is wrong with the framing of a request, or nothing.

    Args:
        version: Of HTTP, such as ``1.1``.
        noted: Those of its headers that are in :data:`NOTED`, with names in lower case.
    """
    if version not in _VERSIONS:
        return refused(f"The request is in HTTP/{version}.")
    names = [name for name, _ in noted]
    hosts = names.count(b"host")
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return refused(f"The request has {hosts or 'no'} `Host` header{'s' * (hosts > 1)}; it has to have one.")
    if b"transfer-encoding" not in names:
        if names.count(b"content-length") > 1:
            return refused("The request has several `Content-Length` headers.")
        return None
    if b"content-length" in names:
        return refused("The request has both `Content-Length` and `Transfer-Encoding`.")
    if version == "1.0":
        return refused("The request has a `Transfer-Encoding`, which HTTP/1.0 does not know.")
    codings = [value.strip().lower() for name, value in noted if name == b"transfer-encoding"]
    if codings != [b"chunked"]:
        return Problem(501, "No `Transfer-Encoding` but `chunked` is supported.", headers={"Connection": "close"})
    return None


def body_header(noted: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return the header that frames the body, as a line; nothing for a request without a body."""
    for name, value in noted:
        if name in {b"content-length", b"transfer-encoding"}:
            return name + b": " + value + b"\r\n"
    return b""


def refused(reason: str) -> Problem:
    """Describe a request that cannot be read; no further one can be told apart on its connection."""
    return Problem(400, f"{reason} The server speaks HTTP/1.1.", headers={"Connection": "close"})


def head_too_large(limit: str) -> Problem:
    """Describe a request whose head is larger than a limit, such as ``200 headers``."""
    return Problem(
        431, f"The request line and the headers are more than {limit}; send less.", headers={"Connection": "close"}
    )


def target_too_long(limit: str) -> Problem:
    """Describe a request whose target, the path and the query, is longer than a limit, such as ``100 parameters``."""
    return Problem(414, f"The address is longer than {limit}; send a body instead.", headers={"Connection": "close"})


def too_slow(part: str) -> Problem:
    """Describe a request of which a part, such as ``headers``, did not come in time."""
    return Problem(408, f"The {part} of the request did not come in time.", headers={"Connection": "close"})


def too_much_held() -> Problem:
    """Describe a request for which there is no memory left."""
    return Problem(
        503,
        "The service is busy with other large requests; try again in a few seconds.",
        headers={"Connection": "close", "Retry-After": "5"},
    )


def too_many_connections() -> Problem:
    """Describe a connection too many."""
    return Problem(503, "The service has too many connections.", headers={"Connection": "close", "Retry-After": "1"})
