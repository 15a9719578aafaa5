"""The service with a middleware added, without its fast path, or with its requests traced: what these cost."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.cli.serve import options
from app.http.fast_path import FastPath
from app.loaded import Loaded
from app.main import create_app
from app.operations.metrics import Metrics
from app.operations.tracing import Tracing
from app.settings import Settings
from bench.paths import MODEL


class Added:
    """Middleware that does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        await self._app(scope, receive, send)


def _traced(settings: Settings) -> FastAPI:
    """Return the app with spans that are made and encoded for a collector, though none gets them."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    class Encoder:
        """An exporter that encodes spans, and drops them."""

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            encode_spans(spans).SerializeToString()
            return SpanExportResult.SUCCESS

        def shutdown(self) -> None:
            """Nothing is kept."""

    encoder: Any = Encoder()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(encoder))
    return create_app(settings, Loaded.load(settings, Metrics(), tracing=Tracing(provider)))


if __name__ == "__main__":
    variant, port, *model = sys.argv[1:]
    folder = Path(model[0]) if model else MODEL
    settings = Settings(port=int(port), models_dir=folder.parent, default_model=folder.name)
    app = _traced(settings) if variant == "traced" else create_app(settings)
    if variant == "middleware":
        app.add_middleware(Added)
    elif variant == "plain":
        app.user_middleware = [one for one in app.user_middleware if one.cls is not FastPath]  # type: ignore[comparison-overlap]
    uvicorn.run(app, **options(settings))
