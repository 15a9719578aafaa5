"""Routes whose body goes from bytes to a Pydantic model, and whose answer from a model to bytes, in one pass each."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, Generic, TypeVar, get_args, get_origin, get_type_hints

from fastapi import Request
from fastapi.params import Depends
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from app.http.bodies import is_json, media_type_of, read_body, unsupported
from app.http.dependencies import Part, part_of
from app.http.problems import invalid_fields

Body = TypeVar("Body", bound=BaseModel)

JSON: Final = "application/json"


class JSONBody(Generic[Body]):
    """A dependency: the body of a request as a model, such as ``Annotated[Query, Depends(JSONBody(Query))]``.

    FastAPI parses a body with ``json.loads`` and validates what that gives. Here pydantic-core does both at once, in
    half the time, and refuses what ``json.loads`` lets through or breaks on (lone surrogates, deep nesting). As it is
    a dependency, those of the route, its router and the app come first: what they deny is not read.

    Attributes:
        model: The model.
        content: What OpenAPI says of the body: media types to their schemas.
    """

    def __init__(self, model: type[Body]) -> None:
        model.model_rebuild()  # before the first request needs it
        self.model = model
        self.content: dict[str, Any] = {JSON: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}

    async def __call__(self, request: Request) -> Body:
        """Read and parse the body of a request.

        Raises:
            app.http.problems.Problem: 415 if it is not JSON, 413 if it is too large, 400 or 422 if it is wrong.
        """
        return self.parse(await self.read(request))

    async def read(self, request: Request) -> bytes:
        """Read the body of a request that says that it is JSON.

        Raises:
            app.http.problems.Problem: 415 if it says that it is something else, 413 if it is too large.
        """
        media_type = media_type_of(request)[0]
        if not is_json(media_type):
            raise unsupported(media_type, JSON)
        return await read_body(request)

    def parse(self, body: bytes) -> Body:
        """Parse a JSON body.

        Raises:
            app.http.problems.Problem: 400 if it is not JSON, 422 if it is not such a model.
        """
        try:
            return self.model.model_validate_json(body)
        except ValidationError as error:
            raise invalid_fields(error) from error


class JSONRoute(APIRoute):
    """A route whose endpoint has a :class:`JSONBody` among its dependencies, which it documents.

    Attributes:
        body: The dependency.
        needs_request_alone: Whether the endpoint names nothing but a body, parts of what is loaded, and the request;
            no parameters of the path or the query, nor other dependencies.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Declare the route; the arguments are those of :class:`fastapi.routing.APIRoute`."""
        provided = dict(_provided(endpoint))
        self._body_name, self.body = next(item for item in provided.items() if isinstance(item[1], JSONBody))
        self._parts = {name: found.kind for name, found in provided.items() if isinstance(found, Part)}
        self._requests = [name for name, found in provided.items() if found is Request]
        self.needs_request_alone = len(provided) == 1 + len(self._parts) + len(self._requests)
        document = {"requestBody": {"required": True, "content": self.body.content}}
        options["openapi_extra"] = {**document, **(options.get("openapi_extra") or {})}
        super().__init__(path, endpoint, **options)

    async def answer(self, request: Request) -> Response:
        """Call the endpoint without FastAPI; for a route that ``needs_request_alone`` and has no dependencies."""
        arguments: dict[str, Any] = {name: part_of(request, kind) for name, kind in self._parts.items()}
        for name in self._requests:
            arguments[name] = request
        arguments[self._body_name] = await self.body(request)
        response: Response = await self.endpoint(**arguments)
        return response


def json_response(result: BaseModel) -> Response:
    """Answer with a model as JSON; fields that are ``None`` are left out."""
    content = result.__pydantic_serializer__.to_json(result, exclude_none=True)
    return Response(content, media_type=JSON)


def _provided(endpoint: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """Give the parameters of an endpoint with what provides them: a dependency, or else their type."""
    for name, hint in get_type_hints(endpoint, include_extras=True).items():
        if name == "return":
            continue
        provided = [extra.dependency for extra in get_args(hint)[1:] if isinstance(extra, Depends)]
        yield name, provided[0] if get_origin(hint) is Annotated and provided else hint
