"""Health and metrics."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from app.http.dependencies import Part
from app.operations.metrics import Metrics
from app.operations.schemas import Health

_EXAMPLE: Final = 'sentiment_texts_total{label="positive",model="sentiment-best"} 42.0'

router = APIRouter(tags=["operations"])
probes = APIRouter(tags=["operations"])
"""Open to all, whoever may call the other routes: an orchestrator has no key."""


@probes.get("/health/live", summary="Is the process alive?")
async def live() -> Health:
    """Answer as long as the process handles requests. An orchestrator restarts it if it does not."""
    return Health(status="ok")


@probes.get("/health/ready", summary="Is the service ready for traffic?")
async def ready() -> Health:
    """Answer once all models are loaded: the service accepts no connection before, nor while it shuts down."""
    return Health(status="ok")


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}}}},
)
async def show_metrics(metrics: Annotated[Metrics, Depends(Part(Metrics))]) -> Response:
    """Return the metrics in Prometheus' text format."""
    return metrics.response()
