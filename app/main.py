"""The app: settings, models, routes and middleware put together."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app.compute import Workers
from app.forecasts.routes import router as forecasts_router
from app.http import problems
from app.http.cors import CORS
from app.http.dispatch import Dispatch
from app.http.pages import router as pages_router
from app.loaded import Models
from app.operations.afterwards import Afterwards
from app.operations.logs import RequestLog
from app.operations.metrics import Metrics
from app.operations.routes import router as operations_router
from app.operations.telemetry import Telemetry
from app.sentiment.batching import DynamicBatcher
from app.sentiment.routes import router as sentiment_router
from app.sentiment.routes import text_router
from app.settings import Settings
from app.vectors.routes import json_router as vectors_json_router
from app.vectors.routes import router as vectors_router

DESCRIPTION = """Is a text positive or negative? An LSTM trained on IMDb reviews answers. Beside it: arithmetic on
word vectors, and other recurrent networks that forecast what follows a sequence of observations.

Every error is a problem document (`application/problem+json`, RFC 9457) with a sentence in `detail`. Every answer
carries `X-Request-ID`, taken over from the request if it has one; answers of the sentiment and forecast routes tell
in `Server-Timing` how many milliseconds tokenizing and predicting took.
"""


ROUTERS: Final = (
    text_router,
    sentiment_router,
    vectors_json_router,
    vectors_router,
    forecasts_router,
    operations_router,
    pages_router,
)


class Service(FastAPI):
    """A FastAPI app whose middleware stands in front of FastAPI's own.

    Attributes:
        front: What a request meets first; to begin with, FastAPI itself.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.front: ASGIApp = super().__call__

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        await self.front(scope, receive, send)


def create_app(settings: Settings | None = None, models: Models | None = None) -> FastAPI:
    """Make the app.

    Args:
        settings: By default those of the environment.
        models: The models, if they are loaded already; by default they are loaded when the app starts.
    """
    settings = settings or Settings()
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        loaded = models or Models.load(settings)
        app.state.sentiment = loaded.sentiment
        app.state.vectors = loaded.vectors
        app.state.forecasts = loaded.forecasts
        app.state.batchers = {model.name: DynamicBatcher(model) for model in app.state.sentiment}
        app.state.workers = Workers(settings.threads, settings.max_pending)
        # What is loaded stays; without it, the garbage collector has nothing to look through again and again.
        gc.collect()
        gc.freeze()
        yield
        app.state.workers.close()

    app = Service(
        title="Sentiment",
        version="1.0.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.afterwards = afterwards = Afterwards()
    for router in ROUTERS:
        app.include_router(router)
    routes = [route for router in ROUTERS for route in router.routes]
    problems.install(app, routes)
    app.front = Dispatch(app.front, app, routes)
    app.front = CORS(
        app.front,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["X-Request-ID", "Server-Timing", "Retry-After"],
        max_age=86_400,
    )
    app.front = Telemetry(app.front, metrics, RequestLog(settings.log_level), afterwards)
    return app
