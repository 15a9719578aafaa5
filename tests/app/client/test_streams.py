import asyncio
import json
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, cast

import httpx
import pytest

from app.client import AsyncClient, Client, ServiceError, asynchronous_flow, synchronous_flow
from app.client import asynchronous as asynchronous_client
from app.sentiment.schemas import ExplainedResponse, RowFailure, SentimentResponse
from tests.conftest import Serve

TEXTS = ["awful", "great", "", "dull"] * 30


def labels(found: list[ExplainedResponse | SentimentResponse | RowFailure]) -> list[str]:
    return [one.error if isinstance(one, RowFailure) else one.label for one in found]


EXPECTED = ["negative", "positive", "The text is empty.", "negative"] * 30


def test_every_text_has_its_result_in_order(client: httpx.Client) -> None:
    counts: list[int] = []
    with Client(str(client.base_url)) as service:
        found = list(service.sentiment_stream(iter(TEXTS), block=7, requests=3, progress=counts.append))
    assert labels(found) == EXPECTED
    assert counts == [*range(7, len(TEXTS), 7), len(TEXTS)]


def test_every_text_has_its_result_with_asyncio(client: httpx.Client) -> None:
    async def texts() -> AsyncIterator[str]:
        for text in TEXTS:
            yield text

    async def ask(given: Any) -> list[Any]:
        async with AsyncClient(str(client.base_url)) as service:
            return [one async for one in service.sentiment_stream(given, block=7, requests=3)]

    assert labels(asyncio.run(ask(texts()))) == EXPECTED
    assert labels(asyncio.run(ask(TEXTS))) == EXPECTED


def test_explained_streams(client: httpx.Client) -> None:
    with Client(str(client.base_url)) as service:
        (one,) = service.sentiment_stream(["A great day."], explain=True)
        assert one == service.sentiment("A great day.", explain=True)


def test_no_more_is_read_than_is_under_way(client: httpx.Client) -> None:
    read: list[str] = []

    def texts() -> Iterator[str]:
        for text in TEXTS:
            read.append(text)
            yield text

    with Client(str(client.base_url)) as service:
        stream = service.sentiment_stream(texts(), block=2, requests=3)
        next(stream)
        assert len(read) <= 2 * 3
        stream.close()  # type: ignore[attr-defined]


def test_a_stream_that_is_left_with_asyncio_leaves_no_requests_behind() -> None:
    cancelled: list[int] = []

    async def items() -> AsyncIterator[int]:
        for item in range(5):
            yield item

    async def ask(item: int) -> int:
        if item:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(item)
                raise
        return item

    async def leave() -> list[int]:
        found = cast("AsyncGenerator[int]", asynchronous_flow.in_order(ask, items(), 3))
        assert await anext(found) == 0
        await found.aclose()
        await asyncio.sleep(0)
        return list(cancelled)

    assert asyncio.run(leave()) == [1, 2]


def busy(answers: list[httpx.Response]) -> httpx.MockTransport:
    lock = threading.Lock()

    def answer(_: httpx.Request) -> httpx.Response:
        with lock:
            return answers.pop(0)

    return httpx.MockTransport(answer)


RESULT = {
    "label": "negative",
    "score": 1,
    "probabilities": {"negative": 1, "positive": 0},
    "tokens": {"count": 1, "unknown": 0, "truncated": False},
    "warnings": [],
    "model": "sentiment-tiny",
    "version": "1.0.0",
}


def done() -> httpx.Response:
    return httpx.Response(200, content=json.dumps({"results": [RESULT]}))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(synchronous_flow, "sleep", found.append)
    monkeypatch.setattr(asynchronous_flow, "sleep", sleep)
    return found


def refusal(status: int, after: str | None) -> httpx.Response:
    return httpx.Response(status, headers={} if after is None else {"Retry-After": after}, content=b"busy")


def test_a_busy_service_is_asked_again_when_it_says(waits: list[float]) -> None:
    transport = busy([refusal(503, "3"), refusal(429, "2"), refusal(503, "Wed, 21 Oct 2026 07:28:00 GMT"), done()])
    with Client("http://service", transport=transport) as service:
        (one,) = service.sentiment_stream(["awful"])
    assert one == SentimentResponse.model_validate(RESULT)
    assert waits == [3, 2, 1]


def test_a_busy_service_is_asked_again_with_asyncio(waits: list[float]) -> None:
    async def ask() -> list[Any]:
        async with AsyncClient("http://service", transport=busy([refusal(503, "3"), done()])) as service:
            return [one async for one in service.sentiment_stream(["awful"])]

    assert len(asyncio.run(ask())) == 1
    assert waits == [3]


@pytest.mark.parametrize(("status", "after"), [(503, None), (500, "1"), (401, None), (422, "1")])
def test_other_refusals_end_the_stream(status: int, after: str | None, waits: list[float]) -> None:
    with (
        Client("http://service", transport=busy([refusal(status, after)])) as service,
        pytest.raises(ServiceError, match=str(status)),
    ):
        list(service.sentiment_stream(["awful"]))
    assert waits == []


def test_a_service_that_stays_busy_is_given_up(waits: list[float]) -> None:
    transport = busy([refusal(503, "1")] * 3)
    with Client("http://service", transport=transport) as service, pytest.raises(ServiceError, match="503") as raised:
        list(service.sentiment_stream(["awful"], retries=2))
    assert raised.value.retry_after == 1
    assert waits == [1, 1]


def test_long_texts_make_small_blocks() -> None:
    assert list(synchronous_flow.blocks(["aa", "a", "aaaa", "a", "a", "a"], 2, 3)) == [
        ["aa", "a"], ["aaaa"], ["a", "a"], ["a"],
    ]  # fmt: skip
    assert asynchronous_client.BLOCK_CHARACTERS * 4 < 16 * 2**20


def test_a_block_that_is_too_much_is_halved(serve: Serve) -> None:
    client = serve(max_explained_words=400, max_body_bytes=4_000)
    with Client(str(client.base_url)) as service:
        found = list(service.sentiment_stream(["awful film", "great film"] * 8, explain=True))
        assert labels(found) == ["negative", "positive"] * 8
        (one,) = service.sentiment_stream(["awful " * 1_000])
        assert isinstance(one, RowFailure)
        assert "larger than 4,000 bytes" in one.error


def test_half_a_surrogate_pair_is_no_character(client: httpx.Client) -> None:
    with Client(str(client.base_url)) as service:
        found = list(service.sentiment_stream(["awful \ud83d", "awful \ud83d\ude00"]))
        assert found == [service.sentiment("awful \ufffd"), service.sentiment("awful \U0001f600")]


def test_a_wrong_choice_of_labels_ends_the_stream(client: httpx.Client) -> None:
    with Client(str(client.base_url)) as service, pytest.raises(ServiceError, match="422"):
        list(service.sentiment_stream(["awful"], labels=["a", "b"]))
