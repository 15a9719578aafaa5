"""Query parameters that a route does not declare are refused, and all that somebody declared are taken."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Security
from fastapi.security import APIKeyQuery
from pydantic import BaseModel

from app.http import problems
from app.http.keys import KeyCheck
from app.main import create_app
from app.settings import Settings
from tests.asgi import ask

TEXT = {"text": "a superb film"}


def make(models_dir: Path, **options: Any) -> FastAPI:
    return create_app(Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"}), **options)


def asking(*paths: str) -> Callable[[httpx.AsyncClient], Awaitable[list[httpx.Response]]]:
    """Post to some paths, and get the others."""

    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [
            await (client.post(path, json=TEXT) if path.startswith(("/sentiment", "/pad")) else client.get(path))
            for path in paths
        ]

    return work


def statuses(app: FastAPI, *paths: str) -> list[int]:
    return [answer.status_code for answer in ask(app, asking(*paths))]


def test_every_route_of_the_document_refuses_what_it_does_not_declare(models_dir: Path) -> None:
    app = make(models_dir)
    names = {"{name}": "tiny", "{space}": "toy", "{word}": "king"}
    every = []
    for path, operations in app.openapi()["paths"].items():
        for name, value in names.items():
            path = path.replace(name, value)
        every += [(method, path) for method in operations]

    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.request(method, f"{path}?frotz=1", json=TEXT) for method, path in every]

    for answer in ask(app, work):
        assert answer.status_code == 422, answer.url
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["pointer"] for error in answer.json()["errors"]] == ["#/query/frotz"]
    assert len(every) >= 18


def test_the_refusal_says_which_parameters_there_are(models_dir: Path) -> None:
    paths = ["/vectors/toy/king/neighbors?top=3", "/sentiment?a/b=1&lables=x&model=sentiment-tiny", "/pad?x=&y"]
    one, two, three = (answer.json() for answer in ask(make(models_dir), asking(*paths)))
    detail = "is not a known parameter; there are `topn`"
    assert one["detail"] == f"The request is not valid: #/query/top {detail}."
    assert one["errors"] == [{"pointer": "#/query/top", "detail": detail}]
    detail = "is not a known parameter; there are `explain`, `labels`, `model`, `version`"
    assert two["errors"] == [{"pointer": f"#/query/{name}", "detail": detail} for name in ("a~1b", "lables")]
    assert [error["pointer"] for error in three["errors"]] == ["#/query/x", "#/query/y"]
    assert three["errors"][0]["detail"] == "is not a known parameter; there are none here"


def test_of_many_parameters_the_first_are_named_and_all_counted(models_dir: Path) -> None:
    (found,) = ask(make(models_dir), asking("/pad?" + "&".join(f"a{number}" for number in range(1_234))))
    assert [error["pointer"] for error in found.json()["errors"]] == [f"#/query/a{number}" for number in range(10)]
    assert found.json()["detail"].endswith(", and 1,233 more.")


def test_what_is_declared_is_taken(models_dir: Path) -> None:
    paths = [
        "/vectors/toy/king/neighbors?topn=3",
        "/analogies?expression=king&space=toy&topn=1&normalize=true&exclude_inputs=true&restrict_vocab=5",
        "/sentiment?model=sentiment-tiny&labels=negative,positive&explain=false",
        "/sentiment?",
        "/?utm_source=x",
        "/docs?a=1",
        "/web/main.js?v=2",
        "/openapi.json?a=1",
    ]
    assert statuses(make(models_dir), *paths) == [200] * len(paths)


class Filter(BaseModel):
    tenant: str = ""


async def mine(lang: str = "en", *, of: Annotated[Filter, Query()]) -> None:
    pass


async def outer(_: Annotated[None, Depends(mine)]) -> None:
    pass


class Key:
    async def __call__(self, _key: Annotated[str, Security(APIKeyQuery(name="key"))]) -> None:
        pass


async def whole(request: Request) -> None:
    assert request.query_params["anything"]


async def around(_: Annotated[None, Depends(whole)]) -> None:
    pass


@pytest.mark.parametrize(
    ("dependency", "query", "unknown"),
    [
        (outer, "lang=de&tenant=x", 422),
        (Key(), "key=abc", 422),
        (whole, "anything=1", 200),
        (around, "anything=1", 200),
    ],
)
def test_what_a_dependency_of_others_declares_is_taken(
    models_dir: Path, dependency: Callable[..., Any], query: str, unknown: int
) -> None:
    app = make(models_dir, dependencies=[Depends(dependency)])
    taken = statuses(app, f"/sentiment?{query}", f"/models?{query}", f"/sentiment?{query}&frotz=1")
    assert taken == [200, 200, unknown]


def test_routes_of_others_take_what_they_like(models_dir: Path) -> None:
    app = make(models_dir)
    router = APIRouter()

    @router.get("/mine")
    @app.get("/also-mine")
    async def read(request: Request) -> dict[str, str]:
        return dict(request.query_params)

    app.include_router(router)
    assert [answer.json() for answer in ask(app, asking("/mine?a=1", "/also-mine?b=2"))] == [{"a": "1"}, {"b": "2"}]


def test_whoever_may_not_call_is_not_told_the_parameters(models_dir: Path) -> None:
    settings = {"models_dir": models_dir, "default_model": "sentiment-tiny", "api_keys": "secret"}
    app = create_app(Settings.model_validate(settings))
    assert statuses(app, "/sentiment?frotz=1", "/models?frotz=1", "/health/live?frotz=1") == [401, 401, 422]
    assert isinstance(app.user_middleware[-1].kwargs["key_check"], KeyCheck)


def test_an_exception_handler_of_others_gets_the_refusal(models_dir: Path) -> None:
    from starlette.responses import JSONResponse

    app = make(models_dir)
    app.add_exception_handler(problems.Problem, lambda _request, error: JSONResponse({"mine": str(error)}, 400))
    (answer,) = ask(app, asking("/sentiment?frotz=1"))
    assert answer.status_code == 400
    assert "#/query/frotz" in answer.json()["mine"]
