import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.settings import Settings

SHORT, LONG = "/sentiment", "/prefix/sentiment"


async def _ask(models_dir: Path, requests: Sequence[tuple[str, dict[str, Any]]]) -> list[httpx.Response]:
    """Ask an app that stands behind a proxy which passes its prefix on; paths with it do not match to the letter."""
    app = create_app(Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"}))
    transport = httpx.ASGITransport(app, root_path="/prefix")
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        answers = [await client.post(path, json=body) for path, body in requests]
        return [*answers, await client.get("/metrics")]


def assert_same(short: httpx.Response, long: httpx.Response, status: int) -> None:
    assert short.status_code == long.status_code == status
    assert short.json() == long.json()
    assert short.headers["content-type"] == long.headers["content-type"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"text": "a superb film"}, 200), ({"text": 1}, 422), ({"text": "a", "model": "sentiment-none"}, 404)],
)
def test_the_long_way_gives_the_same_answers(models_dir: Path, body: dict[str, Any], status: int) -> None:
    short, long, _ = asyncio.run(_ask(models_dir, [(SHORT, body), (LONG, body)]))
    assert_same(short, long, status)


CITY = [[10, 25, 60], [13, 10, 80]]


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("tiny", {"sequences": [CITY]}, 200),
        ("tiny", {"sequences": []}, 422),
        ("none", {"sequences": [CITY]}, 404),
        ("{name}", {"sequences": [CITY]}, 404),
        ("", {"sequences": [CITY]}, 404),
        ("tiny/tiny", {"sequences": [CITY]}, 404),
    ],
)
def test_what_the_path_holds_is_given_to_the_route(
    models_dir: Path, name: str, body: dict[str, Any], status: int
) -> None:
    path = f"/forecasts/{name}"
    short, long, metrics = asyncio.run(_ask(models_dir, [(path, body), (f"/prefix{path}", body)]))
    assert_same(short, long, status)
    assert ('route="/forecasts/{name}"' in metrics.text) is (name in {"tiny", "none", "{name}"})


def test_both_ways_are_counted_as_the_same_route(models_dir: Path) -> None:
    body = {"text": "a superb film"}
    *_, metrics = asyncio.run(_ask(models_dir, [(SHORT, body), (LONG, body), (SHORT, body)]))
    lines = [line for line in metrics.text.splitlines() if line.startswith("http_request_duration_seconds_count")]
    assert [line.rpartition(" ")[2] for line in lines] == ["3.0"]
    assert 'route="/sentiment"' in lines[0]
