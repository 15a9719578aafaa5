import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.client import AsyncClient, Client, ServiceError
from app.http.schemas import FieldError
from app.main import create_app
from app.settings import Settings
from tests import toys

TEXT = "A wonderful film, I loved it!"
PARIS = [[10, 25, 60], [13, 10, 80], [9, 5, 90], [7, 0, 100]]
QUESTIONS: dict[str, tuple[Any, ...]] = {
    "sentiment": (TEXT,),
    "sentiment_batch": ([TEXT, "awful"],),
    "tokenize": ([TEXT, "café"], True),
    "pad": ([[1, 2], [3]], 4, "post", "post", 7),
    "predict": ([[1, 4, 5], [1]],),
    "activations": ([1, 4, 5], [2]),
    "models": (),
    "vectors": (),
    "vector": ("and/or", "toy"),
    "neighbors": ("king", "toy", 3),
    "similarity": ("king", "queen", "toy"),
    "projection": (["king", "queen", "man"], "toy", 3, True),
    "analogies": (["queen", "man"], ["king"], "toy", 2, False, False, 5),
    "forecasts": (),
    "forecast_details": ("tiny",),
    "forecast": ("tiny", [PARIS]),
}


@pytest.fixture
def service(client: httpx.Client) -> Iterator[Client]:
    """The client under test, on the server of the tests."""
    with Client(str(client.base_url)) as service:
        yield service


def answering(status: int, content: bytes = b"", **headers: str) -> Client:
    """A client of a service that always answers this."""
    return Client(
        "http://service",
        transport=httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, content=content)),
    )


def test_sentiment(service: Client, client: httpx.Client) -> None:
    answer = service.sentiment(TEXT)
    assert answer.label == "positive"
    assert answer.model_dump() == client.post("/sentiment", json={"text": TEXT}).json()
    assert service.sentiment(TEXT, model=answer.model) == answer


def test_sentiment_explained(service: Client, client: httpx.Client) -> None:
    answer = service.sentiment(TEXT, explain=True)
    assert answer.model_dump() == client.post("/sentiment", json={"text": TEXT, "explain": True}).json()
    assert answer.words[1].text == "wonderful"
    assert answer.words[1].contribution > 0
    assert [TEXT[found.start : found.end] for found in answer.sentences] == [TEXT]
    assert service.sentiment(TEXT, explain=False) == service.sentiment(TEXT)


def test_sentiment_batch(service: Client) -> None:
    answer = service.sentiment_batch((TEXT, "awful"))
    assert answer.results == [service.sentiment(TEXT), service.sentiment("awful")]


def test_sentiment_batch_explained(service: Client, client: httpx.Client) -> None:
    answer = service.sentiment_batch([TEXT, "awful"], explain=True)
    assert (
        answer.model_dump() == client.post("/sentiment/batch", json={"texts": [TEXT, "awful"], "explain": True}).json()
    )
    assert [word.text for word in answer.results[1].words] == ["awful"]
    assert service.sentiment_batch([TEXT], explain=False) == service.sentiment_batch([TEXT])


def test_warnings(service: Client) -> None:
    assert service.sentiment(TEXT).warnings == []
    assert service.sentiment("zebra").warnings == ["unknown_words"]
    assert service.sentiment("zebra", explain=True).warnings == ["unknown_words"]


def test_tokenize(service: Client) -> None:
    assert service.tokenize(["wonderful zzz"]).tokens == [["<start>", "wonderful", "<unknown>"]]
    fitted = service.tokenize(["This movie was awful", "I loved every moment of this movie!"], fit=True)
    assert fitted.sequences[0] == [1, 2, 3, 4]
    assert fitted.word_index is not None
    assert fitted.word_index["movie"] == 2


def test_pad(service: Client) -> None:
    assert service.pad([[1, 2], [3]]).padded == [[1, 2], [0, 3]]
    assert service.pad([[1, 2, 3], [4]], 2, padding="post", truncating="post", value=9).padded == [[1, 2], [4, 9]]
    assert service.pad([[1, 2, 3], [4]], 2, padding="post", value=9).padded == [[2, 3], [4, 9]]


def test_predict(service: Client) -> None:
    sequences = service.tokenize([TEXT]).sequences
    assert service.predict(sequences).probabilities[0] == pytest.approx(service.sentiment(TEXT).score, abs=2e-6)


def test_feedback() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/feedback")
        given = json.loads(request.content)
        assert given.pop("text") == TEXT
        return httpx.Response(201, json={"model": "sentiment-tiny", "version": "2", **given})

    transport = httpx.MockTransport(handle)
    answer = Client("http://service", transport=transport).feedback(TEXT, "negative")
    assert (answer.label, answer.model, answer.version) == ("negative", "sentiment-tiny", "2")

    async def ask() -> str:
        async with AsyncClient("http://service", transport=transport) as client:
            return (await client.feedback(TEXT, "negative", "other")).model

    assert asyncio.run(ask()) == "other"


def test_models(service: Client) -> None:
    assert [model.name for model in service.models().models if model.default] == [service.sentiment(TEXT).model]


def test_vectors(service: Client) -> None:
    assert [space.name for space in service.vectors().spaces] == ["toy"]
    assert service.vector("and/or", "toy").vector == toys.WORDS["and/or"]
    assert service.similarity("king", "king", "toy").similarity == pytest.approx(1)
    assert len(service.neighbors("king", "toy", 4).results) == 4
    assert [len(point.coordinates) for point in service.projection(["king", "man"], "toy", 3).points] == [3, 3]


def test_analogies(service: Client) -> None:
    assert service.analogies(["queen", "man"], ["king"], "toy", topn=1).results[0].word == "woman"
    raw = service.analogies(["queen", "man"], ["king"], "toy", normalize=False, exclude_inputs=False, restrict_vocab=3)
    assert [found.word for found in raw.results] == ["woman", "man", "the"]


