"""What the routes of all protocols have in common: bodies, errors, and the model that a path names."""

from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.routing import APIRoute

from app.http.bodies import is_json, media_type_of, read_body, unsupported
from app.http.dependencies import Part
from app.http.json_routes import JSON, Body, JSONBody, JSONRoute
from app.sentiment.checks import find_model
from app.sentiment.classifier import Classifier
from app.sentiment.service import SentimentService

OCTETS: Final = "application/octet-stream"
FORM: Final = "application/x-www-form-urlencoded"
TAKEN: Final = frozenset({"", OCTETS, FORM})
"""Media types as which JSON is sent, too: by clients that name none, by those that send bytes, and by ``curl -d``."""
MODEL: Final[dict[str, Any]] = {
    "name": "model",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "examples": ["sentiment-best"]},
    "description": "Name of a model, one of `GET /models`.",
}
"""The parameter of a path for OpenAPI: endpoints read it from the request, so that the fast path calls them too."""
OF_MODEL: Final[dict[str, Any]] = {"parameters": [MODEL]}
"""``openapi_extra`` of a route of a model."""

Service = Annotated[SentimentService, Depends(Part(SentimentService))]


class ProtocolRoute(APIRoute):
    """A route of another protocol.

    Attributes:
        detail_as_error: Its problems repeat their sentence in ``error``, where the clients of these protocols look.
    """

    detail_as_error = True


class ProtocolJSONRoute(ProtocolRoute, JSONRoute):
    """The same, for an endpoint that has a :class:`ProtocolBody`."""


class ProtocolBody(JSONBody[Body]):
    """A dependency: a JSON body, of whatever media type the clients of a protocol send it."""

    async def read(self, request: Request) -> bytes:
        """See :meth:`JSONBody.read`."""
        media_type = media_type_of(request)[0]
        if media_type not in TAKEN and not is_json(media_type):
            raise unsupported(media_type, JSON)
        return await read_body(request)


def model_of(request: Request, service: SentimentService) -> Classifier:
    """Return the model that the path of a request names, or the default if it names none.

    Raises:
        Problem: 404 if there is no such model, or it is served in another version than the path says.
    """
    named = request.path_params
    return find_model(service, named.get("model"), named.get("version"), "#/path")
