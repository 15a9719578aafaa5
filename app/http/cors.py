"""Middleware: pages of other origins may call the service."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.http.problems import Problem

_OF_THE_BODY = ("content-type", "content-length")


class CORS(CORSMiddleware):
    """Starlette's middleware, but for requests that it has nothing to say to."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request.

        Without an ``Origin`` it is of no page, and all that Starlette would add to the answer is ``Vary: Origin``, for
        the sake of caches; but the answer to a ``POST`` is not cached.
        """
        if scope.get("method") == "POST" and all(name != b"origin" for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer what a browser asks before it sends a request: Starlette's answer, but for the form of a refusal."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        reason = bytes(answer.body).decode().replace("Disallowed CORS ", "")
        headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_BODY}
        detail = f"Pages may not send this request: its {reason} is not allowed; see the setting `CORS_ORIGINS`."
        return Problem(answer.status_code, detail, headers=headers).response()
