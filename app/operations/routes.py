"""Health and metrics."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response

from app.http.dependencies import Part
from app.http.problems import Problem, responses
from app.lifecycle import Lifecycle
from app.operations.metrics import Metrics
from app.operations.schemas import Health

_EXAMPLE: Final = 'sentiment_texts_total{label="positive",model="sentiment-best",version="2.3.0"} 42.0'

PROBES: Final = frozenset({"/health/live", "/health/ready"})
"""Paths whose answers no load may hold up."""

router = APIRouter(tags=["operations"])
probes = APIRouter(tags=["operations"])
"""Open to all, whoever may call the other routes: an orchestrator has no key."""


@probes.get("/health/live", summary="Is the process alive?", responses=responses(503))
async def live(lifecycle: Annotated[Lifecycle, Depends(Part(Lifecycle))]) -> Health:
    """Answer as long as the process handles requests. An orchestrator restarts it if it does not."""
    if lifecycle.is_hanging:  # which only the thread of another port can tell
        raise Problem(503, "The service hangs.")
    return Health(status="ok")


@probes.get("/health/ready", summary="Is the service ready for traffic?", responses=responses(503))
async def ready(lifecycle: Annotated[Lifecycle, Depends(Part(Lifecycle))]) -> Health:
    """Answer once all models are loaded; 503 once the service is told to end, before it accepts no more connections."""
    if lifecycle.draining:
        raise Problem(503, "The service is about to end.")
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
