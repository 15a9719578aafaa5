"""Errors: one shape for all of them, ``application/problem+json`` of RFC 9457."""

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from app.compute import Busy
from app.http.schemas import FieldError, ProblemDetails

Found = TypeVar("Found")

MEDIA_TYPE: Final = "application/problem+json"
MAX_ERRORS: Final = 10
"""Errors named in one answer; a body with 10,000 wrong items does not get 10,000 complaints."""

LONGEST_NAME: Final = 100
"""Characters of the name of a field that are repeated; the client chooses those of unknown fields."""

_COMPLAINTS: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "list_type": "must be a list",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_type": "must be a JSON object",
    "model_attributes_type": "must be a JSON object",
}
_TITLES: Final = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
"""Names of RFC 9110 that Python 3.11 does not know yet."""

_SENTENCES: Final = {
    404: "There is nothing at this path; `/docs` lists what there is.",
    405: "This path does not take this method; the header `Allow` names those it takes.",
}
_MEANINGS: Final = {
    400: "The body cannot be read.",
    401: "The request carries no API key, or a wrong one.",
    404: "What the request names is not there.",
    408: "The body did not come in time.",
    413: "The body is too large.",
    415: "The body is of a media type that is not supported.",
    422: "The request was understood, but is not valid.",
    429: "Too much work of this client is waiting; `Retry-After` says when to try again.",
    503: "The service is too busy; `Retry-After` says when to try again.",
    507: "The service has no room for it.",
}
_EXAMPLES: Final = {
    400: "The body is not valid JSON: expected value at line 1 column 1.",
    401: "The request needs an API key: `Authorization: Bearer …` or `X-API-Key: …`.",
    404: "There is no such model; there is sentiment-best, sentiment-lecture.",
    408: "The body of the request did not come in time.",
    413: "The body is larger than 16,777,216 bytes; send less at once.",
    415: "The request does not say what its body is; send it with `Content-Type: application/json`.",
    422: "The request is not valid: #/text is missing.",
    429: "Too much of your own work is waiting; try again in 2 seconds.",
    503: "The service is busy with other requests; try again in 2 seconds.",
    507: "The service keeps no more than 67,108,864 bytes of feedback.",
}


