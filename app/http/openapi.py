"""The OpenAPI documents: FastAPI's, with the problem documents and the bodies that FastAPI does not read itself.

There are two. ``/openapi-full.json`` has all there is. ``/openapi.json`` is what code generators are given, and some of
that they get wrong: of a route that takes or gives several media types they make a union that does not compile, or that
cannot be sent; a field with a default becomes one that must be given. So there, where there is JSON, there is nothing
else, and fields have no defaults.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from app.http.bodies import is_json
from app.http.json_routes import JSONRoute
from app.http.problems import MEDIA_TYPE
from app.http.schemas import ProblemDetails

FULL_PATH: Final = "/openapi-full.json"
_REFERENCE: Final = "#/components/schemas/{model}"


def operation_id(route: APIRoute) -> str:
    """Name an operation in the document: as its endpoint is named, by which generators name functions."""
    return route.name


def install(app: FastAPI) -> None:
    """Complete what ``app.openapi()`` gives, and add the path of the full document."""
    describe = app.openapi
    full: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            full.update(_completed(describe(), app))
            app.openapi_schema = for_generators(full)
        return app.openapi_schema

    async def openapi_full(request: Request) -> Response:
        # Below a proxy's path, the servers are those of the other document.
        prefix = request.scope.get("root_path", "").rstrip("/")
        openapi()
        return JSONResponse({**full, "servers": [{"url": prefix}]} if prefix and app.root_path_in_servers else full)

    app.openapi = openapi  # type: ignore[method-assign]
    if app.openapi_url:
        app.add_route(FULL_PATH, openapi_full, include_in_schema=False)


def for_generators(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a document from which generators make clients that compile and work."""
    paths = {
        path: {method: _operation(operation) for method, operation in operations.items()}
        for path, operations in document["paths"].items()
    }
    schemas = {name: _without_defaults(schema) for name, schema in document["components"]["schemas"].items()}
    return {**document, "paths": paths, "components": {**document["components"], "schemas": schemas}}


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        **operation,
        "responses": {status: _json_alone(answer) for status, answer in operation["responses"].items()},
    }
    if "parameters" in operation:
        found["parameters"] = [
            {**parameter, "schema": _without_default(parameter["schema"])} for parameter in operation["parameters"]
        ]
    if "requestBody" in operation:
        found["requestBody"] = _json_alone(operation["requestBody"])
    return found


def _json_alone(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description of a body without its other media types, if it may be JSON."""
    content = described.get("content", {})
    json = {media_type: value for media_type, value in content.items() if is_json(media_type)}
    return {**described, "content": json} if json else dict(described)


def _without_defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    if "properties" not in schema:
        return dict(schema)
    properties = {name: _without_default(field) for name, field in schema["properties"].items()}
    return {**schema, "properties": properties}


def _without_default(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "default"}


def _completed(document: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_schemas([ProblemDetails, *_bodies(app)]))
    _drop_framework_errors(document)
    return document


def _bodies(app: FastAPI) -> list[type[BaseModel]]:
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    return [route.body.model for route in routes if isinstance(route, JSONRoute)]


def _schemas(models: list[type[BaseModel]]) -> dict[str, Any]:
    _, document = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
    schemas: dict[str, Any] = document["$defs"]
    return schemas


def _drop_framework_errors(document: dict[str, Any]) -> None:
    """Take out the errors that FastAPI documents, in a shape of its own, for every path that holds a parameter."""
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            if MEDIA_TYPE not in operation["responses"].get("422", {}).get("content", {}):
                operation["responses"].pop("422", None)
