import asyncio
import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.compute import Busy, Compute, is_short
from app.http.json_routes import JSONRoute
from app.loaded import Loaded
from app.main import create_app
from app.operations.metrics import Metrics
from app.priority import TURN
from app.sentiment import estimates, routes, service
from app.sentiment.batching import DynamicBatcher
from app.sentiment.classifier import Classification, Classifier, Timing
from app.sentiment.explanation import Seconds, explain_all
from app.sentiment.padding import pad_sequences
from app.settings import Settings
from tests.asgi import ask, full

TEXT = "a superb film"
LONG = "superb film " * 80_000
TIMING = Timing(tokenize=1.5, predict=7.0)


@pytest.fixture
def loaded(models_dir: Path) -> Iterator[Loaded]:
    values = {"models_dir": models_dir, "default_model": "sentiment-tiny", "max_waiting_seconds": 1}
    found = Loaded.load(Settings.model_validate(values), Metrics())
    yield found
    found.compute.close()


@pytest.fixture
def app(loaded: Loaded) -> FastAPI:
    return create_app(loaded.settings, loaded)


LONG_REQUESTS = [
    ("/sentiment", {"text": LONG}),
    ("/sentiment", {"text": f"{TEXT}, wonderful brilliant " * 190, "explain": True}),
    ("/sentiment/batch", {"texts": [TEXT]}),
    ("/sentiment/batch", {"texts": [TEXT], "explain": True}),
    ("/tokenize", {"texts": [LONG]}),
    ("/tokenize", {"texts": ["a"] * 900}),
    ("/pad", {"sequences": [[1]] * 1000, "maxlen": 1000}),
    ("/predict", {"sequences": [[1] * 12] * 9000}),
]
SHORT_REQUESTS = [
    ("/sentiment", {"text": TEXT}),
    ("/sentiment", {"text": TEXT, "explain": True}),
    ("/tokenize", {"texts": [TEXT]}),
    ("/pad", {"sequences": [[1]], "maxlen": 10}),
    ("/predict", {"sequences": [[1] * 12]}),
]


@pytest.mark.parametrize(("caller", "status"), [("somebody else", 503), ("127.0.0.1", 429)])
@pytest.mark.parametrize(("path", "body"), LONG_REQUESTS)
def test_long_requests_are_refused_where_all_places_are_taken(
    app: FastAPI, loaded: Loaded, path: str, body: dict[str, Any], caller: str, status: int
) -> None:
    """By others, or by the client itself."""

    async def work(client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response]:
        with full(loaded.compute, caller):
            busy = await client.post(path, json=body)
        return busy, await client.post(path, json=body)

    busy, answered = ask(app, work)
    assert (busy.status_code, busy.json()["status"]) == (status, status)
    assert busy.json()["title"] == HTTPStatus(status).phrase
    assert int(busy.headers["retry-after"]) >= 1
    assert answered.status_code == 200
    assert loaded.compute.admission.brief.seconds == loaded.compute.admission.long.seconds == 0


