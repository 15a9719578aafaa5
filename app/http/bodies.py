"""Request bodies: read up to a limit, told apart by media type, and parsed in one pass."""

import codecs
import re
from collections.abc import Callable, Coroutine
from email.message import Message
from functools import cached_property
from typing import Any, Final, TypeVar, get_type_hints

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app.http.problems import Problem, invalid_fields

Body = TypeVar("Body", bound=BaseModel)

_CHARSETS: Final = frozenset({"utf-8", "ascii", "iso8859-1", "cp1252", "utf-16"})
_JSON: Final = re.compile(r"application/(?:[\w.+-]+\+)?json")


class JSONRoute(APIRoute):
    """A route whose endpoint takes ``(request, body)``, a Pydantic model, and gives a response.

    Declared and documented as any FastAPI route; but the body goes from bytes to its model, and the result from
    its model to bytes, in one pass of pydantic-core each, which also refuses what ``json.loads`` lets through or
    breaks on (lone surrogates, deep nesting). What the path holds goes to the endpoint by its name, as text.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request."""
        return self.answer

    @cached_property
    def _model(self) -> type[BaseModel]:
        model: type[BaseModel] = get_type_hints(self.endpoint)["body"]
        return model

    async def answer(self, request: Request) -> Response:
        """Answer a request.

        Raises:
            Problem: The request cannot be answered.
        """
        body = await self.read(request, self._model)
        response: Response = await self.endpoint(request, body, **request.path_params)
        return response

    async def read(self, request: Request, model: type[Body]) -> Body:
        """Read and parse the body of a request.

        Raises:
            Problem: 415 if it is not JSON, 413 if it is too large, 400 or 422 if it is wrong.
        """
        return parse_json(model, await read_json(request))


def json_response(result: BaseModel) -> Response:
    """Answer with a model as JSON; fields that are ``None`` are left out."""
    content = result.__pydantic_serializer__.to_json(result, exclude_none=True)
    return Response(content, media_type="application/json")


def parse_json(model: type[Body], body: bytes) -> Body:
    """Parse a JSON body.

    Raises:
        Problem: 400 if it is not JSON, 422 if it is not such a model.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise invalid_fields(error) from error


async def read_json(request: Request) -> bytes:
    """Read the body of a request that says that it is JSON.

    Raises:
        Problem: 415 if it says that it is something else, 413 if it is too large.
    """
    media_type = media_type_of(request)[0]
    if not is_json(media_type):
        raise unsupported(media_type, "application/json")
    return await read_body(request)


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
    limit: int = request.app.state.settings.max_body_bytes
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
