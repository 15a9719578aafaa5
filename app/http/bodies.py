"""Request bodies: told apart by media type, and read up to a limit."""

import codecs
import re
from email.message import Message
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from app.http.dependencies import part_of
from app.http.problems import Problem
from app.settings import Settings

_CHARSETS: Final = frozenset({"utf-8", "ascii", "iso8859-1", "cp1252", "utf-16"})
_JSON: Final = re.compile(r"application/(?:[\w.+-]+\+)?json")


def is_json(media_type: str) -> bool:
    """Whether a media type is JSON, or a format based on it."""
    return media_type == "application/json" or _JSON.fullmatch(media_type) is not None


def media_type_of(request: Request) -> tuple[str, str]:
    """Return the media type of the body, in lower case, and its charset; both empty where not given."""
    header = request.headers.get("content-type", "")
    if ";" not in header:
        return header.strip().lower(), ""
    message = Message()
    message["content-type"] = header
    return message.get_content_type() if "/" in header else "", str(message.get_param("charset", "") or "")


def unsupported(media_type: str, *supported: str) -> Problem:
    """Describe a body of a media type that the path does not take."""
    found = f"The body is {media_type}" if media_type else "The request does not say what its body is"
    return Problem(
        415,
        f"{found}; send it with `Content-Type: {'`, `'.join(supported)}`.",
        headers={"Accept-Post": ", ".join(supported)},
    )


async def read_body(request: Request) -> bytes:
    """Read the whole body.

    Raises:
        Problem: 413, as soon as it is larger than the setting ``max_body_bytes``.
        starlette.requests.ClientDisconnect: The client hung up.
    """
    limit = part_of(request, Settings).max_body_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
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
    try:
        codec = codecs.lookup(charset or "utf-8").name
    except (LookupError, ValueError):
        codec = ""
    if codec not in _CHARSETS:
        raise Problem(415, f"The charset {charset[:40]!r} is not supported; send the text as UTF-8.")
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not valid {codec.upper()}: byte {error.start} fits no character.") from error


def _too_large(limit: int) -> Problem:
    # Closing the connection is what spares both sides the rest of the body.
    return Problem(413, f"The body is larger than {limit:,} bytes; send less at once.", headers={"Connection": "close"})
