"""The work that waits is a metric, by lane, and none waits once the service has ended."""

import asyncio

from app.compute.admission import Admission
from app.operations.metrics import Metrics
from app.operations.waiting import noting


def waiting(metrics: Metrics) -> dict[str, float]:
    lines = bytes(metrics.response().body).decode().splitlines()
    found = [line.split(" ") for line in lines if line.startswith("sentiment_waiting_seconds{")]
    return {name.split('"')[1]: float(number) for name, number in found}


def test_the_work_that_waits_is_noted_by_lane() -> None:
    metrics, admission = Metrics(), Admission(limit=30, share=1, threads=2)

    async def work() -> None:
        admission.inline.enter("somebody", 0.25)
        admission.long.enter("somebody", 7)
        with noting(metrics, admission):
            await asyncio.sleep(0)
            assert waiting(metrics) == {"inline": 0.25, "brief": 0, "long": 7}
        assert set(waiting(metrics).values()) == {0}

    asyncio.run(work())
