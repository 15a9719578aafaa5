"""A text in whatever form people send it, and the form in which they want the answer."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from fastapi import Request
from pydantic import ValidationError

from app.compute import Compute
from app.http.bodies import decode_text, is_json, media_type_of, read_body, unsupported
from app.http.dependencies import part_of
from app.http.forms import multipart, urlencoded
from app.http.headers import weights
from app.http.json_routes import INLINE_BYTES, JSON, JSONBody, parsing
from app.http.problems import Problem, invalid_fields
from app.sentiment.schemas import SentimentRequest

PLAIN: Final = "text/plain"
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
SUPPORTED: Final = (JSON, PLAIN, URLENCODED, MULTIPART)
_FIRST_FIELDS: Final = (b"text=", b"model=", b"version=", b"labels=", b"explain=")
_ONE_FIELD: Final = re.compile(rb"[A-Za-z_][\w.-]*=[^\r\n]*\r?\n?")
"""A single line that begins with a name and `=`: a field, even if it is none that there is."""
_MAX_FIELDS: Final = 8
_SLOWEST: Final = 8
"""Times that an escaped form takes longer to read than JSON of its size."""
OPTIONS: Final = ("model", "version", "labels", "explain")
"""What the query may say."""
QUERY: Final = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": schema,
        "description": f"`{name}`, for a body without it.",
    }
    for name, schema in (
        ("model", {"type": "string", "examples": ["sentiment-best"]}),
        ("version", {"type": "string", "examples": ["2.3.0"]}),
        ("labels", {"type": "string", "examples": ["negative,positive"]}),
        ("explain", {"type": "boolean", "default": False, "examples": [True]}),
    )
]
"""The same for OpenAPI."""

_TEXT: Final = "A wonderful film, I loved every moment."
_PLAIN_SCHEMA: Final[dict[str, Any]] = {"schema": {"type": "string", "minLength": 1}, "example": _TEXT}
_FORM_SCHEMA: Final[dict[str, Any]] = {
    "schema": {
        "type": "object",
        "required": ["text"],
        "additionalProperties": False,
        "properties": {
            "text": {"type": "string", "minLength": 1},
            "model": {"type": "string"},
            "version": {"type": "string"},
            "labels": {"type": "string", "description": "Names with commas between them: `negative,positive`."},
            "explain": {"type": "boolean", "default": False},
        },
        "example": {"text": _TEXT},
    }
}


class TextBody(JSONBody[SentimentRequest]):
    """A dependency: a text to classify, sent as JSON, as plain text, or as the field ``text`` of a form.

    What a body does not say, such as one that is nothing but the text, the query can: ``?labels=negative,positive``.
    """

    def __init__(self) -> None:
        super().__init__(SentimentRequest)
        self.content |= {PLAIN: _PLAIN_SCHEMA, URLENCODED: _FORM_SCHEMA, MULTIPART: _FORM_SCHEMA}

    async def __call__(self, request: Request) -> SentimentRequest:
        """Read the body by its media type; raises what :meth:`JSONBody.__call__` does."""
        media_type, charset = media_type_of(request)
        if not (is_json(media_type) or media_type in SUPPORTED):
            raise unsupported(media_type, *SUPPORTED)
        body = await read_body(request)
        options = _options(request)
        read: Callable[[], dict[str, str]]
        if media_type == PLAIN:
            read = partial(_plain, body, charset)
        elif media_type == MULTIPART:
            read = partial(multipart, request.headers["content-type"], body, _MAX_FIELDS)
        elif media_type == URLENCODED and not body.startswith(b"{"):
            read = partial(_urlencoded, body)
        else:
            return _with_options(await self.parsed(request, body), options)
        if len(body) <= INLINE_BYTES:
            fields = read()
        else:
            fields = await part_of(request, Compute).run(read, seconds=_SLOWEST * parsing(len(body)))
        return _validate({**options, **fields})


def _options(request: Request) -> dict[str, str]:
    if not request.scope["query_string"]:
        return {}
    return {name: request.query_params[name] for name in OPTIONS if name in request.query_params}


def _with_options(body: SentimentRequest, options: dict[str, str]) -> SentimentRequest:
    missing = {name: value for name, value in options.items() if name not in body.model_fields_set} if options else {}
    if not missing:
        return body
    given = _validate({**missing, "text": body.text})
    return body.model_copy(update={name: getattr(given, name) for name in missing})


def _validate(fields: dict[str, str]) -> SentimentRequest:
    try:
        return SentimentRequest.model_validate_strings(fields)
    except ValidationError as error:
        problem = invalid_fields(error)
        unknown = next((name for name in fields if name not in SentimentRequest.model_fields), None)
        if unknown is not None:
            there_are = "`, `".join(SentimentRequest.model_fields)
            detail = f"The form has a field {unknown[:40]!r}, but its fields are `{there_are}`."
            problem = Problem(problem.status, detail, errors=problem.errors)
        raise problem from error


def _plain(body: bytes, charset: str) -> dict[str, str]:
    return {"text": decode_text(body, charset)}


def _urlencoded(body: bytes) -> dict[str, str]:
    """Tell a form from what ``curl --data-binary @review.txt`` sends as one.

    Starlette's ``request.form()`` would take the UTF-8 of ``curl -d 'text=…'`` for Latin-1.
    """
    text = decode_text(body)
    if body.startswith(_FIRST_FIELDS) or b"&text=" in body or _ONE_FIELD.fullmatch(body):
        return urlencoded(body, _MAX_FIELDS)
    return {"text": text}


def prefers_plain(accept: str) -> bool:
    """Whether an ``Accept`` header asks for plain text rather than JSON (RFC 9110, section 12.5.1)."""
    if PLAIN not in accept:
        return False
    wanted = weights(accept)
    plain = wanted.get(PLAIN, 0.0)
    return plain > 0 and plain >= wanted.get("application/json", 0.0)
