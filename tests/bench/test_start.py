from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bench import start
from bench.options import Options


class Tree:
    """Three processes: the one that starts the workers, and two of these."""

    def private_bytes(self) -> list[int]:
        return [300, 80, 90]


def test_the_larger_worker_counts_and_not_the_process_that_starts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200)

    @contextmanager
    def service(workers: int) -> Iterator[tuple[httpx.Client, Tree]]:
        assert workers == 2
        with httpx.Client(base_url="http://a", transport=httpx.MockTransport(answer)) as client:
            yield client, Tree()

    monkeypatch.setattr(start, "_service", service)
    assert start._private(Options(tmp_path, tmp_path, rounds=1, seconds=1), ["One.", "Two."], ["one", "two"]) == 90
    assert asked == ["/sentiment", "/analogies"] * 2
