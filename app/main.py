"""The app: settings, models, routes and middleware put together."""

import gc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from app import problems
from app.cors import CORS
from app.dispatch import Dispatch
from app.forecasts.forecasters import Forecasters
from app.forecasts.routes import router as forecasts_router
from app.operations.afterwards import Afterwards
from app.operations.logs import RequestLog
from app.operations.metrics import Metrics
from app.operations.routes import router as operations_router
from app.operations.telemetry import Telemetry
from app.sentiment.batching import DynamicBatcher
from app.sentiment.models import SentimentModels
from app.sentiment.routes import router as sentiment_router
from app.sentiment.routes import text_router
from app.settings import Settings
from app.workers import Workers

DESCRIPTION = """Is a text positive or negative? An LSTM trained on IMDb reviews answers. Other recurrent
networks forecast what follows a sequence of observations.

Every error is a problem document (`application/problem+json`, RFC 9457) with a sentence in `detail`. Every answer
carries `X-Request-ID`, taken over from the request if it has one; answers of the sentiment and forecast routes tell
in `Server-Timing` how many milliseconds tokenizing and predicting took.
"""


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


def load_models(settings: Settings) -> SentimentModels:
    """Load the sentiment models that the settings name.

    Raises:
        app.artifacts.ArtifactError: One of them cannot be used.
    """
    return SentimentModels(settings.models_dir, settings.default_model, settings.engine)


def create_app(
    settings: Settings | None = None, models: SentimentModels | None = None, forecasters: Forecasters | None = None
) -> FastAPI:
    """Make the app.

    Args:
        settings: By default those of the environment.
        models: The sentiment models, if they are loaded already; by default they are loaded when the app starts.
        forecasters: The same for the forecasts.
    """
    settings = settings or Settings()
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        app.state.sentiment = models or load_models(settings)
        app.state.batchers = {model.name: DynamicBatcher(model) for model in app.state.sentiment}
        app.state.forecasts = forecasters or Forecasters(settings.models_dir)
        app.state.workers = Workers(settings.threads, settings.max_pending)
        # What is loaded stays; without it, the garbage collector has nothing to look through again and again.
        gc.collect()
        gc.freeze()
        yield
        app.state.workers.close()

    app = Service(
        title="Sentiment", version="1.0.0", description=DESCRIPTION, lifespan=lifespan, redirect_slashes=False
    )
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.afterwards = afterwards = Afterwards()
    problems.install(app)
    app.include_router(text_router)
    app.include_router(sentiment_router)
    app.include_router(forecasts_router)
    app.include_router(operations_router)
    app.front = Dispatch(app.front, app, [*text_router.routes, *sentiment_router.routes, *forecasts_router.routes])
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
