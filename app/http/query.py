"""The query of a request: parameters that its route does not declare are refused, as unknown fields of a body are."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import iter_route_contexts
from fastapi.security import APIKeyQuery
from starlette.types import Scope

from app.http.problems import invalid, pointer
from app.http.schemas import FieldError

_OWN: Final = "app."
"""How the names of this package's modules begin."""


class QueryCheck:
    """A dependency: refuses a query parameter that the route does not declare.

    Declared is what the endpoint, its dependencies and those of its routers and of the app name, and what the OpenAPI
    document says of the route beside. A dependency of others that takes the request itself may read what it likes
    there: where there is one, nothing is refused.
    """

    def __init__(self, app: FastAPI) -> None:
        """Take the app, whose routes are read when the first request with a query comes."""
        self._app = app

    async def __call__(self, request: Request) -> None:
        """Check a request.

        Raises:
            app.http.problems.Problem: 422 if its query has a parameter that is not declared.
        """
        self.check(request.scope)

    def check(self, scope: Scope) -> None:
        """Do so without FastAPI."""
        if not scope["query_string"]:
            return
        known = self._declared.get(id(scope["route"]))
        if known is None:
            return
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        unknown = [name for name in given if name not in known]
        if unknown:
            there_are = f"there are `{'`, `'.join(sorted(known))}`" if known else "there are none here"
            detail = f"is not a known parameter; {there_are}"
            raise invalid(unknown, lambda name: FieldError(pointer=pointer(["query", name]), detail=detail))

    @cached_property
    def _declared(self) -> dict[int, frozenset[str]]:
        """The names of the parameters that routes take, by the routes' ids; without those that may take any."""
        found: dict[int, frozenset[str]] = {}
        lenient = set()
        for context in iter_route_contexts(self._app.routes):
            dependant = getattr(context, "dependant", None)
            if dependant is None:
                continue
            route = id(context.original_route)  # Starlette's routes have no hash
            found[route] = found.get(route, frozenset()) | set(_names(dependant)) | set(_documented(context))
            if any(map(_may_read_all, dependant.dependencies)):
                lenient.add(route)
        return {route: names for route, names in found.items() if route not in lenient}


def _names(dependant: Dependant) -> Iterator[str]:
    """Give the names of the parameters that an endpoint or a dependency takes, API keys among them."""
    # Of a Pydantic model, its fields.
    yield from (field.alias for field in get_flat_params(Dependant(query_params=dependant.query_params)))
    if isinstance(dependant.call, APIKeyQuery):
        yield dependant.call.model.name
    for dependency in dependant.dependencies:
        yield from _names(dependency)


def _documented(context: Any) -> Iterator[str]:
    for parameter in (context.openapi_extra or {}).get("parameters", []):
        if parameter["in"] == "query":
            yield parameter["name"]


def _may_read_all(dependant: Dependant) -> bool:
    """Whether a dependency of others, or one of its own, takes the request itself."""
    call = dependant.call
    takes_request = dependant.request_param_name or dependant.http_connection_param_name
    if takes_request and not str(getattr(call, "__module__", "")).startswith((_OWN, "fastapi.")):
        return True
    return any(map(_may_read_all, dependant.dependencies))