@pytest.mark.parametrize(("path", "body"), SHORT_REQUESTS)
def test_short_requests_need_no_place(app: FastAPI, loaded: Loaded, path: str, body: dict[str, Any]) -> None:
    async def work(client: httpx.AsyncClient) -> httpx.Response:
        with full(loaded.compute):
            return await client.post(path, json=body)

    assert ask(app, work).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/pad", {"sequences": [[1]] * 5_000, "maxlen": 1}, 200),
        ("/predict", {"sequences": [[0] * 200_000 + [1]]}, 200),
        ("/sentiment/batch", {"texts": ["a"] * 3_000, "explain": True}, 422),  # more words than are explained
    ],
)
def test_many_small_things_are_no_short_work(
    app: FastAPI, path: str, body: dict[str, Any], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def call(_compute: Compute, function: Callable[[], Any], *, seconds: float) -> Any:
        asked.append(seconds)
        return function()

    monkeypatch.setattr(Compute, "call", call)
    assert ask(app, lambda client: client.post(path, json=body)).status_code == status
    assert len(asked) == 1
    assert not is_short(asked[0])


def test_ids_that_are_not_read_are_looked_at(loaded: Loaded) -> None:
    found = loaded.part(service.SentimentService)
    with full(loaded.compute), pytest.raises(Busy):
        asyncio.run(found.predict(found.models.get(None), [[0] * 200_000 + [1]]))


@pytest.mark.parametrize(
    ("path", "field", "item", "complaint"),
    [
        ("/sentiment/batch", "texts", 1, "must be a string"),
        ("/sentiment/batch", "texts", "", "must not be empty"),
        ("/tokenize", "texts", "", "must not be empty"),
        ("/hf", "inputs", 1, "must be a string"),
        ("/pad", "sequences", 1, "must be a list"),
    ],
)
def test_of_many_wrong_items_ten_are_named_in_a_thread(
    app: FastAPI, loaded: Loaded, path: str, field: str, item: Any, complaint: str
) -> None:
    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        few, many = ({field: [item] * count} for count in (20, 5_000))
        with full(loaded.compute):
            refused = [await client.post(path, json=body) for body in (few, many)]
        return [*refused, await client.post(path, json=many)]

    few, busy, many = ask(app, work)
    assert [answer.status_code for answer in (few, busy, many)] == [422, 503, 422]
    named = 1 if path == "/pad" else 10
    for answer, count in ((few, 20), (many, 5_000)):
        assert answer.json()["errors"] == [
            {"pointer": f"#/{field}/{place}", "detail": complaint} for place in range(named)
        ]
        assert (f"and {count - 1:,} more" in answer.json()["detail"]) is (named > 1)


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every way to classify or explain a text say that it took :data:`TIMING`."""
    encode = service._encode
    monkeypatch.setattr(service, "_encode", lambda *arguments: (encode(*arguments)[0], TIMING.tokenize))
    seconds = Seconds(TIMING.predict, 2.5)
    monkeypatch.setattr(service, "explain_all", lambda *arguments: (explain_all(*arguments)[0], seconds))
    for kind, name in ((Classifier, "classify"), (Classifier, "classify_all"), (DynamicBatcher, "classify")):
        original = getattr(kind, name)

        def classify(*arguments: Any, original: Any = original, **options: Any) -> Any:
            return original(*arguments, **options)[0], TIMING

        async def classify_soon(*arguments: Any, original: Any = original, **options: Any) -> Any:
            return (await original(*arguments, **options))[0], TIMING

        monkeypatch.setattr(kind, name, classify_soon if kind is DynamicBatcher else classify)


@pytest.mark.usefixtures("timed")
@pytest.mark.parametrize(
    ("path", "body", "texts"),
    [
        ("/sentiment", {"text": TEXT}, 1),
        ("/sentiment", {"text": LONG}, 1),
        ("/sentiment", {"text": TEXT, "explain": True}, 1),
        ("/sentiment/batch", {"texts": [TEXT, TEXT]}, 2),
        ("/sentiment/batch", {"texts": [TEXT, TEXT], "explain": True}, 2),
    ],
)
def test_each_step_is_timed_and_counted_as_what_it_is(
    app: FastAPI, path: str, body: dict[str, Any], texts: int
) -> None:
    async def work(client: httpx.AsyncClient) -> tuple[str, str]:
        answer = await client.post(path, json=body)
        return answer.headers["server-timing"], (await client.get("/metrics")).text

    timing, metrics = ask(app, work)
    assert re.match(r"tokenize;dur=1500\.000, predict;dur=7000\.000(, explain;dur=2500\.000)?$", timing)
    assert ("explain" in timing) is ("explain" in body)
    for line in (
        'sentiment_tokenize_seconds_sum{model="sentiment-tiny",version="1.0.0"} 1.5',
        'sentiment_tokenize_seconds_count{model="sentiment-tiny",version="1.0.0"} 1.0',
        'sentiment_predict_seconds_sum{model="sentiment-tiny",version="1.0.0"} 7.0',
        'sentiment_predict_seconds_count{model="sentiment-tiny",version="1.0.0"} 1.0',
        f'sentiment_texts_total{{label="positive",model="sentiment-tiny",version="1.0.0"}} {texts}.0',
        'sentiment_texts_total{label="negative",model="sentiment-tiny",version="1.0.0"} 0.0',
    ):
        assert line in metrics.splitlines()


@pytest.mark.parametrize("fast", [True, False])
def test_a_client_that_hung_up_is_counted_as_such(
    app: FastAPI, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    if not fast:
        monkeypatch.setattr(JSONRoute, "answer", None)  # whoever took the fast path would fail
        app.dependency_overrides = {ask: ask}
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def work(client: httpx.AsyncClient) -> str:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"99")]
        scope = {"type": "http", "method": "POST", "path": "/sentiment", "query_string": b"", "headers": headers}
        await app(scope, receive, send)
        return (await client.get("/metrics")).text

    metrics = ask(app, work)
    assert sent == []
    assert 'http_request_duration_seconds_count{method="POST",route="/sentiment",status="499"} 1.0' in metrics
    assert '"status": 499' in capsys.readouterr().out


def test_what_a_batch_took_is_the_sum_over_its_parts(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "SLICE", 2)
    encode = service._encode
    monkeypatch.setattr(service, "_encode", lambda *arguments: (encode(*arguments)[0], 1.0))
    monkeypatch.setattr(service, "explain_all", lambda *arguments: (explain_all(*arguments)[0], Seconds(2.0, 4.0)))

    async def work(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(
            "/sentiment/batch", json={"texts": [TEXT, "dull", "film", "plot", TEXT], "explain": True}
        )

    answer = ask(app, work)
    assert answer.headers["server-timing"] == "tokenize;dur=3000.000, predict;dur=6000.000, explain;dur=12000.000"
    assert [len(result["words"]) for result in answer.json()["results"]] == [3, 1, 1, 1, 3]


def test_sequences_that_are_predicted_in_parts_keep_their_order(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "SLICE", 100)
    sequences = [[1, 3 + number % 9] for number in range(1_000)]

    async def work(client: httpx.AsyncClient) -> list[float]:
        many = await client.post("/predict", json={"sequences": sequences})
        few = await client.post("/predict", json={"sequences": sequences[:9]})
        assert many.json()["probabilities"][:9] == pytest.approx(few.json()["probabilities"], abs=2e-6)
        return [many.json()["probabilities"][at] for at in (0, 9, 900)]

    first, ninth, last = ask(app, work)
    assert first == pytest.approx(ninth, abs=2e-6)
    assert first == pytest.approx(last, abs=2e-6)


def test_threads_of_streams_run_python_in_turn_and_the_model_at_once(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = loaded.sentiment
    model = served.models.get("sentiment-tiny")
    held: dict[str, set[bool]] = {"encode": set(), "predict": set(), "convert": set()}

    def watch(owner: object, name: str) -> None:
        function = getattr(owner, name)

        def watched(*arguments: Any) -> Any:
            held[name].add(TURN.locked())
            return function(*arguments)

        monkeypatch.setattr(owner, name, watched)

    watch(model.tokenizer, "encode")
    watch(model.engine, "predict")

    def convert(_found: Classification) -> None:
        held["convert"].add(TURN.locked())

    asyncio.run(served.classify_rows(model, [TEXT] * 3, model.labels, convert))
    assert held == {"encode": {True}, "predict": {False}, "convert": {True}}
    assert not TURN.locked()


@pytest.mark.parametrize(("path", "body"), [*SHORT_REQUESTS, ("/sentiment/batch", {"texts": [TEXT] * 100})])
def test_nothing_but_streams_waits_for_a_turn(app: FastAPI, path: str, body: dict[str, Any]) -> None:
    async def work(client: httpx.AsyncClient) -> httpx.Response:
        return await asyncio.wait_for(client.post(path, json=body), 30)

    with TURN:
        assert ask(app, work).status_code == 200


@pytest.mark.parametrize(
    ("sequences", "maxlen"),
    [([[]], None), ([[], []], None), ([[1], [2, 3], [4, 5, 6]], None), ([[1, 2]] * 7, 3), ([[1, 2, 3]] * 3, 2)],
)
def test_rows_are_padded_in_parts(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, sequences: list[list[int]], maxlen: int | None
) -> None:
    monkeypatch.setattr(routes, "PADDED_AT_ONCE", 5)

    async def work(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/pad", json={"sequences": sequences, "maxlen": maxlen})

    padded = pad_sequences(sequences, maxlen or max(map(len, sequences)))
    assert ask(app, work).json() == {"padded": padded.tolist(), "shape": list(padded.shape)}
