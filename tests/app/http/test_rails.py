"""What FastAPI documents holds on every route: dependencies, middleware, exception handlers, HTTPException."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.forecasts import routes as forecast_routes
from app.http import problems
from app.loaded import Loaded
from app.main import ROUTERS, create_app
from app.operations.metrics import Metrics
from app.sentiment import routes as sentiment_routes
from app.sentiment.service import SentimentService
from app.settings import Settings
from tests.asgi import ask

Make = Callable[..., FastAPI]

DENIED = {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": "Nobody may."}
TEXT = {"text": "a superb film"}


def deny() -> None:
    raise HTTPException(403, "Nobody may.")


class Header:
    """Middleware that adds a header to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_header(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-added", b"yes"))
            await send(message)

        await self._app(scope, receive, send_with_header)


@pytest.fixture(scope="module")
def loaded(models_dir: Path) -> Iterator[Loaded]:
    settings = Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"})
    found = Loaded.load(settings, Metrics())
    yield found
    found.compute.close()


@pytest.fixture(scope="module")
def make(loaded: Loaded) -> Make:
    return lambda **options: create_app(loaded.settings, loaded, **options)


def operations(app: FastAPI) -> list[tuple[str, str]]:
    """The method and a path of every operation of the OpenAPI document."""
    names = {"{name}": "tiny", "{space}": "toy", "{word}": "king", "{model}": "sentiment-tiny"}
    found = []
    for path, methods in app.openapi()["paths"].items():
        for name, value in names.items():
            path = path.replace(name, value)
        found += [(method.upper(), path) for method in methods]
    return found


def denial(path: str) -> dict[str, Any]:
    """What is answered where nobody may: on routes of other protocols, the sentence also where their clients look."""
    return DENIED | {"error": DENIED["detail"]} if path.startswith(("/hf", "/v1/", "/v2")) else DENIED


def denied(app: FastAPI, paths: list[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Ask every operation for something; return what was not denied as it should be."""

    async def work(client: httpx.AsyncClient) -> dict[tuple[str, str], Any]:
        answers = {(method, path): await client.request(method, path, json=TEXT) for method, path in paths}
        return {key: answer.text for key, answer in answers.items() if answer.json() != denial(key[1])}

    return ask(app, work)


def own_dependencies() -> list[Any]:
    """Those that the endpoints themselves name."""
    routes: list[Any] = [*sentiment_routes.json_router.routes, *forecast_routes.json_router.routes]
    return [dependency.call for route in routes for dependency in route.dependant.dependencies]


def in_app(make: Make, _loaded: Loaded) -> FastAPI:
    return make(dependencies=[Depends(deny)])


def in_include_router(_make: Make, loaded: Loaded) -> FastAPI:
    app = FastAPI(exception_handlers=problems.handlers())
    app.state.loaded = loaded
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(deny)])
    return app


def in_outer_router(_make: Make, loaded: Loaded) -> FastAPI:
    outer = APIRouter(dependencies=[Depends(deny)])
    for router in ROUTERS:
        outer.include_router(router)
    app = FastAPI(exception_handlers=problems.handlers())
    app.state.loaded = loaded
    app.include_router(outer)
    return app


@pytest.mark.parametrize("way", [in_app, in_include_router, in_outer_router])
def test_a_denying_dependency_denies_on_every_route(
    make: Make, loaded: Loaded, way: Callable[[Make, Loaded], FastAPI]
) -> None:
    every = operations(make())
    assert len(every) >= 29
    assert denied(way(make, loaded), every) == {}


def test_what_is_denied_is_not_read(make: Make) -> None:
    async def body() -> Any:
        raise AssertionError("the body was read")
        yield b""

    async def work(client: httpx.AsyncClient) -> int:
        headers = {"Content-Type": "application/json"}
        return (await client.post("/sentiment", content=body(), headers=headers)).status_code

    assert ask(make(dependencies=[Depends(deny)]), work) == 403


@pytest.mark.parametrize("path", ["/sentiment", "/forecasts/tiny"])
def test_a_dependency_of_an_endpoint_can_be_overridden(make: Make, path: str) -> None:
    app = make()

    async def work(client: httpx.AsyncClient) -> list[int]:
        statuses = []
        for overrides in ({}, dict.fromkeys(own_dependencies(), deny), {}):
            app.dependency_overrides = overrides
            statuses.append((await client.post(path, json=TEXT | {"model": "none"})).status_code)
        return statuses

    first, overridden, last = ask(app, work)
    assert overridden == 403
    assert first == last != 403


def test_added_middleware_sees_every_route(make: Make) -> None:
    app = make()
    app.add_middleware(Header)

    async def work(client: httpx.AsyncClient) -> set[str | None]:
        answers = [await client.request(method, path, json=TEXT) for method, path in operations(app)]
        return {answer.headers.get("x-added") for answer in answers}

    assert ask(app, work) == {"yes"}


def test_middleware_given_to_the_app_is_not_passed_by(make: Make) -> None:
    from starlette.middleware import Middleware

    async def work(client: httpx.AsyncClient) -> Any:
        return (await client.post("/sentiment", json=TEXT)).headers.get("x-added")

    assert ask(make(middleware=[Middleware(Header)]), work) == "yes"


@pytest.mark.parametrize("path", ["/sentiment", "/predict", "/forecasts/tiny", "/vectors"])
def test_an_http_exception_is_a_problem_with_its_detail(make: Make, path: str) -> None:
    app = make()

    def teapot() -> None:
        raise HTTPException(418, "Short and stout.", headers={"X-Handle": "here"})

    async def work(client: httpx.AsyncClient) -> httpx.Response:
        app.dependency_overrides = dict.fromkeys(own_dependencies(), teapot)
        method = "GET" if path == "/vectors" else "POST"
        return await client.request(method, path, json=TEXT)

    if path == "/vectors":
        app = make(dependencies=[Depends(teapot)])
    answer = ask(app, work)
    assert (answer.status_code, answer.headers["x-handle"]) == (418, "here")
    assert answer.json()["detail"] == "Short and stout."
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (HTTPException(403, {"code": 7}), '{"code": 7}'),
        (HTTPException(499, "Gone already."), "Gone already."),
        (HTTPException(404, "No such thing."), "No such thing."),
        (HTTPException(404), "There is nothing at this path; `/docs` lists what there is."),
    ],
)
def test_what_an_http_exception_says_is_kept(make: Make, error: HTTPException, detail: str) -> None:
    def fail() -> None:
        raise error

    async def work(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/sentiment", json=TEXT)

    answer = ask(make(dependencies=[Depends(fail)]), work)
    assert (answer.status_code, answer.json()["detail"]) == (error.status_code, detail)


def test_an_exception_handler_handles_what_endpoints_raise(make: Make) -> None:
    app = make()

    @app.exception_handler(problems.Problem)
    async def on_problem(_request: Request, error: problems.Problem) -> Response:
        return JSONResponse({"mine": error.status}, 400)

    async def work(client: httpx.AsyncClient) -> list[Any]:
        wrong: list[tuple[str, dict[str, Any]]] = [("/sentiment", {}), ("/pad", {}), ("/forecasts/tiny", {})]
        return [(await client.post(path, json=body)).json() for path, body in wrong]

    assert ask(app, work) == [{"mine": 422}] * 3


class Odd(Exception):
    pass


def odd() -> None:
    raise Odd


async def on_odd(request: Request, error: Exception) -> Response:
    return JSONResponse({"mine": type(error).__name__, "path": request.url.path}, 409)


def on_odd_at_once(request: Request, error: Exception) -> Response:
    return JSONResponse({"mine": type(error).__name__, "path": request.url.path}, 409)


@pytest.mark.parametrize("key", [Odd, Exception, 500])
@pytest.mark.parametrize("handler", [on_odd, on_odd_at_once])
def test_a_handler_of_what_nobody_expects_answers_on_every_route(make: Make, key: Any, handler: Any) -> None:
    app = make(exception_handlers={key: handler}, dependencies=[Depends(odd)])
    paths = operations(make())

    async def work(client: httpx.AsyncClient) -> list[httpx.Response]:
        return [await client.request(method, path, json=TEXT) for method, path in paths]

    answers = ask(app, work)
    assert [answer.json() for answer in answers] == [{"mine": "Odd", "path": path} for _, path in paths]
    assert all("x-request-id" in answer.headers for answer in answers)


def test_a_route_that_was_put_first_answers(make: Make) -> None:
    app = make()
    own = FastAPI()

    @own.post("/sentiment")
    async def mine() -> dict[str, str]:
        return {"mine": "yes"}

    app.router.routes.insert(0, own.router.routes[-1])

    async def work(client: httpx.AsyncClient) -> Any:
        return (await client.post("/sentiment", json=TEXT)).json()

    assert ask(app, work) == {"mine": "yes"}


def test_a_route_may_ask_for_what_is_loaded(make: Make) -> None:
    app = make()

    @app.get("/default")
    async def default(service: sentiment_routes.Service) -> str:
        return service.models.default.name

    async def work(client: httpx.AsyncClient) -> Any:
        return json.loads((await client.get("/default")).content)

    assert ask(app, work) == "sentiment-tiny"
    assert SentimentService in [type(part) for part in vars(app.state.loaded).values()]
