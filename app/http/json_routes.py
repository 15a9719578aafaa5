"""Routes whose body goes from bytes to a Pydantic model, and whose answer from a model to bytes, in one pass each."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

from fastapi import Request
from fastapi.params import Depends, Path
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json
from starlette.responses import Response

from app.compute import Compute
from app.http.bodies import is_json, media_type_of, read_body, unsupported
from app.http.dependencies import Part, loaded_by, part_of
from app.http.json_values import Values, count_values
from app.http.problems import MAX_ERRORS, Problem, invalid_fields
from app.http.schemas import FieldError
from app.settings import Settings

Body = TypeVar("Body", bound=BaseModel)

JSON: Final = "application/json"

FEW: Final = 256
"""Values of a body without long lists."""
COUNTED_BYTES: Final = 1_024
"""Size of a body from which on its values are counted before it is parsed."""
INLINE_BYTES: Final = 2**15
"""Size of a body up to which it is parsed where the request is handled."""
INLINE_COMMAS: Final = 3_000
"""The same by how many commas it has: to find that each of so many items of a list is wrong takes four milliseconds."""
DESCRIBED: Final = 1_000
"""Faults that are described one by one to find the first of them; that takes a millisecond."""
SECONDS_A_BYTE: Final = 1e-8
"""Of parsing, at most."""
SECONDS_A_COMMA: Final = 5e-8
"""Of making the value behind it."""

Largest = Callable[[Settings], int]


def parsing(size: int, commas: int = 0) -> float:
    """Estimate the seconds that it takes to parse a body of so many bytes and commas."""
    return size * SECONDS_A_BYTE + commas * SECONDS_A_COMMA


def is_light(body: bytes) -> bool:
    """Whether a JSON body is parsed where the request is handled."""
    return len(body) <= INLINE_BYTES and body.count(b",") <= INLINE_COMMAS


class RequestBody(ABC):
    """A dependency: the body of a request, read into whatever an endpoint takes.

    Attributes:
        model: The model of the JSON.
        content: What OpenAPI says of the body: media types to their schemas.
    """

    model: type[BaseModel]
    content: dict[str, Any]

    @abstractmethod
    async def __call__(self, request: Request) -> Any:
        """Read the body of a request."""


class JSONBody(RequestBody, Generic[Body]):
    """A dependency: the body of a request as a model, such as ``Annotated[Query, Depends(JSONBody(Query))]``.

    FastAPI parses a body with ``json.loads`` and validates what that gives. Here pydantic-core does both at once, in
    half the time, and refuses what ``json.loads`` lets through or breaks on (lone surrogates, deep nesting). As it is
    a dependency, those of the route, its router and the app come first: what they deny is not read.
    """

    model: type[Body]

    def __init__(self, model: type[Body], field: str = "", largest: Largest | None = None) -> None:
        """Declare the body.

        Args:
            model: The model.
            field: The field that may hold a long list.
            largest: How many values that list may have, with those of lists in it; by default there is no such list.
        """
        model.model_rebuild()  # before the first request needs it
        self.model = model
        self._field = field
        self._largest = largest
        self.content = {JSON: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}

    async def __call__(self, request: Request) -> Body:
        """Read and parse the body of a request.

        Raises:
            app.http.problems.Problem: 415 if it is not JSON, 413 if it is too large, 400 or 422 if it is wrong.
        """
        body = await self.read(request)
        return self.parse(body) if len(body) <= COUNTED_BYTES else await self.parsed(request, body)

    async def parsed(self, request: Request, body: bytes) -> Body:
        """Parse a JSON body: in a thread, if it is large; see :meth:`parse`."""
        settings = part_of(request, Settings)
        if is_light(body):
            return self.parse(body, settings)
        work = partial(self.parse, body, settings)
        return await part_of(request, Compute).run(work, seconds=parsing(len(body), body.count(b",")))

    async def read(self, request: Request) -> bytes:
        """Read the body of a request that says that it is JSON.

        Raises:
            app.http.problems.Problem: 415 if it says that it is something else, 413 if it is too large.
        """
        media_type = media_type_of(request)[0]
        if not is_json(media_type):
            raise unsupported(media_type, JSON)
        return await read_body(request)

    def parse(self, body: bytes, settings: Settings | None = None) -> Body:
        """Parse a JSON body.

        Args:
            body: The body.
            settings: The limits, for a body of more than :data:`COUNTED_BYTES`.

        Raises:
            app.http.problems.Problem: 400 if it is not JSON, 422 if it is not such a model.
        """
        if settings is not None and len(body) > COUNTED_BYTES:
            self._limit(count_values(body), settings)
        try:
            return self.model.model_validate_json(body)
        except ValidationError as error:
            raise invalid_fields(self._first_faults(error, body), error.error_count()) from error

    def _first_faults(self, error: ValidationError, body: bytes) -> ValidationError:
        """Return what is wrong with the beginning of the lists, as far as it takes: thousands take long to describe."""
        if error.error_count() <= DESCRIBED:
            return error
        document = from_json(body)
        size = MAX_ERRORS
        while size < error.error_count():
            beginning = {name: value[:size] if isinstance(value, list) else value for name, value in document.items()}
            try:
                self.model.model_validate_json(to_json(beginning))
            except ValidationError as found:
                if found.error_count() >= MAX_ERRORS:
                    return found
            size *= 4
        return error

    def _limit(self, values: Values, settings: Settings) -> None:
        largest = self._largest(settings) if self._largest else 0
        if values.total > largest + FEW:
            raise self.too_many(values, largest)

    def too_many(self, values: Values, largest: int) -> Problem:
        """Describe a body with far too many values.

        Args:
            values: What it has.
            largest: How many its longest list may have.
        """
        if not self._field:
            detail = f"has {values.total:,} values, far more than such a request needs"
            return Problem(422, f"The body {detail}.", errors=[FieldError(pointer="#", detail=detail)])
        return too_many(self._field, values.items, largest)


def too_many(field: str, found: int, largest: int, noun: str = "items") -> Problem:
    """Describe a list of a body that has too many items.

    Args:
        field: The list.
        found: How many it has.
        largest: How many it may have.
        noun: What they are.
    """
    detail = f"has {found:,} {noun}; at most {largest:,} are taken at once"
    return Problem(422, f"The list `{field}` {detail}.", errors=[FieldError(pointer=f"#/{field}", detail=detail)])


class JSONRoute(APIRoute):
    """A route whose endpoint has a :class:`RequestBody` among its dependencies, which it documents.

    Attributes:
        body: The dependency.
        needs_request_alone: Whether the endpoint names nothing but a body, parts of what is loaded, the request, and
            parameters of the path that may be any string; none of the query, nor other dependencies.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Declare the route; the arguments are those of :class:`fastapi.routing.APIRoute`."""
        provided = dict(_provided(endpoint))
        self._body_name, self.body = next(item for item in provided.items() if isinstance(item[1], RequestBody))
        self._parts = {name: found.kind for name, found in provided.items() if isinstance(found, Part)}
        self._requests = [name for name, found in provided.items() if found is Request]
        self._in_path = [name for name, found in provided.items() if isinstance(found, Path)]
        known = 1 + len(self._parts) + len(self._requests) + len(self._in_path)
        self.needs_request_alone = len(provided) == known
        document = {"requestBody": {"required": True, "content": self.body.content}}
        options["openapi_extra"] = {**document, **(options.get("openapi_extra") or {})}
        super().__init__(path, endpoint, **options)

    async def answer(self, request: Request) -> Response:
        """Call the endpoint without FastAPI; for a route that ``needs_request_alone`` and has no dependencies."""
        part = loaded_by(request).part
        arguments: dict[str, Any] = {name: part(kind) for name, kind in self._parts.items()}
        for name in self._requests:
            arguments[name] = request
        for name in self._in_path:
            arguments[name] = request.path_params[name]
        arguments[self._body_name] = await self.body(request)
        response: Response = await self.endpoint(**arguments)
        return response


def json_response(result: BaseModel) -> Response:
    """Answer with a model as JSON; fields that are ``None`` are left out."""
    content = result.__pydantic_serializer__.to_json(result, exclude_none=True)
    return Response(content, media_type=JSON)


def _provided(endpoint: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Give the parameters of an endpoint with what provides them: a dependency, the path, or else their type."""
    for name, hint in get_type_hints(endpoint, include_extras=True).items():
        if name == "return":
            continue
        kind, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        provided: list[Any] = [extra.dependency for extra in extras if isinstance(extra, Depends)]
        # FastAPI checks nothing of a string without constraints.
        provided += [extra for extra in extras if isinstance(extra, Path) and kind is str and not extra.metadata]
        yield name, provided[0] if provided else hint
