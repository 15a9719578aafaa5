import json
import logging
import time
from collections.abc import Iterator

import pytest

from app.operations.logs import JSONFormatter


@pytest.fixture
def _in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_tokyo")
@pytest.mark.parametrize(("part", "milliseconds"), [(0.0, "000"), (0.0078125, "007"), (0.0625, "062"), (0.25, "250")])
def test_times_are_in_utc_wherever_the_machine_is(part: float, milliseconds: str) -> None:
    record = logging.makeLogRecord({"created": 1_000_000_000 + part})
    assert json.loads(JSONFormatter().format(record))["time"] == f"2001-09-09T01:46:40.{milliseconds}+00:00"
