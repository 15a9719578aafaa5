"""Middleware: the short way from a request to its route."""

from collections.abc import Iterable

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.bodies import JSONRoute
from app.problems import Problem


class Dispatch:
    """Hands requests for routes of a fixed path straight to them, past the layers that FastAPI puts in between.

    Those layers (matching all paths, dependencies, exit stacks, exception handlers) do nothing for such a route but
    take as long as the answer itself; what the short way gains is shown by ``bench``. A request that does not match
    to the letter goes the long way, to the same routes.
    """

    def __init__(self, long_way: ASGIApp, app: FastAPI, routes: Iterable[BaseRoute]) -> None:
        """Learn the routes.

        Args:
            long_way: Where requests go that match none of the routes.
            app: The app that the routes belong to.
            routes: Those of fixed path are taken.
        """
        self._long_way = long_way
        self._app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            if isinstance(route, JSONRoute) and not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        route = self._routes.get((scope.get("method", ""), scope.get("path", "")))
        if route is None:
            await self._long_way(scope, receive, send)
            return
        scope["app"] = self._app
        scope["route"] = route
        try:
            response = await route.answer(Request(scope, receive))
        except Problem as problem:
            response = problem.response()
        await response(scope, receive, send)
