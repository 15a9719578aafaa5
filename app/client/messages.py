"""Requests and responses: the paths of requests, and responses read into their models or raised as errors."""

from typing import Final, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from app.http.schemas import FieldError, ProblemDetails

Answer = TypeVar("Answer", bound=BaseModel)

_BUSY: Final = frozenset({429, 503})
_TOO_LARGE, _INVALID = 413, 422


class ServiceError(Exception):
    """The service did not do what it was asked.

    Attributes:
        status: The HTTP status code.
        title: The name of the status.
        detail: A sentence that says what went wrong.
        errors: The fields of the request that are wrong.
        request_id: Under which the request stands in the service's log.
        retry_after: Seconds after which to try again, if the service was too busy and says so.
    """

    def __init__(
        self, problem: ProblemDetails, request_id: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.status = problem.status
        self.title = problem.title
        self.detail = problem.detail
        self.errors: list[FieldError] = problem.errors or []
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def is_of_texts(self) -> bool:
        """Whether the service does not take the texts of a batch: too many, too long, or too much to explain."""
        texts = any(error.pointer.startswith("#/texts") for error in self.errors)
        return self.status == _TOO_LARGE or (self.status == _INVALID and texts)


def characters(text: str) -> str:
    """Return a text with U+FFFD for what is no character: half of a surrogate pair."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def authorization(api_key: str | None) -> dict[str, str]:
    """Return the headers that carry an API key; none without one."""
    return {} if api_key is None else {"Authorization": f"Bearer {api_key}"}


def path_of(*segments: str) -> str:
    """Return a path of segments, each of which may hold any character."""
    return "".join(f"/{quote(segment, safe='')}" for segment in segments)


def read(response: httpx.Response, answer: type[Answer]) -> Answer:
    """Read a response whose body has been received.

    Args:
        response: The response.
        answer: The model of its body.

    Raises:
        ServiceError: It is an error, or its body is not what this service answers.
    """
    request_id = response.headers.get("x-request-id")
    if not response.is_success:
        raise ServiceError(_problem(response), request_id, _retry_after(response))
    try:
        return answer.model_validate_json(response.content)
    except ValidationError as error:
        sentence = f"The answer to {response.url} is not one of this service; is the base URL right?"
        raise ServiceError(_described(response, sentence), request_id) from error


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds of ``Retry-After`` (RFC 9110, section 10.2.3); a date, as some proxies send, is a second."""
    value = response.headers.get("retry-after", "").strip()
    if response.status_code not in _BUSY or not value:
        return None
    return float(value) if value.isdecimal() else 1.0


def _problem(response: httpx.Response) -> ProblemDetails:
    """Read the problem document of an error, or describe one of a proxy that sent none."""
    try:
        return ProblemDetails.model_validate_json(response.content)
    except ValidationError:
        return _described(response, response.text.strip()[:200] or f"{response.url} says nothing more.")


def _described(response: httpx.Response, sentence: str) -> ProblemDetails:
    return ProblemDetails(
        type="about:blank", title=response.reason_phrase, status=response.status_code, detail=sentence
    )
