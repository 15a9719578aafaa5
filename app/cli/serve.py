"""``python -m app serve``: start the service under Uvicorn, and end it in good order."""

import argparse
import errno
import os
import signal
import socket
import sys
import tempfile
from types import FrameType
from typing import Any

import uvicorn

from app.http.connections import Connections
from app.http.limits import Limits
from app.loaded import Loaded
from app.main import create_app
from app.operations.logs import configuration
from app.operations.metrics import Metrics
from app.operations.routes import PROBES
from app.settings import Settings, SettingsError, settings_from


def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGINT or SIGTERM: requests in flight finish then, no new ones are taken.

    Args:
        arguments: Settings by their names; those that are ``None`` come from the environment.

    Raises:
        app.settings.SettingsError: A setting is wrong, or the port is in use. Nothing was started then.
        app.artifacts.manifest.ArtifactError: A model cannot be used. Nothing was started then.
    """
    settings = settings_from(arguments)
    # Loaded before Uvicorn starts, so that a damaged model folder ends in a sentence rather than a traceback.
    loaded = Loaded.load(settings, Metrics())
    _check_address(settings.host, settings.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    if settings.workers == 1:
        uvicorn.run(create_app(settings, loaded), **options(settings))
        return
    del loaded  # each worker loads its own
    with tempfile.TemporaryDirectory(prefix="sentiment-metrics-") as folder:
        os.environ.update(settings.environment(), PROMETHEUS_MULTIPROC_DIR=folder)
        uvicorn.run("app.main:create_app", factory=True, **options(settings))


def options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of Uvicorn's ``Config`` that serve the app as it is meant to be served."""
    return {
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "http": Connections(Limits.of(settings), urgent=PROBES),
        "ws": "none",
        "log_config": configuration(settings.log_level),
        "access_log": False,
        "server_header": False,
        # Uvicorn reads this variable itself; without it there is no proxy to believe, and no need to look for one.
        "proxy_headers": "FORWARDED_ALLOW_IPS" in os.environ,
        "timeout_graceful_shutdown": settings.shutdown_seconds,
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }


def _check_address(host: str, port: int) -> None:
    """Listen for a moment: Uvicorn finds out only after the app has started, and tells it in lines of JSON."""
    try:
        for family, _, _, _, address in socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM):
            socket.create_server(address, family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {port} of {host} is in use; choose another one with PORT= or --port (0 takes a free one)."
            ) from error
        # Uvicorn passes over an address of a family that the machine does not have, such as localhost's in IPv6.
        if error.errno != errno.EAFNOSUPPORT:
            raise SettingsError(
                f"Port {port} of {host} cannot be listened on ({error.strerror}); choose another port with PORT= or "
                "--port, or another address with HOST= or --host."
            ) from error


def _exit(_number: int, _frame: FrameType | None) -> None:
    # Uvicorn raises the signal again once it has shut down; an end in good order is no failure.
    sys.exit(0)
