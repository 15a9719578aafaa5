"""The OpenAPI document: FastAPI's, with the problem documents and the bodies that FastAPI does not read itself."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.http.json_routes import JSONRoute
from app.http.problems import MEDIA_TYPE
from app.http.schemas import ProblemDetails

_REFERENCE: Final = "#/components/schemas/{model}"


def install(app: FastAPI) -> None:
    """Complete what ``app.openapi()`` gives."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        if ProblemDetails.__name__ not in schemas:
            schemas.update(_schemas([ProblemDetails, *_bodies(app)]))
            _drop_framework_errors(document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


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
