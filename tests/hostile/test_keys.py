"""API keys: every route asks for one, in either header, and no log tells it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.client import Client, ServiceError
from tests.e2e.conftest import ROOT, Service, environment, serving

FIRST, SECOND = "first-key-Zq7", "second-key-Xw8"
WRONG = "wrong-key-Vb9"
UNACCEPTED: list[dict[str, str]] = [
    {},
    {"Authorization": f"Bearer {WRONG}"},
    {"Authorization": f"Basic {FIRST}"},
    {"Authorization": f"Bearer {FIRST}x"},
    {"X-API-Key": WRONG},
    {"X-API-Key": ""},
]
OPEN = {"/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "keys").write_text(f"{SECOND}\n")
    with serving(folder / "log.jsonl", API_KEYS=f"{FIRST}, other", API_KEYS_FILE=str(folder / "keys")) as running:
        yield running


def operations(service: Service) -> list[tuple[str, str, Any]]:
    names = {"{name}": "air-pollution", "{space}": "glove", "{word}": "king", "{model}": "sentiment-best"}
    found = []
    for path, methods in httpx.get(f"{service.url}/openapi.json").json()["paths"].items():
        asked = path
        for name, value in names.items():
            asked = asked.replace(name, value)
        found += [(method.upper(), asked, operation) for method, operation in methods.items()]
    return found


def test_every_route_of_the_openapi_document_asks_for_a_key(service: Service) -> None:
    every = operations(service)
    assert len(every) >= 29
    for method, path, operation in every:
        for headers in (
            {},
            {"Authorization": f"Bearer {WRONG}"},
            {"X-API-Key": WRONG},
            {"Authorization": f"Basic {FIRST}"},
        ):
            answer = httpx.request(method, f"{service.url}{path}", headers=headers, content=b"{")
            if path in OPEN:
                assert answer.status_code == 200
                assert "security" not in operation
                continue
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"
        if path not in OPEN:
            assert operation["security"] == [{"Bearer": []}, {"X-API-Key": []}]
            assert "401" in operation["responses"]


@pytest.mark.parametrize("key", [FIRST, SECOND, "other"])
def test_any_key_passes_in_either_header(service: Service, key: str) -> None:
    for headers in ({"Authorization": f"Bearer {key}"}, {"Authorization": f"bearer {key}"}, {"X-API-Key": key}):
        for method, path, _ in operations(service):
            answer = httpx.request(method, f"{service.url}{path}", headers=headers, content=b"{")
            assert answer.status_code in {200, 400, 415, 422}, (method, path)
        answer = httpx.post(f"{service.url}/sentiment", json={"text": "a superb film"}, headers=headers)
        assert answer.status_code == 200


def test_the_page_and_a_preflight_need_no_key(service: Service) -> None:
    for path in ("/", "/docs", "/web/main.js", "/openapi.json"):
        assert httpx.get(f"{service.url}{path}").status_code == 200
    asked = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    assert httpx.options(f"{service.url}/sentiment", headers=asked).status_code == 200


def test_the_client_takes_a_key(service: Service) -> None:
    with Client(service.url, api_key=FIRST) as client:
        assert client.sentiment("a superb film").label == "positive"
        assert client.ready()
    with Client(service.url) as client, pytest.raises(ServiceError, match="needs an API key"):
        client.models()


def test_no_key_is_in_the_log(service: Service) -> None:
    for key in (FIRST, WRONG):
        for method, path in (("POST", "/sentiment"), ("GET", f"/models?key={key}"), ("GET", f"/{key}")):
            httpx.request(method, f"{service.url}{path}", headers={"X-API-Key": key}, content=key.encode())
    log = service.log.read_text()
    assert not any(key in log for key in (FIRST, SECOND, WRONG))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"API_KEYS": "good,b\u00e4d secret"}, "API_KEYS"),
        ({"API_KEYS_FILE": "/nowhere/keys"}, "API_KEYS_FILE"),
        ({"API_KEYS_FILE": "empty"}, "API_KEYS_FILE"),
    ],
    ids=["characters", "no file", "empty file"],
)
def test_keys_that_cannot_be_used_keep_the_service_from_starting(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    (tmp_path / "empty").touch()
    given = {name: str(tmp_path / value) if value == "empty" else value for name, value in settings.items()}
    command = [sys.executable, "-m", "app", "serve"]
    done = subprocess.run(command, cwd=ROOT, env=environment(**given), capture_output=True, text=True, timeout=300)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: The setting {named} is wrong")
    assert "secret" not in done.stderr
