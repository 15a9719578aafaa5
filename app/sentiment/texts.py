"""A text in whatever form people send it, and the form in which they want the answer."""

import re
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError
from python_multipart import create_form_parser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File

from app.http.bodies import Body, JSONRoute, decode_text, is_json, media_type_of, parse_json, read_body, unsupported
from app.http.problems import Problem, invalid_fields

PLAIN: Final = "text/plain"
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
_FIELD: Final = re.compile(rb"(?:.*&)?text=|(?:model|explain)=", re.DOTALL)
_MAX_FIELDS: Final = 8
SUPPORTED: Final = ("application/json", PLAIN, URLENCODED, MULTIPART)


class TextRoute(JSONRoute):
    """A route whose body is a model with a field ``text``, sent as JSON, as plain text, or as a form."""

    async def read(self, request: Request, model: type[Body]) -> Body:
        """Read the body by its media type; raises what :meth:`JSONRoute.read` does."""
        media_type, charset = media_type_of(request)
        if is_json(media_type):
            return parse_json(model, await read_body(request))
        if media_type == PLAIN:
            return _validate(model, {"text": decode_text(await read_body(request), charset)})
        if media_type == URLENCODED:
            return _from_urlencoded(model, await read_body(request))
        if media_type == MULTIPART:
            return _from_multipart(model, await read_body(request), request.headers["content-type"])
        raise unsupported(media_type, *SUPPORTED)


def _validate(model: type[Body], fields: dict[str, str]) -> Body:
    try:
        return model.model_validate_strings(fields)
    except ValidationError as error:
        raise invalid_fields(error) from error


def _from_urlencoded(model: type[Body], body: bytes) -> Body:
    """Tell a form from what ``curl --data-binary @review.txt`` and ``curl -d '{"text": …}'`` send as one."""
    if _FIELD.match(body):
        try:
            fields = parse_qsl(decode_text(body), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
        except ValueError as error:
            raise Problem(400, f"The form cannot be read: {error}.") from error
        return _validate(model, dict(fields))
    if body.startswith(b"{"):
        return parse_json(model, body)
    return _validate(model, {"text": decode_text(body)})


def _from_multipart(model: type[Body], body: bytes, content_type: str) -> Body:
    parts: dict[str, bytes] = {}

    def on_field(field: Field) -> None:
        parts[decode_text(field.field_name or b"")] = field.value or b""

    def on_file(file: File) -> None:
        file.file_object.seek(0)
        parts[decode_text(file.field_name or b"")] = file.file_object.read()

    config = {"MAX_FIELDS": _MAX_FIELDS, "MAX_MEMORY_FILE_SIZE": len(body)}
    try:
        parser = create_form_parser({"Content-Type": content_type.encode()}, on_field, on_file, config)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Problem(400, f"The form cannot be read: {str(error).rstrip('.')}.") from error
    return _validate(model, {name: decode_text(value) for name, value in parts.items()})


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
