"""The service with a middleware added, or without its fast path: what these cost."""

import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.cli.serve import options
from app.http.fast_path import FastPath
from app.main import create_app
from app.settings import Settings
from bench.paths import MODEL


class Added:
    """Middleware that does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        await self._app(scope, receive, send)


if __name__ == "__main__":
    variant, port, *model = sys.argv[1:]
    folder = Path(model[0]) if model else MODEL
    settings = Settings(port=int(port), models_dir=folder.parent, default_model=folder.name)
    app = create_app(settings)
    if variant == "middleware":
        app.add_middleware(Added)
    else:
        app.user_middleware = [one for one in app.user_middleware if one.cls is not FastPath]  # type: ignore[comparison-overlap]
    uvicorn.run(app, **options(settings))
