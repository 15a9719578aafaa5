"""The app: settings, models, routes and middleware put together."""

import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI

from app import __version__, memory
from app.artifacts.watch import ModelWatch
from app.forecasts import routes as forecasts
from app.http import openapi, pages, problems
from app.http.connections import Connections
from app.http.cors import CORS
from app.http.fast_path import FastPath
from app.http.keys import KeyCheck
from app.http.limits import Limits
from app.http.query import QueryCheck
from app.lifecycle import Lifecycle
from app.loaded import Loaded
from app.operations import listener
from app.operations import routes as operations
from app.operations.logs import RequestLog
from app.operations.metrics import Metrics
from app.operations.telemetry import Telemetry
from app.operations.tracing import TracedRequests, Tracing
from app.operations.waiting import noting
from app.protocols import huggingface, open_inference, tensorflow_serving
from app.sentiment import routes as sentiment
from app.settings import Settings
from app.vectors import routes as vectors

DESCRIPTION = """Is a text positive, negative or neutral? An LSTM answers. Beside it: arithmetic on
word vectors, and other recurrent networks that forecast what follows a sequence of observations.

Every error is a problem document (`application/problem+json`, RFC 9457) with a sentence in `detail`. Every answer
carries `X-Request-ID`, taken over from the request if it has one; answers of the sentiment and forecast routes tell
in `Server-Timing` how many milliseconds tokenizing and predicting took.
"""


SWITCH_SECONDS: Final = 0.0001
"""After how long a thread that runs Python makes way for another. With Python's own 5 ms, a short text waits so long
for each thread that reads or classifies long ones."""
NO_TRACING: Final[Any] = {"tracing": False, "metrics": False, "logs": False}
"""FastAPI's own OpenTelemetry is off unless ``telemetry`` is given; see :mod:`app.operations.tracing` for why."""

ROUTERS: Final = (
    sentiment.json_router,
    sentiment.router,
    vectors.json_router,
    vectors.router,
    forecasts.json_router,
    forecasts.router,
    huggingface.router,
    open_inference.json_router,
    open_inference.router,
    open_inference.probes,
    tensorflow_serving.json_router,
    tensorflow_serving.router,
    operations.probes,
    operations.router,
    pages.router,
)
OPERATIONS: Final = (operations.probes, operations.router)
"""Those that move to a port of their own, if there is one."""
OPEN: Final = (open_inference.probes, operations.probes, pages.router)
"""Those that need no API key."""


def create_app(settings: Settings | None = None, loaded: Loaded | None = None, **options: Any) -> FastAPI:
    """Make the app.

    What FastAPI documents works on every route: ``dependencies`` here or in ``include_router``, ``add_middleware``,
    ``HTTPException``, exception handlers. What is to be added is added before the app starts.

    Args:
        settings: By default those of the environment.
        loaded: What is loaded already; by default the models are loaded when the app starts.
        options: Further arguments of :class:`fastapi.FastAPI`, such as ``dependencies`` or ``telemetry``.
    """
    settings = settings or Settings()
    metrics = loaded.metrics if loaded else Metrics()
    tracing = loaded.tracing if loaded else Tracing.from_environment()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, Any], None]:
        lifecycle = loaded.lifecycle if loaded else Lifecycle(settings.drain_seconds)
        with ExitStack() as stack:
            watch = ModelWatch(settings.reload_seconds)
            # First, as the process may be told to end while it loads.
            stack.enter_context(lifecycle.signals(watch.look_now))
            app.state.loaded = loaded or Loaded.load(settings, metrics, lifecycle, tracing)
            memory.settle()
            sys.setswitchinterval(SWITCH_SECONDS)
            stack.enter_context(lifecycle.beating())
            stack.enter_context(noting(metrics, app.state.loaded.compute.admission))
            stack.enter_context(watch.watching(app.state.loaded.reload))
            if settings.admin_port is not None:
                http = Connections(Limits.of(settings), urgent=operations.PROBES)
                stack.enter_context(
                    listener.listening(_operations_app(app.state.loaded), settings.host, settings.admin_port, http)
                )
            yield {"lifecycle": lifecycle}
            app.state.loaded.compute.close()
            if tracing is not None:
                tracing.close()

    handlers = options.pop("exception_handlers", None) or {}
    options.setdefault("telemetry", NO_TRACING)
    app = FastAPI(
        title="Sentiment",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        exception_handlers=problems.handlers(),
        root_path=settings.root_path,
        **options,
    )
    own_handlers = dict(app.exception_handlers)
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)
    key_check = KeyCheck(settings.keys) if settings.keys else None
    query_check = QueryCheck(app)
    for router in ROUTERS:
        if router in OPERATIONS and settings.admin_port is not None:
            continue
        if router is pages.router:  # links to a page may carry whatever those who count visits add
            app.include_router(router)
        elif key_check is None or router in OPEN:
            _include(app, router, [query_check], 422)
        else:
            _include(app, router, [key_check, query_check], 401, 422)
    openapi.install(app)
    # The last that is added is the outermost.
    app.add_middleware(FastPath, service=app, handlers=own_handlers, query_check=query_check, key_check=key_check)
    app.add_middleware(
        CORS,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["*"],
        expose_headers=["X-Request-ID", "Server-Timing", "Retry-After"],
        max_age=86_400,
    )
    request_log = RequestLog(settings.log_level, traced=tracing is not None)
    app.add_middleware(Telemetry, metrics=metrics, request_log=request_log)
    if tracing is not None:
        app.add_middleware(TracedRequests, tracing=tracing)
    return app


def _include(app: FastAPI, router: APIRouter, checks: Sequence[Callable[..., Any]], *statuses: int) -> None:
    """Add routes that are checked first, and then answer with one of these statuses."""
    app.include_router(
        router,
        dependencies=[Depends(check) for check in checks],
        responses=problems.responses(*statuses),
        generate_unique_id_function=openapi.operation_id,
    )


def _operations_app(loaded: Loaded) -> FastAPI:
    """Make the app of the port for health and metrics."""
    app = FastAPI(
        openapi_url=None, redirect_slashes=False, exception_handlers=problems.handlers(), telemetry=NO_TRACING
    )
    app.state.loaded = loaded
    for router in OPERATIONS:
        app.include_router(router, dependencies=[Depends(QueryCheck(app))])
    return app
