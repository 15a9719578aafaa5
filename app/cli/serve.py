"""``python -m app serve``: start the service under Uvicorn, and end it in good order."""

import argparse
import errno
import gc
import os
import resource
import signal
import socket
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors.multiprocess import Multiprocess

from app.http.connections import Connections
from app.http.limits import Limits
from app.lifecycle import Terminal
from app.loaded import Loaded
from app.main import create_app
from app.operations import listener, logs
from app.operations.metrics import Metrics
from app.operations.routes import PROBES
from app.operations.tracing import Tracing
from app.protocols.open_inference import LIVE, READY
from app.settings import Settings, SettingsError, settings_from

WORKER_SECONDS: Final = 60
"""After which a worker process that does not answer the one that started it is taken for hung, and replaced. It does
not answer while it starts, and that takes long where the machine is busy."""


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
    tracing = Tracing.from_environment()
    loaded = Loaded.load(settings, Metrics(), tracing=tracing)
    if settings.admin_port == settings.port != 0:
        raise SettingsError("PORT and ADMIN_PORT are the same; choose another one with ADMIN_PORT= or --admin-port.")
    _check_address(settings.host, settings.port, "port")
    if settings.admin_port is not None:
        _check_address(settings.host, settings.admin_port, "admin_port")
    _check_tls(settings)
    _raise_descriptors()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit)
    try:
        _serve(settings, loaded, tracing)
    finally:
        logs.finish()


def _serve(settings: Settings, loaded: Loaded, tracing: Tracing | None) -> None:
    if settings.workers == 1:
        uvicorn.run(create_app(settings, loaded), **options(settings))
        return
    del loaded  # each worker loads its own
    if tracing is not None:
        tracing.close()
    gc.enable()
    with tempfile.TemporaryDirectory(prefix="sentiment-metrics-") as folder, _admin_port(settings) as settings:
        os.environ.update(settings.environment(), PROMETHEUS_MULTIPROC_DIR=folder)
        config = uvicorn.Config("app.main:create_app", factory=True, **options(settings))
        Supervisor(config, [config.bind_socket()]).run()


class Supervisor(Multiprocess):
    """Uvicorn's own, which passes SIGHUP on to the workers, that look for models then, where Uvicorn restarts them.

    And it forgets what waited in a worker that died.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        """See :class:`uvicorn.supervisors.multiprocess.Multiprocess`."""
        super().__init__(config, sockets)
        self._terminal = Terminal()

    def keep_subprocess_alive(self) -> None:
        """Start workers in place of those that died, whose work no longer waits."""
        for process in self.processes:
            # While this end is open here, too, a worker that dies as it is asked looks like one that takes long.
            process.child_conn.close()
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def handle_hup(self) -> None:
        """Pass the signal on; or end, where it came since the terminal was closed."""
        if self._terminal.is_gone:
            self.handle_term()
            return
        for process in self.processes:
            # One that is still starting is about to find what there is.
            if process.pid is not None and getattr(process, "is_ready", process.is_alive)():
                os.kill(process.pid, signal.SIGHUP)


def options(settings: Settings) -> dict[str, Any]:
    """Return the arguments of Uvicorn's ``Config`` that serve the app as it is meant to be served."""
    return {
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "http": Connections(Limits.of(settings), urgent=PROBES | {LIVE, READY}),
        "loop": "app.http.listener:Loop",
        "ws": "none",
        "log_config": logs.configuration(settings.log_level),
        "access_log": False,
        "server_header": False,
        # Uvicorn reads this variable itself; without it there is no proxy to believe, and no need to look for one.
        "proxy_headers": "FORWARDED_ALLOW_IPS" in os.environ,
        "timeout_graceful_shutdown": settings.shutdown_seconds,
        "timeout_worker_healthcheck": WORKER_SECONDS,
        "ssl_certfile": settings.tls_cert,
        "ssl_keyfile": settings.tls_key,
    }


def _check_address(host: str, port: int, setting: str) -> None:
    """Listen for a moment: Uvicorn finds out only after the app has started, and tells it in lines of JSON."""
    option = f"{setting.upper()}= or --{setting.replace('_', '-')}"
    try:
        for family, _, _, _, address in socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM):
            socket.create_server(address, family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {port} of {host} is in use; choose another one with {option} (0 takes a free one)."
            ) from error
        # Uvicorn passes over an address of a family that the machine does not have, such as localhost's in IPv6.
        if error.errno != errno.EAFNOSUPPORT:
            raise SettingsError(
                f"Port {port} of {host} cannot be listened on ({error.strerror}); choose another port with {option}, "
                "or another address with HOST= or --host."
            ) from error


def _check_tls(settings: Settings) -> None:
    """See that the certificate and its key can be used."""
    if settings.tls_cert is None and settings.tls_key is None:
        return
    if settings.tls_cert is None or settings.tls_key is None:
        raise SettingsError("TLS_CERT and TLS_KEY need each other; set both, or none.")
    try:
        # With a password, nobody is asked for one.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key, password="")
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"TLS_CERT ({settings.tls_cert}) and TLS_KEY ({settings.tls_key}) cannot be used: {error}."
        ) from error


def _raise_descriptors() -> None:
    """Allow the process as many descriptors as it may allow itself: a connection takes one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@contextmanager
def _admin_port(settings: Settings) -> Iterator[Settings]:
    """Choose the port that all workers listen on for health and metrics, if any is free to choose."""
    if settings.admin_port != 0:
        yield settings
        return
    with listener.bind(settings.host, 0) as bound:
        yield settings.model_copy(update={"admin_port": bound.getsockname()[1]})


def _exit(_number: int, _frame: FrameType | None) -> None:
    # Uvicorn raises the signal again once it has shut down; an end in good order is no failure.
    sys.exit(0)
