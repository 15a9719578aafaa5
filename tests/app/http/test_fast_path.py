from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi import Path as InPath
from starlette.responses import Response

from app.http.fast_path import FastPath
from app.http.json_routes import JSONBody, JSONRoute
from app.main import create_app
from app.sentiment.schemas import SentimentRequest
from app.settings import Settings
from tests.app.http.test_rails import Header
from tests.asgi import ask

TEXT = {"text": "a superb film"}
BODY = JSONBody(SentimentRequest)


def make(models_dir: Path, **options: Any) -> FastAPI:
    return create_app(Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"}), **options)


def send(app: FastAPI, *requests: tuple[str, str, Any]) -> list[httpx.Response]:
    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.request(method, path, json=body) for method, path, body in requests]

    return ask(app, work)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note the paths of the requests that take the fast path."""
    taken: list[str] = []
    answer = JSONRoute.answer

    async def note(route: JSONRoute, request: Any) -> Any:
        taken.append(request.scope["path"])
        return await answer(route, request)

    with monkeypatch.context() as patched:
        patched.setattr(JSONRoute, "answer", note)
        yield taken


FIXED = ["/sentiment", "/sentiment/batch", "/tokenize", "/pad", "/predict", "/activations", "/analogies"]


def test_routes_whose_endpoints_need_the_request_alone_take_it(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = [
        "/hf",
        "/hf/sentiment-tiny",
        "/v1/models/sentiment-tiny:predict",
        "/v1/models/sentiment-tiny/versions/1.0.0:predict",
        "/v2/models/sentiment-tiny/infer",
        "/v2/models/sentiment-tiny/versions/1.0.0/infer",
        "/v2/models/sentiment-none/infer",
        "/forecasts/tiny",
        "/forecasts/none",
    ]
    others = [
        ("POST", f"/v2/models/{'a' * 300}/infer", TEXT),
        ("POST", "/v2/models/sentiment-tiny", TEXT),
        ("GET", "/v2/models/sentiment-tiny", None),
        ("GET", "/forecasts/tiny", None),
        ("GET", "/analogies?expression=king", None),
        ("POST", "/sentiment/", TEXT),
        ("PUT", "/sentiment", TEXT),
    ]
    with counted(monkeypatch) as taken:
        send(make(models_dir), *(("POST", path, TEXT) for path in [*FIXED, *named]), *others)
    assert taken == [*FIXED, *named]


def test_parameters_of_the_path_that_may_be_any_string_need_no_check() -> None:
    async def endpoint(body: Annotated[Any, Depends(BODY)], name: Annotated[str, InPath()]) -> Response:
        return Response(f"{name} {body}")

    async def short(body: Annotated[Any, Depends(BODY)], name: Annotated[str, InPath(max_length=3)]) -> Response:
        return Response(f"{name} {body}")

    async def number(body: Annotated[Any, Depends(BODY)], name: Annotated[int, InPath()]) -> Response:
        return Response(f"{name} {body}")

    routes = [JSONRoute("/{name}", one) for one in (endpoint, short, number)]
    assert [route.needs_request_alone for route in routes] == [True, False, False]


async def nothing() -> None:
    pass


def with_middleware_inside(models_dir: Path) -> FastAPI:
    from starlette.middleware import Middleware

    return make(models_dir, middleware=[Middleware(Header)])


def with_a_dependency(models_dir: Path) -> FastAPI:
    return make(models_dir, dependencies=[Depends(nothing)])


def with_a_handler(models_dir: Path) -> FastAPI:
    app = make(models_dir)
    app.add_exception_handler(ZeroDivisionError, lambda _request, _error: Response(status_code=400))
    return app


def with_an_override(models_dir: Path) -> FastAPI:
    app = make(models_dir)
    app.dependency_overrides[nothing] = nothing
    return app


@pytest.mark.parametrize("change", [with_middleware_inside, with_a_dependency, with_a_handler, with_an_override])
def test_nothing_takes_it_once_something_was_added(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    with counted(monkeypatch) as taken:
        (answer,) = send(change(models_dir), ("POST", "/sentiment", TEXT))
    assert answer.status_code == 200
    assert taken == []


def test_middleware_further_out_changes_nothing(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make(models_dir)
    app.add_middleware(Header)
    with counted(monkeypatch) as taken:
        (answer,) = send(app, ("POST", "/sentiment", TEXT))
    assert answer.headers["x-added"] == "yes"
    assert taken == ["/sentiment"]


def test_a_route_that_comes_first_keeps_a_path_from_it(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app, own = make(models_dir), FastAPI()

    @own.post("/{any}/models/sentiment-tiny/infer")
    async def mine() -> str:
        return "mine"

    app.router.routes.insert(0, own.router.routes[-1])
    with counted(monkeypatch) as taken:
        first, second = send(
            app, *(("POST", f"/v2/models/{model}/infer", INFERENCE) for model in ("sentiment-tiny", "sentiment-none"))
        )
    assert first.json() == "mine"
    assert second.status_code == 404
    assert taken == ["/v2/models/sentiment-none/infer"]


INFERENCE = {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a superb film"]}]}

REQUESTS: list[tuple[str, str, Any]] = [
    ("POST", "/sentiment", TEXT),
    ("POST", "/sentiment", {"text": 1}),
    ("POST", "/sentiment?labels=negative,positive", TEXT),
    ("POST", "/sentiment?top=3", TEXT),
    ("POST", "/pad?x=1", {"sequences": [[1]]}),
    ("POST", "/sentiment", {"text": "a", "model": "sentiment-none"}),
    ("POST", "/sentiment", {"text": "not a bad plot", "explain": True}),
    ("POST", "/sentiment/batch", {"texts": ["a superb film", "awful"]}),
    ("POST", "/tokenize", {"texts": ["a superb film"]}),
    ("POST", "/pad", {"sequences": [[1], [1, 2]]}),
    ("POST", "/predict", {"sequences": [[1, 10**9]]}),
    ("POST", "/analogies", {"positive": ["nobody"]}),
    ("POST", "/hf", {"inputs": "a superb film"}),
    ("POST", "/hf/sentiment-none", {"inputs": "a superb film"}),
    ("POST", "/v1/models/sentiment-tiny:predict", {"instances": [""]}),
    ("POST", "/v2/models/sentiment-tiny/infer", INFERENCE),
    ("POST", "/v2/models/sentiment-tiny/versions/7/infer", INFERENCE),
    ("GET", "/metrics", None),
]


def described(answer: httpx.Response) -> dict[str, str]:
    """The headers of an answer, but for those that no two have alike."""
    return {name: value for name, value in answer.headers.items() if name not in {"x-request-id", "server-timing"}}


def test_both_ways_give_the_same_answers_and_are_counted_alike(models_dir: Path) -> None:
    slow = make(models_dir)
    slow.user_middleware = [one for one in slow.user_middleware if one.cls is not FastPath]  # type: ignore[comparison-overlap]
    *answers, metrics = zip(send(make(models_dir), *REQUESTS), send(slow, *REQUESTS), strict=True)
    for fast, long in answers:
        assert (fast.status_code, fast.content) == (long.status_code, long.content)
        assert described(fast) == described(long)
        assert ("server-timing" in fast.headers) is ("server-timing" in long.headers)
    fast_counts, long_counts = (
        [line for line in found.text.splitlines() if line.startswith("http_request_duration_seconds_count")]
        for found in metrics
    )
    assert fast_counts == long_counts
    assert len(fast_counts) == 14
