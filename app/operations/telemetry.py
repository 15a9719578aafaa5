"""Middleware: a request id, a log line and a metric for each request, and an answer when all else fails."""

import logging
import re
import secrets
from inspect import isawaitable
from itertools import count
from time import perf_counter
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.compute.callers import CALLER
from app.http.callers import RequestCaller, address_of
from app.operations.logs import RequestLog
from app.operations.metrics import METHODS, OTHER, Metrics

_ID: Final = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_HEADER: Final = b"x-request-id"
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")
CLIENT_CLOSED_REQUEST: Final = 499
"""Status in logs and metrics of a request whose client hung up; nginx' convention."""

_PROCESS: Final = secrets.token_hex(8).encode()
_NUMBERS: Final = count(1)

UNMATCHED: Final = "unmatched"
"""Route in logs and metrics of a path that there is not."""

log = logging.getLogger(__name__)


class Telemetry:
    """ASGI middleware around the app's own other middleware; what a user adds later stands outside of it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, request_log: RequestLog) -> None:
        self._app = app
        self._metrics = metrics
        self._log = request_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        CALLER.set(RequestCaller(scope, receive))
        request_id = _request_id(scope)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += (_HEADER, request_id), _NOSNIFF
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except Exception as error:
            log.exception("request %s failed", request_id.decode())
            if status or scope["app"].debug:
                raise
            response = await _on_unexpected(Request(scope, receive), error)
            await response(scope, receive, send_with_id)
        finally:
            self._record(scope, request_id, status or CLIENT_CLOSED_REQUEST, perf_counter() - start)

    def _record(self, scope: Scope, request_id: bytes, status: int, seconds: float) -> None:
        """Count and log a request that ended."""
        found = scope.get("route")
        route = found.path if found else UNMATCHED
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._metrics.observe_request(method, route, status, seconds)
        self._log.write(request_id.decode(), method, route, status, seconds, address_of(scope))


async def _on_unexpected(request: Request, error: Exception) -> Response:
    """Have the app's handler answer, here, where the answer still gets its id; Starlette would call it further out."""
    handlers = request.app.exception_handlers
    answer = (handlers.get(500) or handlers[Exception])(request, error)
    response: Response = await answer if isawaitable(answer) else answer
    return response


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == _HEADER and _ID.fullmatch(value):
            return bytes(value)
    return b"%s-%x" % (_PROCESS, next(_NUMBERS))
