"""``HEAD``, answered wherever ``GET`` is."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


async def answer_head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Have a ``HEAD`` request handled as a ``GET``, and send all of the answer but its body (RFC 9110, section 9.3.2).

    FastAPI answers ``HEAD`` only where a route names it.
    """

    async def send_head(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    as_get = {**scope, "method": "GET"}
    try:
        await app(as_get, receive, send_head)
    finally:
        if "route" in as_get:  # which telemetry looks for, further out
            scope["route"] = as_get["route"]
