"""Middleware: the fast path from a request to a route that FastAPI's layers would do nothing for."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

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

Handler = Callable[[Request, Any], Awaitable[Response]]


class FastPath:
    """Calls the endpoints of some routes itself.

    FastAPI matches all paths in turn, opens three exit stacks and solves the dependencies of the route: for a short
    text that takes longer than to classify it (``python -m bench`` shows what the fast path gains). It is the innermost
    middleware, so all others see every request. A request takes it if it is a ``POST`` to a route of a fixed path whose
    endpoint names all its dependencies, and while nothing was added that FastAPI would have to run there: a dependency
    of the app, the router or the route, an override of one, an exception handler, a middleware further in, a route that
    comes first, a tracer. All other requests go FastAPI's own way, to the same endpoints. Two dependencies are known
    here and called themselves: the check of the API key, and that of the query. ``HEAD`` becomes ``GET`` here.
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
        self._routes = _routes(service, query_check, key_check) if nothing_added else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        method = scope.get("method")
        if method == "HEAD":
            await answer_head(self._app, scope, receive, send)
            return
        found = self._routes.get(_path(scope)) if method == "POST" else None
        if found is None or self._service.dependency_overrides or _TELEMETRY in scope:
            await self._app(scope, receive, send)
            return
        route, key_check = found
        scope["route"] = route
        scope["endpoint"] = route.endpoint
        scope["path_params"] = {}
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


def _routes(
    service: FastAPI, query_check: QueryCheck, key_check: KeyCheck | None
) -> dict[str, tuple[JSONRoute, KeyCheck | None]]:
    """Return the routes that take the fast path, by their paths, each with what checks keys there."""
    found: dict[str, tuple[JSONRoute, KeyCheck | None]] = {}
    contexts = list(iter_route_contexts(service.routes))
    for context in contexts:
        path = context.path or ""
        scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
        first = next((other for other in contexts if other.matches(scope)[0] is Match.FULL), None)
        route = context.original_route
        if first is not context or not isinstance(route, JSONRoute) or not route.needs_request_alone:
            continue
        dependencies = [dependency.dependency for dependency in context.dependencies]
        if dependencies == [query_check]:
            found[path] = route, None
        elif dependencies == [key_check, query_check]:
            found[path] = route, key_check
    return found
