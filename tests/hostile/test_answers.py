"""What every answer has: problem documents, ``HEAD``, headers, and logs without words."""

from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conftest import Service, serving
from tests.hostile.asking import JSON


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("answers")
    with serving(folder / "log.jsonl", CORS_ORIGINS="https://page.example") as running:
        yield running


@pytest.mark.parametrize(
    "path",
    ["/", "/models", "/vectors", "/vectors/glove/cold", "/forecasts", "/health/live", "/metrics", "/openapi.json"],
)
def test_head_is_answered_wherever_get_is(service: Service, path: str) -> None:
    of_get, of_head = httpx.get(f"{service.url}{path}"), httpx.head(f"{service.url}{path}")
    assert (of_head.status_code, of_head.content) == (200, b"")
    assert of_head.headers["content-type"] == of_get.headers["content-type"]
    if path != "/metrics":
        assert of_head.headers["content-length"] == of_get.headers["content-length"]


def test_head_is_refused_where_get_is(service: Service) -> None:
    refused = httpx.head(f"{service.url}/sentiment")
    assert (refused.status_code, refused.headers["allow"], refused.content) == (405, "POST", b"")
    assert "HEAD" in httpx.put(f"{service.url}/models").headers["allow"]


@pytest.mark.parametrize("headers", [{"Origin": "https://other.example"}, {"Access-Control-Request-Method": "PUT"}])
def test_a_refused_preflight_is_a_problem_document(service: Service, headers: dict[str, str]) -> None:
    asked = {"Origin": "https://page.example", "Access-Control-Request-Method": "POST", **headers}
    answer = httpx.options(f"{service.url}/sentiment", headers=asked)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "origin" in answer.headers["vary"].lower()


def test_a_charset_is_named_as_a_person_would(service: Service) -> None:
    headers = {"Content-Type": "text/plain; charset*=utf-8''klingon"}
    answer = httpx.post(f"{service.url}/sentiment", content=b"a", headers=headers)
    assert answer.json()["detail"] == "The charset 'klingon' is not supported; send the text as UTF-8."


@pytest.mark.parametrize(("path", "status"), [("/models", 200), ("/nothing", 404), ("/", 200), ("/web/main.js", 200)])
def test_no_answer_is_taken_for_something_else(service: Service, path: str, status: int) -> None:
    answer = httpx.get(f"{service.url}{path}")
    assert (answer.status_code, answer.headers.get_list("x-content-type-options")) == (status, ["nosniff"])


def test_logs_and_metrics_hold_routes_and_no_words(service: Service) -> None:
    for path in ("/vectors/glove/plugh", "/vectors/xyzzy/a", "/forecasts/xyzzy", "/plugh/xyzzy", "/web/xyzzy"):
        httpx.get(f"{service.url}{path}?expression=frotz")
    httpx.get(f"{service.url}/analogies?expression=frotz+plugh")
    httpx.post(f"{service.url}/sentiment?text=frotz", content=b'{"text": "xyzzy plugh"}', headers=JSON)
    httpx.request("FROTZ", f"{service.url}/sentiment")
    metrics = httpx.get(f"{service.url}/metrics").text
    log = service.log.read_text()
    for word in ("plugh", "xyzzy", "frotz"):
        assert word not in log.lower()
        assert word not in metrics.lower()
    routes = {line.get("route") for line in service.lines() if line["message"] == "request"}
    assert {"/vectors/{space}/{word:path}", "/analogies", "unmatched"} <= routes


def test_the_service_works_below_a_path(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("below") / "log.jsonl", ROOT_PATH="/nlp/v1") as running:
        for prefix in ("", "/nlp/v1"):  # stripped by the proxy, or not
            url = f"{running.url}{prefix}"
            assert httpx.post(f"{url}/sentiment", json={"text": "a superb film"}).status_code == 200
            assert httpx.get(f"{url}/").status_code == httpx.get(f"{url}/web/main.js").status_code == 200
            assert httpx.get(f"{url}/vectors/glove/cold").status_code == 200
        assert httpx.get(f"{running.url}/openapi.json").json()["servers"] == [{"url": "/nlp/v1"}]
        assert {line.get("route") for line in running.lines()} >= {"/sentiment", "/web/{name}"}
