"""Middleware: ``HEAD`` is answered wherever ``GET`` is."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Has a ``HEAD`` request handled as a ``GET``, and sends all of the answer but its body (RFC 9110, section 9.3.2).

    FastAPI answers ``HEAD`` only where a route names it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope.get("method") != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        as_get = {**scope, "method": "GET"}
        try:
            await self._app(as_get, receive, send_head)
        finally:
            if "route" in as_get:  # which telemetry looks for, further out
                scope["route"] = as_get["route"]
