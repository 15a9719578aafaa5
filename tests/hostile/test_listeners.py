"""Health and metrics on a port of their own, and TLS."""

import asyncio
import contextlib
import re
import shutil
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from uvicorn.server import ServerState

from app.http import listener
from app.http.connections import HANDSHAKES, Connections
from app.http.limits import Limits
from app.settings import Settings
from tests.e2e.conftest import ROOT, Service, environment
from tests.hostile.raw import PATIENCE, connect, end_drain, many, until


def logged(log: Path, pattern: str) -> str:
    """Wait for a line of the log."""
    until(lambda: re.search(pattern, log.read_text()))
    return re.findall(pattern, log.read_text())[0]  # type: ignore[no-any-return]


def run_with(log: Path, **variables: str) -> subprocess.Popen[str]:
    with log.open("w") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "app", "serve"], cwd=ROOT, env=environment(**variables), stdout=file, text=True
        )


ADMIN = r"Health and metrics on (http://[\d.]+:\d+)"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_health_and_metrics_have_a_port_of_their_own(tmp_path: Path, workers: str) -> None:
    log = tmp_path / "log.jsonl"
    with run_with(log, ADMIN_PORT="0", WORKERS=workers, DRAIN_SECONDS="600") as process:
        try:
            admin = logged(log, ADMIN)
            url = logged(log, r"running on (http://[\d.]+:\d+)")
            logged(log, "(Application startup complete)")
            assert httpx.get(f"{admin}/health/ready").json() == {"status": "ok"}
            assert httpx.get(f"{admin}/health/live").status_code == 200
            assert httpx.post(f"{url}/sentiment", json={"text": "good"}, timeout=PATIENCE).status_code == 200
            assert 'route="/sentiment"' in httpx.get(f"{admin}/metrics").text
            for path in ("/health/live", "/health/ready", "/metrics"):
                assert httpx.get(f"{url}{path}").status_code == 404
            answer = httpx.get(f"{admin}/sentiment")
            assert (answer.status_code, answer.json()["status"]) == (404, 404)
            process.terminate()
            until(lambda: httpx.get(f"{admin}/health/ready").status_code == 503)
        finally:
            end_drain(process)
        assert process.wait(PATIENCE) == 0


def test_no_load_reaches_the_port_of_health(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    """Not a timed test: the port answers while connections are refused and a large batch is under way."""
    with run_with(log, ADMIN_PORT="0", MAX_CONNECTIONS="50") as process:
        try:
            admin = logged(log, ADMIN)
            service = Service(process, logged(log, r"running on (http://[\d.]+:\d+)"), log)
            texts = {"texts": ["a wonderful film " * 300] * 200}

            def ask() -> None:
                # What is still being sent when too many others connect makes room for them.
                with contextlib.suppress(httpx.TransportError):
                    httpx.post(f"{service.url}/sentiment/batch", json=texts, timeout=PATIENCE)

            batch = threading.Thread(target=ask)
            batch.start()
            with many(service, 200), httpx.Client(base_url=admin) as probes:
                for _ in range(20):
                    assert probes.get("/health/live").status_code == 200
            batch.join()
        finally:
            process.terminate()


def test_a_port_for_both_does_not_start() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "serve", "--port", "45678", "--admin-port", "45678"],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: PORT and ADMIN_PORT are the same")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("this machine has no openssl")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
               "-addext", "subjectAltName=IP:127.0.0.1", "-out", str(cert), "-keyout", str(key)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


def test_https(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    log = tmp_path / "log.jsonl"
    with run_with(log, TLS_CERT=str(cert), TLS_KEY=str(key)) as process:
        try:
            url = logged(log, r"running on (https://[\d.]+:\d+)")
            with httpx.Client(verify=ssl.create_default_context(cafile=str(cert)), base_url=url) as client:
                for _ in range(3):
                    assert client.post("/sentiment", json={"text": "good"}, timeout=PATIENCE).status_code == 200
                answer = client.post("/sentiment", content=b"x" * 17_000_000, headers={"Content-Type": "text/plain"})
                assert answer.status_code == 413
            service = Service(process, url, log)
            with connect(service) as plain:
                plain.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert not plain.recv(100).startswith(b"HTTP/")
            assert httpx.get(f"{url}/health/live", verify=ssl.create_default_context(cafile=str(cert))).is_success
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        ({"TLS_CERT": "pyproject.toml"}, "TLS_CERT and TLS_KEY need each other"),
        ({"TLS_CERT": "pyproject.toml", "TLS_KEY": "pyproject.toml"}, "cannot be used"),
        ({"TLS_CERT": "no-such-file", "TLS_KEY": "pyproject.toml"}, "cannot be used"),
    ],
)
def test_a_wrong_certificate_does_not_start(variables: dict[str, str], part: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "serve"],
        cwd=ROOT, env=environment(**variables), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: ")
    assert part in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_client_that_does_not_go_on_with_the_handshake_is_cut_off(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "TLS_SECONDS", 0.2)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def be_silent() -> bytes:
        server = await listen(context)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await asyncio.wait_for(reader.read(), PATIENCE)
        finally:
            writer.close()
            server.close()

    with asyncio.Runner(loop_factory=listener.Loop) as runner:
        assert runner.run(be_silent()) == b""


async def listen(context: ssl.SSLContext) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    connections = Connections(Limits.of(Settings()))
    config = SimpleNamespace(loaded_app=None, root_path="")
    return await loop.create_server(lambda: connections(config, ServerState(), {}, loop), "127.0.0.1", 0, ssl=context)


def test_the_end_waits_for_no_client_that_does_not_go_on_with_the_handshake(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "TLS_SECONDS", PATIENCE)
    monkeypatch.setattr(listener, "LAST_TLS_SECONDS", 0.2)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def end() -> bytes:
        server = await listen(context)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await asyncio.sleep(0.1)
        server.close()
        await asyncio.wait_for(server.wait_closed(), PATIENCE / 2)
        try:
            return await reader.read()
        finally:
            writer.close()

    with asyncio.Runner(loop_factory=listener.Loop) as runner:
        assert runner.run(end()) == b""


def test_clients_that_begin_no_handshake_shut_nobody_out(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    log = tmp_path / "log.jsonl"
    with run_with(log, TLS_CERT=str(cert), TLS_KEY=str(key), MAX_CONNECTIONS="4") as process:
        try:
            url = logged(log, r"running on (https://[\d.]+:\d+)")
            service = Service(process, url, log)
            with contextlib.ExitStack() as silent:
                many_silent = [silent.enter_context(connect(service)) for _ in range(HANDSHAKES + 20)]
                with httpx.Client(verify=ssl.create_default_context(cafile=str(cert)), base_url=url) as client:
                    assert client.get("/health/live", timeout=PATIENCE).is_success
                # Those that have waited longest were given up, long before their time.
                assert [one.recv(1) for one in many_silent[:15]] == [b""] * 15
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0
