from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Service, serving, start

__all__ = ["service", "start"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with default settings."""
    with serving(tmp_path_factory.mktemp("service") / "log.jsonl") as running:
        yield running
