"""Middleware: the short way from a request to its route."""

from collections.abc import Iterable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.bodies import JSONRoute
from app.http.problems import Problem


class Dispatch:
    """Hands requests straight to the routes that take JSON, past the layers that FastAPI puts in between.

    Those layers (matching all paths, dependencies, exit stacks, exception handlers) do nothing for such a route but
    take as long as the answer itself; what the short way gains is shown by ``bench``. A request that does not match
    to the letter goes the long way, to the same routes.

    The path of such a route is fixed, or ends in its one parameter, as ``/forecasts/{name}`` does; others are left to
    the long way.
    """

    def __init__(self, long_way: ASGIApp, app: FastAPI, routes: Iterable[BaseRoute]) -> None:
        """Learn the routes.

        Args:
            long_way: Where requests go that match none of the routes.
            app: The app that the routes belong to.
            routes: Those that take JSON are learnt.
        """
        self._long_way = long_way
        self._app = app
        self._fixed: dict[tuple[str, str], JSONRoute] = {}
        self._open: dict[tuple[str, str], tuple[JSONRoute, str]] = {}
        for route in routes:
            if isinstance(route, JSONRoute):
                parent, _, last = route.path.rpartition("/")
                parameters = list(route.param_convertors)
                for method in route.methods or ():
                    if not parameters:
                        self._fixed[method, route.path] = route
                    elif [last] == [f"{{{name}}}" for name in parameters]:
                        self._open[method, parent] = route, parameters[0]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        route, parameters = self._find(scope.get("method", ""), scope.get("path", ""))
        if route is None:
            await self._long_way(scope, receive, send)
            return
        scope["app"] = self._app
        scope["route"] = route
        scope["path_params"] = parameters
        try:
            response = await route.answer(Request(scope, receive))
        except Problem as problem:
            response = problem.response()
        await response(scope, receive, send)

    def _find(self, method: str, path: str) -> tuple[JSONRoute | None, dict[str, str]]:
        """Return the route of a path, if it is one of these, and what the path holds."""
        route = self._fixed.get((method, path))
        if route is not None:
            return route, {}
        parent, _, last = path.rpartition("/")
        route, parameter = self._open.get((method, parent), (None, ""))
        return (route, {parameter: last}) if last else (None, {})
