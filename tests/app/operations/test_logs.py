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
def test_times_are_in_utc_wherever_the_machine_is() -> None:
    record = logging.makeLogRecord({"created": 1_000_000_000.25})
    assert json.loads(JSONFormatter().format(record))["time"] == "2001-09-09T01:46:40.250+00:00"
