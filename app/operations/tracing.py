"""Traces of requests by OpenTelemetry, sent to a collector over OTLP.

FastAPI traces requests as well, but tells the collector the path and the query, which may hold words of a text, and its
spans need FastAPI's own way. Here a path is known by its template alone, as in the logs, and the fast path is kept.
"""

import os
from collections.abc import Callable
from threading import Thread
from time import perf_counter, time_ns
from typing import Any, Final, Self, TypeVar

from opentelemetry import context, propagate, trace
from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import __version__
from app.http.callers import address_of
from app.operations.metrics import METHODS
from app.settings import SettingsError

Result = TypeVar("Result")

NAME: Final = "sentiment-service"
ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""OpenTelemetry's own variables, either of which turns tracing on."""
PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL: Final = "http/protobuf"
CLOSING_SECONDS: Final = 3.0
"""How long the end of the process waits for a collector to take the last spans."""
_SERVER_ERROR: Final = 500
_NANOSECONDS: Final = 1e9


class Tracing:
    """Makes the spans of requests and of their steps; see :class:`app.compute.spans.Spans`."""

    def __init__(self, provider: TracerProvider) -> None:
        """Take what makes and exports spans, such as the SDK's ``TracerProvider``."""
        self._provider = provider
        self._tracer = provider.get_tracer(NAME, __version__)

    @classmethod
    def from_environment(cls) -> Self | None:
        """Return what the variables of OpenTelemetry ask for; ``None`` if they name no collector or turn it off.

        Raises:
            SettingsError: They ask for what is not installed, or not spoken.
        """
        endpoint = next((name for name in ENDPOINTS if os.environ.get(name)), None)
        if endpoint is None or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
            return None
        if os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
            return None
        protocol = next(filter(None, map(os.environ.get, PROTOCOLS)), PROTOCOL)
        if protocol != PROTOCOL:
            raise SettingsError(f"{endpoint} is set, but traces are sent by {PROTOCOL} alone, not by {protocol}.")
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
            from opentelemetry.sdk.trace import TracerProvider as Provider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise SettingsError(
                f"{endpoint} is set, but OpenTelemetry's SDK is not installed; install it with pip install "
                "'sentiment-service[telemetry]', or from the checkout with pip install '.[telemetry]'."
            ) from error
        resource = Resource.create({SERVICE_VERSION: __version__})
        if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
            resource = resource.merge(Resource({SERVICE_NAME: NAME}))
        provider = Provider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def begin(self, scope: Scope) -> tuple[Span, context.Context]:
        """Begin the span of a request, within the trace that its ``traceparent`` names.

        Returns:
            The span, and the context of what is done within it.
        """
        carrier = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        parent = propagate.extract(carrier)
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        attributes: dict[str, Any] = {
            "http.request.method": method,
            "url.scheme": scope.get("scheme", "http"),
            "network.protocol.version": scope.get("http_version", "1.1"),
        }
        if server := scope.get("server"):
            attributes["server.address"] = server[0]
            if server[1] is not None:  # as it is of a socket in the file system
                attributes["server.port"] = server[1]
        if client := address_of(scope):
            attributes["client.address"] = client
        span = self._tracer.start_span(_verb(method), parent, SpanKind.SERVER, attributes)
        return span, trace.set_span_in_context(span, parent)

    def end(self, span: Span, scope: Scope, status: int, error: str = "") -> None:
        """End the span of a request.

        Args:
            span: The span.
            scope: The request, with the route that it came to.
            status: Of the answer; 0 if there was none.
            error: Type of what went wrong; by default the status, where that is an error of the service.
        """
        if route := scope.get("route"):
            method = scope["method"] if scope["method"] in METHODS else "_OTHER"
            span.update_name(f"{_verb(method)} {route.path}")
            # The path itself may hold a word.
            span.set_attributes({"http.route": route.path, "url.path": route.path})
        if status:
            span.set_attribute("http.response.status_code", status)
        if status >= _SERVER_ERROR or error:
            span.set_attribute("error.type", error or str(status))
            span.set_status(StatusCode.ERROR)
        span.end()

    def record(self, name: str, start: float, seconds: float) -> None:
        """See :class:`app.compute.spans.Spans`."""
        begun = time_ns() - int((perf_counter() - start) * _NANOSECONDS)
        self._tracer.start_span(name, start_time=begun).end(begun + int(seconds * _NANOSECONDS))

    def timed(self, name: str, function: Callable[[], Result]) -> Callable[[], Result]:
        """See :class:`app.compute.spans.Spans`."""

        def call() -> Result:
            start = perf_counter()
            try:
                return function()
            finally:
                self.record(name, start, perf_counter() - start)

        return call

    def carried(self, function: Callable[[], Result]) -> Callable[[], Result]:
        """See :class:`app.compute.spans.Spans`."""
        of_request, submitted = context.get_current(), perf_counter()

        def call() -> Result:
            token = context.attach(of_request)
            try:
                self.record("wait", submitted, perf_counter() - submitted)
                return function()
            finally:
                context.detach(token)

        return call

    def close(self) -> None:
        """Export what is not exported yet, and end; a collector that does not answer is not waited for."""
        shutdown = getattr(self._provider, "shutdown", None)  # which the SDK's have
        if shutdown is not None:
            closing = Thread(target=shutdown, name="tracing", daemon=True)
            closing.start()
            closing.join(CLOSING_SECONDS)


class TracedRequests:
    """ASGI middleware: a span for each request. It is outside of :class:`app.operations.telemetry.Telemetry`."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, error = 0, "ClientDisconnect"

        async def send_noting_status(message: Message) -> None:
            nonlocal status, error
            if message["type"] == "http.response.start":
                status, error = message["status"], ""
            await send(message)

        span, within = self._tracing.begin(scope)
        token = context.attach(within)
        try:
            await self._app(scope, receive, send_noting_status)
        except BaseException as raised:
            error = type(raised).__qualname__
            raise
        finally:
            context.detach(token)
            self._tracing.end(span, scope, status, error)


def trace_fields() -> dict[str, str]:
    """Return the ids of the current span as log lines have them; empty if there is none."""
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        return {}
    return {"trace_id": trace.format_trace_id(found.trace_id), "span_id": trace.format_span_id(found.span_id)}


def _verb(method: str) -> str:
    return "HTTP" if method == "_OTHER" else method
