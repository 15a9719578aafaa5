"""How much work waits, noted once a second for whoever scales by it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from app.compute.admission import Admission
from app.operations.metrics import Metrics

NOTE_SECONDS: Final = 1.0


@contextmanager
def noting(metrics: Metrics, admission: Admission) -> Iterator[None]:
    """Note for the block, in the running event loop, what waits in each lane."""
    task = asyncio.create_task(_keep_noting(metrics, admission))
    try:
        yield
    finally:
        task.cancel()
        for lane in admission.waiting:
            metrics.note_waiting(lane, 0)


async def _keep_noting(metrics: Metrics, admission: Admission) -> None:
    while True:
        for lane, seconds in admission.waiting.items():
            metrics.note_waiting(lane, seconds)
        await asyncio.sleep(NOTE_SECONDS)