class Problem(Exception):
    """A request that cannot be answered as it wished."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[FieldError] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the problem.

        Args:
            status: The HTTP status code.
            detail: A sentence for the person who sent the request.
            errors: The fields that are wrong.
            headers: Sent with the answer.
        """
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})

    def response(self, request: Request | None = None) -> Response:
        """Return the answer to send.

        Args:
            request: The request, if it may be for a route that :func:`repeats_detail`.
        """
        details = ProblemDetails(
            type="about:blank",
            title=_title(self.status),
            status=self.status,
            detail=self.detail,
            errors=list(self.errors) if self.errors else None,
            error=self.detail if request is not None and repeats_detail(request) else None,
        )
        body = details.model_dump_json(exclude_none=True)
        return Response(body, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def repeats_detail(request: Request) -> bool:
    """Whether the clients of a route look for the sentence of a problem in the field ``error``."""
    return getattr(request.scope.get("route"), "detail_as_error", False)


def wrong_field(pointer: str, detail: str) -> Problem:
    """Describe a field that is wrong: 422.

    Args:
        pointer: Where it is, such as ``#/texts/3``.
        detail: What is wrong there, as the rest of a sentence.
    """
    return Problem(
        422, f"The request is not valid: {pointer} {detail}.", errors=[FieldError(pointer=pointer, detail=detail)]
    )


def invalid_fields(error: ValidationError, count: int | None = None) -> Problem:
    """Translate a validation error of a request body into a 400 (not JSON) or a 422.

    Args:
        error: The error.
        count: How much is wrong, if the error has only the first of it.
    """
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        reason = found[0]["ctx"]["error"]
        return Problem(400, f"The body is not valid JSON: {reason}.")
    return _invalid(found, count)


def invalid_query(error: ValidationError) -> Problem:
    """Translate a validation error of the parameters of a query into a 422."""
    found = error.errors(include_url=False, include_input=False)
    return _invalid([{**item, "loc": ("query", *item["loc"])} for item in found])


def invalid(found: Sequence[Found], describe: Callable[[Found], FieldError], count: int | None = None) -> Problem:
    """Describe a request with wrong fields, at least one.

    Args:
        found: What is wrong.
        describe: Called with the first :data:`MAX_ERRORS` of them, which are named.
        count: How many there are, if those are only the first.
    """
    errors = list(map(describe, found[:MAX_ERRORS]))
    count = count or len(found)
    more = f", and {count - 1:,} more" if count > 1 else ""
    detail = f"The request is not valid: {errors[0].pointer} {errors[0].detail}{more}."
    return Problem(422, detail, errors=errors)


def _invalid(found: Sequence[Mapping[str, Any]], count: int | None = None) -> Problem:
    return invalid(found, lambda item: FieldError(pointer=pointer(item["loc"]), detail=_complaint(item)), count)


def _complaint(item: Mapping[str, Any]) -> str:
    kind = str(item["type"])
    message = str(item["msg"])
    if kind == "too_short":
        fewest, given = item["ctx"]["min_length"], item["ctx"]["actual_length"]
        return "must not be empty" if fewest == 1 else f"must have at least {fewest} items; it has {given}"
    return _COMPLAINTS.get(kind) or f"is wrong: {message[:1].lower()}{message[1:]}"


def pointer(location: Sequence[int | str]) -> str:
    """Return the JSON Pointer to a field, as a URI fragment; of a long name, its beginning and an ellipsis."""
    parts = (_cut(str(part)).replace("~", "~0").replace("/", "~1") for part in location)
    return "#" + "".join(f"/{part}" for part in parts)


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _allowed(request: Request) -> str:
    """Return the methods of all routes of a path; Starlette names those of the first."""
    of_path = (
        route for route in iter_route_contexts(request.app.routes) if route.matches(request.scope)[0] != Match.NONE
    )
    methods = {method for route in of_path for method in route.methods or ()}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _title(status: int) -> str:
    return _TITLES.get(status) or _phrase(status)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # a status that is not HTTP's
        return "Error"


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document the errors of a route."""
    return {status: {"description": _MEANINGS[status], "content": _content(status)} for status in statuses}


def _content(status: int) -> dict[str, Any]:
    example = {"type": "about:blank", "title": _title(status), "status": status, "detail": _EXAMPLES[status]}
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    return {MEDIA_TYPE: {"schema": schema, "example": example}}


def handlers() -> dict[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]:
    """Return FastAPI's ``exception_handlers`` that answer every error in this shape."""
    return {
        Problem: _on_problem,
        Busy: _on_busy,
        HTTPException: _on_http_exception,
        RequestValidationError: _on_invalid_parameters,
        Exception: _on_unexpected,
    }


def _forget_frames(error: BaseException | None) -> None:
    """Let go of the frames that an error came through.

    A frame that still names the error would keep both in memory, and with them all that the request had read, until
    garbage is collected, which is rare.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


async def _on_problem(request: Request, error: Problem) -> Response:
    _forget_frames(error)
    return error.response(request)


async def _on_busy(request: Request, error: Busy) -> Response:
    _forget_frames(error)
    status = HTTPStatus.TOO_MANY_REQUESTS if error.own else HTTPStatus.SERVICE_UNAVAILABLE
    return Problem(status, str(error), headers={"Retry-After": str(error.retry_after)}).response(request)


async def _on_http_exception(request: Request, error: HTTPException) -> Response:
    _forget_frames(error)
    detail = error.detail if isinstance(error.detail, str) else json.dumps(error.detail)
    if detail == _phrase(error.status_code):  # Starlette's own; whoever raises one with a detail is quoted.
        detail = _SENTENCES.get(error.status_code, detail)
    problem = Problem(error.status_code, detail, headers=error.headers)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        problem.headers["Allow"] = _allowed(request)
    return problem.response(request)


async def _on_invalid_parameters(request: Request, error: RequestValidationError) -> Response:
    _forget_frames(error)
    return _invalid(error.errors()).response(request)


async def _on_unexpected(request: Request, _error: Exception) -> Response:
    return Problem(500, "Something went wrong in the service; its log has the details.").response(request)