def test_forecast(service: Client) -> None:
    answer = service.forecast("tiny", [PARIS, PARIS[:2]])
    assert answer.predictions[0] == service.forecast("tiny", [PARIS]).predictions[0]
    assert [warning.partition(":")[0] for warning in answer.warnings] == ["short_sequence"]
    asked = service.forecast("tiny", [PARIS], intervals=True)
    assert [asked.intervals, *(warning.partition(":")[0] for warning in asked.warnings)] == [None, "no_intervals"]
    assert len(answer.predictions) == 2
    assert answer.steps == service.forecast_details("tiny").steps == ["day+1"]
    assert [forecast.name for forecast in service.forecasts().forecasts] == ["tiny", "tiny-each-day"]


@pytest.mark.parametrize("name", ["none", "a/b", "../models", "?", ""])
def test_an_unknown_forecast_is_an_error(service: Client, name: str) -> None:
    for ask in (service.forecast_details, lambda name: service.forecast(name, [PARIS])):
        with pytest.raises(ServiceError) as caught:
            ask(name)
        assert caught.value.status == 404


def test_ready(service: Client) -> None:
    assert service.ready()
    assert not Client("http://127.0.0.1:1").ready()
    assert not answering(503).ready()


def test_fields_that_are_not_given_are_not_sent() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"sequences": [[1]], "padding": "pre", "truncating": "pre", "value": 0}
        return httpx.Response(200, json={"padded": [[1]], "shape": [1, 1]})

    Client("http://service", transport=httpx.MockTransport(handle)).pad([[1]])


def test_the_service_may_lie_below_a_path() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url == "http://service/nlp/models"
        return httpx.Response(200, json={"models": [], "refused": []})

    assert Client("http://service/nlp", transport=httpx.MockTransport(handle)).models().models == []


def test_an_error_of_the_service(service: Client) -> None:
    with pytest.raises(ServiceError) as caught:
        service.sentiment_batch([TEXT, ""])
    error = caught.value
    assert (error.status, error.title) == (422, "Unprocessable Content")
    assert error.errors == [FieldError(pointer="#/texts/1", detail="must not be empty")]
    assert error.request_id
    assert str(error) == f"422 Unprocessable Content: {error.detail}"


@pytest.mark.parametrize(
    ("service", "status", "title", "detail"),
    [
        (answering(502, b"<h1>Bad gateway</h1>"), 502, "Bad Gateway", "<h1>Bad gateway</h1>"),
        (answering(504), 504, "Gateway Timeout", "http://service/models says nothing more."),
        (answering(307, location="/x"), 307, "Temporary Redirect", "http://service/models says nothing more."),
        (answering(500, b'{"detail": 1}'), 500, "Internal Server Error", '{"detail": 1}'),
        (
            answering(200, b"<h1>Another service</h1>"),
            200,
            "OK",
            "The answer to http://service/models is not one of this service; is the base URL right?",
        ),
    ],
)
def test_answers_that_are_not_of_the_service(service: Client, status: int, title: str, detail: str) -> None:
    with pytest.raises(ServiceError) as caught:
        service.models()
    error = caught.value
    assert (error.status, error.title, error.detail, error.errors) == (status, title, detail, [])
    assert error.request_id is None


def test_a_service_that_does_not_answer() -> None:
    with Client("http://127.0.0.1:1") as service, pytest.raises(httpx.ConnectError):
        service.models()


def test_an_httpx_client_that_was_given_stays_open(client: httpx.Client) -> None:
    with Client(http=client) as service:
        assert service.ready()
    assert not client.is_closed
    with Client(str(client.base_url)) as own:
        assert own.ready()
    with pytest.raises(RuntimeError, match="closed"):
        own.models()


def test_the_async_client_is_the_same(models_dir: Path, service: Client) -> None:
    name = service.models().models[0].name
    app = create_app(Settings(models_dir=models_dir, default_model=name))

    async def ask() -> None:
        async with app.router.lifespan_context(app), AsyncClient(transport=httpx.ASGITransport(app)) as same:
            assert await same.ready()
            for method, arguments in QUESTIONS.items():
                assert await getattr(same, method)(*arguments) == getattr(service, method)(*arguments)
            assert await same.sentiment(TEXT, explain=True) == service.sentiment(TEXT, explain=True)
            with pytest.raises(ServiceError) as caught:
                await same.sentiment("")
            assert caught.value.errors[0].pointer == "#/text"

    asyncio.run(ask())


def test_an_async_httpx_client_that_was_given_stays_open() -> None:
    async def ask() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(503))
        async with httpx.AsyncClient(base_url="http://service", transport=transport) as http:
            async with AsyncClient(http=http) as service:
                assert not await service.ready()
            assert not http.is_closed
        async with AsyncClient("http://127.0.0.1:1") as nobody:
            assert not await nobody.ready()

    asyncio.run(ask())


@pytest.mark.parametrize("explain", [False, True])
def test_the_labels_to_choose_from_are_sent(explain: bool) -> None:
    sent: list[dict[str, Any]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(503)

    labels = ["negative", "neutral"]
    with Client("http://service", transport=httpx.MockTransport(handle)) as service:
        asked: list[tuple[Callable[..., Any], Any]] = [(service.sentiment, TEXT), (service.sentiment_batch, [TEXT])]
        for ask, what in asked:
            with pytest.raises(ServiceError):
                ask(what, explain=explain, labels=labels)
    assert [body.get("labels") for body in sent] == [labels, labels]
    assert [body.get("explain", False) for body in sent] == [explain, explain]
