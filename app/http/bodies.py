"""Request bodies: told apart by media type, and read up to a limit."""

import codecs
import re
import zlib
from encodings.aliases import aliases
from functools import partial
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from app.compute import Compute
from app.http.dependencies import part_of
from app.http.headers import MOST_CHOICES, header
from app.http.parameters import parameters
from app.http.problems import Problem
from app.settings import Settings

IDENTITY: Final = "identity"
GZIP: Final = "gzip"
X_GZIP: Final = "x-gzip"
"""The same, as RFC 9110 has it."""
FREE_BYTES: Final = 2**16
"""What a gzipped body may become whatever its size: a short text of one repeated word compresses well."""
_MOST_DIGITS: Final = 18
"""Of a ``Content-Length`` that may be one: far beyond any limit."""
GZIPPED_INLINE_BYTES: Final = 2**12
"""Size of a gzipped body up to which it is decompressed where the request is handled."""
SECONDS_A_DECOMPRESSED_BYTE: Final = 5e-9
_TYPICAL_RATIO: Final = 10
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_CODECS: Final = ("utf_8", "ascii", "latin_1", "cp1252", "utf_16")
_CHARSETS: Final = {
    **{name: name for name in _CODECS},
    **{name: codec for name, codec in aliases.items() if codec in _CODECS},
}
"""Codecs by the names of their charsets. :func:`codecs.lookup` remembers whatever it is asked for, for ever."""
_LONGEST_CHARSET: Final = 40
_JSON: Final = re.compile(r"application/(?:[\w.+-]+\+)?json")


def is_json(media_type: str) -> bool:
    """Whether a media type is JSON, or a format based on it."""
    return media_type == "application/json" or _JSON.fullmatch(media_type) is not None


def media_type_of(request: Request) -> tuple[str, str]:
    """Return the media type of the body, in lower case, and its charset; both empty where not given."""
    found = header(request.scope, b"content-type")
    if ";" not in found:
        return found.strip().lower(), ""
    return found.partition(";")[0].strip().lower(), parameters(found).get("charset", "")


def unsupported(media_type: str, *supported: str) -> Problem:
    """Describe a body of a media type that the path does not take."""
    found = f"The body is {media_type}" if media_type else "The request does not say what its body is"
    return Problem(
        415,
        f"{found}; send it with `Content-Type: {'`, `'.join(supported)}`.",
        headers={"Accept-Post": ", ".join(supported)},
    )


async def read_body(request: Request) -> bytes:
    """Read the whole body, and decompress it if it is gzipped.

    Raises:
        Problem: 413, as soon as it is larger than the setting ``max_body_bytes``; 415 if it has another content coding;
            400 if it is not what its coding says.
        starlette.requests.ClientDisconnect: The client hung up.
    """
    settings = part_of(request, Settings)
    length = header(request.scope, b"content-length")
    # Python reads no number of thousands of digits, and zeros may stand before this one without end.
    digits = length.lstrip("0") if length.isdigit() else ""
    if len(digits) > _MOST_DIGITS or int(digits or "0") > settings.max_body_bytes:
        raise _too_large(settings.max_body_bytes)
    gzipped = is_gzipped(request.scope)
    body = await _received(request, settings.max_body_bytes)
    if not gzipped:
        return body
    limits = settings.max_body_bytes, settings.max_compression_ratio
    if len(body) <= GZIPPED_INLINE_BYTES:
        return gunzip(body, *limits)
    seconds = len(body) * _TYPICAL_RATIO * SECONDS_A_DECOMPRESSED_BYTE
    return await part_of(request, Compute).run(partial(gunzip, body, *limits), seconds=seconds)


def is_gzipped(scope: Scope) -> bool:
    """Tell whether the body of a request is gzipped.

    Raises:
        Problem: 415 if it has another content coding.
    """
    coding = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"content-encoding")
    if not coding:
        return False
    codings = [one for one in map(str.strip, coding.lower().split(",", MOST_CHOICES)) if one not in ("", IDENTITY)]
    if codings and codings not in ([GZIP], [X_GZIP]):
        raise Problem(
            415,
            f"The body has the content coding {coding[:40]!r}; send it as it is, or with `Content-Encoding: gzip`.",
            headers={"Accept-Encoding": GZIP},
        )
    return bool(codings)


async def _received(request: Request, limit: int) -> bytes:
    # Read from the channel itself: the generator of Request.stream takes longer than the one message of most bodies.
    receive = request.receive
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return b"".join(chunks)


def decode_text(body: bytes, charset: str = "") -> str:
    """Decode a text body; UTF-8 where no charset is given.

    Raises:
        Problem: 415 for a charset that is not supported, 400 for bytes that are not of it.
    """
    name = (charset[:_LONGEST_CHARSET] or "utf-8").lower().replace("-", "_")
    codec = _CHARSETS.get(name)
    if codec is None:
        raise Problem(415, f"The charset {charset[:_LONGEST_CHARSET]!r} is not supported; send the text as UTF-8.")
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        name = codecs.lookup(codec).name.upper()
        raise Problem(400, f"The body is not valid {name}: byte {error.start} fits no character.") from error


def gunzip(body: bytes, limit: int, ratio: int) -> bytes:
    """Decompress a gzipped body.

    Args:
        body: The body.
        limit: Bytes that may become of it.
        ratio: Times that it may become larger, where more than :data:`FREE_BYTES` become of it.

    Raises:
        Problem: 413 if more becomes of it, 400 if it is not gzipped.
    """
    most = min(limit, max(FREE_BYTES, ratio * len(body)))
    decoder = zlib.decompressobj(_GZIP_WINDOW)
    try:
        found = decoder.decompress(body, most + 1)
    except zlib.error as error:
        raise Problem(400, "The body is not gzipped, or is damaged.") from error
    if len(found) > limit:
        raise _too_large(limit)
    if len(found) > most:
        raise Problem(
            413,
            f"The body becomes more than {ratio} times larger when it is decompressed; send it as it is.",
            headers={"Connection": "close"},
        )
    if not decoder.eof or decoder.unused_data:
        raise Problem(400, "The gzipped body is incomplete, or something follows its end.")
    return found


def _too_large(limit: int) -> Problem:
    # Closing the connection is what spares both sides the rest of the body.
    return Problem(413, f"The body is larger than {limit:,} bytes; send less at once.", headers={"Connection": "close"})
