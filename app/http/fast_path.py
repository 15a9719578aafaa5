"""Middleware: the fast path from a request to a route that FastAPI's layers would do nothing for."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.head import answer_head
from app.http.json_routes import JSONRoute
from app.http.keys import KeyCheck
from app.http.query import QueryCheck

_TELEMETRY: Final = "fastapi.telemetry"
"""FastAPI's own key in the scope of a request that it traces."""

_PATHS: Final = 1_024
"""Paths whose routes are remembered."""
_LONGEST: Final = 256
"""Characters of a path that takes the fast path."""

Handler = Callable[[Request, Any], Awaitable[Response]]


class FastPath:
    """Calls the endpoints of some routes itself.

    FastAPI matches all paths in turn, opens three exit stacks and solves the dependencies of the route: for a short
    text that takes longer than to classify it (``python -m bench`` shows what the fast path gains). It is the innermost
    middleware, so all others see every request. A request takes it if it is a ``POST`` to a route whose endpoint names
    nothing but its body, parts of what is loaded, the request and parameters of the path that may be any string, and
    while nothing was added that FastAPI would have to run there: a dependency of the app, the router or the route, an
    override of one, an exception handler, a middleware further in, a route that comes first, a tracer. All other
    requests go FastAPI's own way, to the same endpoints. Two dependencies are known here and called themselves: the
    check of the API key, and that of the query. ``HEAD`` becomes ``GET`` here.
    """

    def __init__(
        self,
        app: ASGIApp,
        service: FastAPI,
        handlers: dict[Any, Handler],
        query_check: QueryCheck,
        key_check: KeyCheck | None = None,
    ) -> None:
        """Learn the routes. Starlette calls this when the app starts; after that, nothing may be added to an app.

        Args:
            app: FastAPI's own way.
            service: The app.
            handlers: Its exception handlers before any was added.
            query_check: The dependency that refuses unknown query parameters.
            key_check: The dependency that checks API keys, where there are any.
        """
        self._app = app
        self._query_check = query_check
        self._service = service
        self._handlers = handlers
        innermost: Any = service.user_middleware[-1].cls
        nothing_added = innermost is FastPath and service.exception_handlers == handlers
        self._find = _finder(service, query_check, key_check) if nothing_added else _nothing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        method = scope.get("method")
        if method == "HEAD":
            await answer_head(self._app, scope, receive, send)
            return
        found = self._find(_path(scope)) if method == "POST" else None
        if found is None or self._service.dependency_overrides or _TELEMETRY in scope:
            await self._app(scope, receive, send)
            return
        route, key_check, parameters = found
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        scope["path_params"] = {**parameters}
        request = Request(scope, receive, send)
        try:
            if key_check is not None:
                key_check.check(scope)
            if scope["query_string"]:
                self._query_check.check(scope)
            response = await route.answer(request)
        except Exception as error:
            handler = self._handlers.get(type(error))
            if handler is None:
                raise
            response = await handler(request, error)
        await response(scope, receive, send)


def _path(scope: Scope) -> str:
    """Return the path of a request, without that below which a proxy has the service."""
    path: str = scope.get("path", "")
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


class _Found(NamedTuple):
    """Where a path leads.

    Attributes:
        route: Its route.
        key_check: What checks keys there, if anything does.
        parameters: What the path says for the parameters of the route.
    """

    route: JSONRoute
    key_check: KeyCheck | None
    parameters: dict[str, Any]


def _nothing(_path: str) -> None:
    """Find no route for any path."""


def _finder(service: FastAPI, query_check: QueryCheck, key_check: KeyCheck | None) -> Callable[[str], _Found | None]:
    """Return the function that finds the routes of paths, if they take the fast path.

    It asks all routes in turn, as FastAPI does, and remembers what it found for the paths that were asked for last.
    """
    contexts = list(iter_route_contexts(service.routes))

    @lru_cache(_PATHS)
    def match(path: str) -> _Found | None:
        scope: Scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
        matches = ((context, *context.matches(scope)) for context in contexts)
        first = next(((context, child) for context, matched, child in matches if matched is Match.FULL), None)
        if first is None:
            return None
        context, child = first
        route = context.original_route
        if not isinstance(route, JSONRoute) or not route.needs_request_alone:
            return None
        dependencies = [dependency.dependency for dependency in context.dependencies]
        if dependencies not in ([query_check], [key_check, query_check]):
            return None
        return _Found(route, key_check if len(dependencies) > 1 else None, child.get("path_params", {}))

    return lambda path: match(path) if len(path) <= _LONGEST else None
