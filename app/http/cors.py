"""Middleware: pages of other origins may call the service."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send


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
