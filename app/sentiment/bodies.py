"""A text in whatever form people send it, and the form in which they want the answer."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError
from starlette.types import Message

from app.http.bodies import decode_text, is_json, media_type_of, read_body, unsupported
from app.http.json_routes import JSON, JSONBody
from app.http.problems import Problem, invalid_fields
from app.sentiment.schemas import SentimentRequest

PLAIN: Final = "text/plain"
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
SUPPORTED: Final = (JSON, PLAIN, URLENCODED, MULTIPART)
_FIELD: Final = re.compile(rb"(?:.*&)?text=|(?:model|labels|explain)=", re.DOTALL)
_MAX_FIELDS: Final = 8
OPTIONS: Final = ("model", "labels", "explain")
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
        if media_type == PLAIN:
            return _validate({**options, "text": decode_text(body, charset)})
        if media_type == MULTIPART:
            return _validate({**options, **await _multipart(request, body)})
        if media_type == URLENCODED and not body.startswith(b"{"):
            return _validate({**options, **_urlencoded(body)})
        return _with_options(self.parse(body), options)


def _options(request: Request) -> dict[str, str]:
    if not request.scope["query_string"]:
        return {}
    return {name: request.query_params[name] for name in OPTIONS if name in request.query_params}


def _with_options(body: SentimentRequest, options: dict[str, str]) -> SentimentRequest:
    unsaid = {name: value for name, value in options.items() if name not in body.model_fields_set} if options else {}
    if not unsaid:
        return body
    said = _validate({**unsaid, "text": body.text})
    return body.model_copy(update={name: getattr(said, name) for name in unsaid})


def _validate(fields: dict[str, str]) -> SentimentRequest:
    try:
        return SentimentRequest.model_validate_strings(fields)
    except ValidationError as error:
        raise invalid_fields(error) from error


def _urlencoded(body: bytes) -> dict[str, str]:
    """Tell a form from what ``curl --data-binary @review.txt`` sends as one.

    Starlette's ``request.form()`` would take the UTF-8 of ``curl -d 'text=…'`` for Latin-1.
    """
    text = decode_text(body)
    if not _FIELD.match(body):
        return {"text": text}
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise Problem(400, f"The form cannot be read: {error}.") from error


async def _multipart(request: Request, body: bytes) -> dict[str, str]:
    decode_text(body)  # Starlette takes a field that is not UTF-8 for Latin-1; here a file is text too.

    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    again = Request(request.scope, replay)
    async with again.form(max_files=_MAX_FIELDS, max_fields=_MAX_FIELDS, max_part_size=len(body)) as form:
        return {
            name: value if isinstance(value, str) else decode_text(await value.read())
            for name, value in form.multi_items()
        }


def prefers_plain(accept: str) -> bool:
    """Whether an ``Accept`` header asks for plain text rather than JSON (RFC 9110, section 12.5.1)."""
    if PLAIN not in accept:
        return False
    weights: dict[str, float] = {}
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weights[media_type] = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
    plain = weights.get(PLAIN, 0.0)
    return plain > 0 and plain >= weights.get("application/json", 0.0)


def _quality(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0.0
