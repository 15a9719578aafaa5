"""The service with a middleware added, with log lines by ``json.dumps``, or without its fast path: what these cost."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app.cli.serve import options
from app.http.fast_path import FastPath
from app.main import create_app
from app.operations.logs import RequestLog
from app.settings import Settings
from bench.paths import MODEL


class Added:
    """Middleware that does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        await self._app(scope, receive, send)


class DumpedLog(RequestLog):
    """Writes the same line by ``json.dumps``."""

    def write(self, request_id: str, method: str, path: str, status: int, seconds: float, client: str | None) -> None:
        """Write the line of a request."""
        line = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": "info",
            "logger": "app.requests",
            "message": "request",
            "request_id": request_id,
            "method": method,
            "path": path,
            "status": status,
            "milliseconds": round(seconds * 1000, 3),
            "client": client,
        }
        sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    variant, port, *model = sys.argv[1:]
    folder = Path(model[0]) if model else MODEL
    settings = Settings(port=int(port), models_dir=folder.parent, default_model=folder.name)
    app = create_app(settings)
    if variant == "middleware":
        app.add_middleware(Added)
    elif variant == "dumped":
        for one in app.user_middleware:
            if "request_log" in one.kwargs:
                one.kwargs["request_log"] = DumpedLog(settings.log_level)
    else:
        app.user_middleware = [one for one in app.user_middleware if one.cls is not FastPath]  # type: ignore[comparison-overlap]
    uvicorn.run(app, **options(settings))
