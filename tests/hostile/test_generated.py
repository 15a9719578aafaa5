"""Requests that nobody would send; ``python -m bench generated`` sends a hundred thousand."""

import asyncio

import httpx

from bench import generated
from tests.e2e.conftest import Service


def test_none_of_a_thousand_fails(service: Service) -> None:
    document = httpx.get(f"{service.url}/openapi.json").json()
    found = asyncio.run(generated.send(int(service.url.rpartition(":")[2]), document, 1_000, seed=2))
    assert found.failures == {}, found.examples
    assert {200, 404, 422} <= set(found.statuses)
