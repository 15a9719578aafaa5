"""Forms: urlencoded and multipart bodies to their fields, in time and memory that grow with the body alone."""

from typing import Final

from app.http import percent
from app.http.bodies import decode_text
from app.http.parameters import parameters
from app.http.problems import Problem

_HEADER_BYTES: Final = 8_192
"""Of a part of a multipart body."""
_END: Final = b"--"


def urlencoded(body: bytes, most: int) -> dict[str, str]:
    """Read an urlencoded form, as UTF-8; of fields of one name, the last.

    Args:
        body: The body.
        most: Fields that it may have.

    Raises:
        Problem: 400 if it has more, or is not UTF-8.
    """
    if body.count(b"&") >= most:
        raise _unreadable(f"it has more than {most} fields")
    pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
    return {_text(name): _text(value) for name, _, value in pairs}


def _text(encoded: bytes) -> str:
    try:
        return percent.decoded(encoded.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start} of a field is not valid UTF-8") from error


def multipart(content_type: str, body: bytes, most: int) -> dict[str, str]:
    """Read a multipart form (RFC 7578), whose fields and files are UTF-8; of those of one name, the last.

    Args:
        content_type: The header of the request, which names the boundary between the parts.
        body: The body.
        most: Parts that it may have.

    Raises:
        Problem: 400 if it has more, or is no such form.
    """
    boundary = _parameter(content_type, "boundary")
    if not boundary:
        raise _unreadable("its `Content-Type` names no boundary")
    # Where there are no more, what stands behind the last part is a piece of its own, which begins with two hyphens.
    found = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("utf-8", "replace"), most + 1)
    parts = found[1:]
    end = next((index for index, part in enumerate(parts) if part.startswith(_END)), None)
    if end is None:
        raise _unreadable(f"it has more than {most} parts" if len(parts) > most else "its end is missing")
    return dict(map(_field, parts[:end]))


def _field(part: bytes) -> tuple[str, str]:
    head, empty_line, content = part.partition(b"\r\n\r\n")
    if not empty_line or len(head) > _HEADER_BYTES:
        raise _unreadable("the head of a part does not end")
    for line in head.decode("utf-8", "replace").split("\r\n"):
        header, _, value = line.partition(":")
        if header.strip().lower() == "content-disposition" and (name := _parameter(value, "name")) is not None:
            return name, decode_text(content)
    raise _unreadable("a part has no name")


def _parameter(header: str, name: str) -> str | None:
    return parameters(header).get(name)


def _unreadable(reason: str) -> Problem:
    return Problem(400, f"The form cannot be read: {reason}.")
