"""Middleware: a request id, a log line and a metric for each request, and an answer when all else fails."""

import logging
import os
import re
from time import perf_counter
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.operations.logs import FIELDS
from app.operations.metrics import Metrics
from app.problems import Problem

_ID: Final = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")
_HEADER: Final = b"x-request-id"
CLIENT_CLOSED_REQUEST: Final = 499
"""Status in logs and metrics of a request whose client hung up; nginx' convention."""

log = logging.getLogger("app.requests")


class Telemetry:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = perf_counter()
        request_id = _request_id(scope)
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((_HEADER, request_id))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except Exception:
            log.exception("unexpected error", extra={FIELDS: {"request_id": request_id.decode()}})
            if status:
                raise
            problem = Problem(500, "Something went wrong in the service; its log has the details.")
            await problem.response()(scope, receive, send_with_id)
        finally:
            self._record(scope, request_id, status or CLIENT_CLOSED_REQUEST, perf_counter() - start)

    def _record(self, scope: Scope, request_id: bytes, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.observe_request(scope["method"], route, status, seconds)
        if log.isEnabledFor(logging.INFO):
            client = scope.get("client")
            fields = {
                "request_id": request_id.decode(),
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "milliseconds": round(seconds * 1000, 3),
                "client": client[0] if client else None,
            }
            log.info("request", extra={FIELDS: fields})


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == _HEADER and _ID.fullmatch(value):
            return bytes(value)
    return os.urandom(16).hex().encode()
