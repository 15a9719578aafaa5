"""Health, metrics, and the list of models."""

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.operations.schemas import Health, ModelInfo, Models
from app.sentiment.registry import SentimentModels

_METRICS: Final = 'sentiment_texts_total{label="positive",model="sentiment-best"} 42.0'

router = APIRouter()


@router.get("/health/live", tags=["operations"], summary="Is the process alive?")
async def live() -> Health:
    """Answer as long as the process handles requests. An orchestrator restarts it if it does not."""
    return Health(status="ok")


@router.get("/health/ready", tags=["operations"], summary="Is the service ready for traffic?")
async def ready() -> Health:
    """Answer once all models are loaded: the service accepts no connection before, nor while it shuts down."""
    return Health(status="ok")


@router.get(
    "/metrics",
    tags=["operations"],
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": _METRICS}}}},
)
async def metrics(request: Request) -> Response:
    """Return the metrics in Prometheus' text format."""
    await asyncio.sleep(0)  # the requests that have just ended are counted in this round of the event loop
    response: Response = request.app.state.metrics.response()
    return response


@router.get("/models", tags=["sentiment"], summary="The models that are loaded")
async def models(request: Request) -> Models:
    """List the sentiment models, which of them is the default, and how good they are."""
    loaded: SentimentModels = request.app.state.sentiment
    return Models(
        models=[
            ModelInfo(
                name=model.name,
                default=model is loaded.default,
                version=model.manifest.version,
                engine=model.engine_name,
                labels=list(model.labels),
                vocabulary_size=model.serving.vocabulary_size,
                maxlen=model.serving.maxlen,
                trained_on=model.manifest.data["name"],
                figures=model.manifest.figures,
            )
            for model in loaded
        ]
    )
