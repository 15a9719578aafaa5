"""A span for each request, with its steps below it, and no text in any."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.http.json_routes import JSONRoute
from app.loaded import Loaded
from app.main import create_app
from app.operations import tracing
from app.operations.metrics import Metrics
from app.operations.tracing import Tracing
from app.settings import Settings, SettingsError
from tests.asgi import ask
from tests.conftest import ROOT

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="the extra `telemetry` is not installed")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402
from opentelemetry.trace import SpanKind, StatusCode  # noqa: E402

LONG = "xyzzy " * 40_000
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def app(models_dir: Path, exporter: InMemorySpanExporter) -> FastAPI:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    settings = Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"})
    return create_app(settings, Loaded.load(settings, Metrics(), tracing=Tracing(provider)))


def spans(app: FastAPI, exporter: InMemorySpanExporter, *requests: tuple[str, str, Any], **headers: str) -> list[Any]:
    """Send requests; return the spans of their steps and their own, in the order in which they ended."""

    async def work(client: httpx.AsyncClient) -> None:
        for method, path, body in requests:
            await client.request(method, path, json=body, headers=headers)

    ask(app, work)
    return list(exporter.get_finished_spans())


def names(found: list[ReadableSpan]) -> list[str]:
    return [span.name for span in found]


def test_a_request_has_a_span_by_the_conventions_of_http(app: FastAPI, exporter: InMemorySpanExporter) -> None:
    *_, span = spans(app, exporter, ("POST", "/sentiment", {"text": "a superb film"}))
    assert span.name == "POST /sentiment"
    assert span.kind is SpanKind.SERVER
    assert span.status.status_code is StatusCode.UNSET
    assert dict(span.attributes) == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "url.path": "/sentiment",
        "http.route": "/sentiment",
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
        "server.address": "a",
        "client.address": "127.0.0.1",
    }


@pytest.mark.parametrize(
    ("path", "body", "steps"),
    [
        ("/sentiment", {"text": "a superb film"}, ["tokenize", "wait", "predict"]),
        ("/sentiment", {"text": LONG}, ["wait", "wait", "tokenize", "predict"]),
        ("/sentiment", {"text": "a film", "explain": True}, ["tokenize", "predict", "explain"]),
        ("/sentiment/batch", {"texts": ["a", "b"]}, ["wait", "tokenize", "predict"]),
        ("/sentiment/batch", {"texts": ["a"] * 300}, ["wait", "tokenize", "predict"] * 2),
        ("/sentiment/batch", {"texts": ["a"], "explain": True}, ["wait", "tokenize", "wait", "predict", "explain"]),
        ("/tokenize", {"texts": ["a"]}, ["tokenize"]),
        ("/predict", {"sequences": [[1, 2]]}, ["predict"]),
        ("/forecasts/tiny", {"sequences": [[[1, 2]]]}, ["predict"]),
        ("/analogies", {"positive": ["king"], "space": "toy"}, ["search"]),
        ("/pad", {"sequences": [[1]]}, []),
    ],
)
def test_the_steps_are_spans_within_it(
    app: FastAPI, exporter: InMemorySpanExporter, path: str, body: dict[str, Any], steps: list[str]
) -> None:
    *found, request = spans(app, exporter, ("POST", path, body))
    assert sorted(names(found)) == sorted(steps)
    for span in found:
        assert span.parent is not None
        assert span.parent.span_id == request.context.span_id
        assert span.context.trace_id == request.context.trace_id
        assert request.start_time - 1_000_000 <= span.start_time <= span.end_time <= request.end_time + 1_000_000


def test_the_steps_of_rows_are_spans_within_the_request(app: FastAPI, exporter: InMemorySpanExporter) -> None:
    async def work(client: httpx.AsyncClient) -> int:
        headers = {"Content-Type": "text/csv"}
        return (await client.post("/sentiment/batch", content=b"text\na film\n", headers=headers)).status_code

    assert ask(app, work) == 200
    *found, request = exporter.get_finished_spans()
    assert {"wait", "tokenize", "predict"} <= {span.name for span in found}
    assert {span.context.trace_id for span in found} == {request.context.trace_id}
    assert request.name == "POST /sentiment/batch"


def test_the_steps_of_a_short_text_follow_each_other(app: FastAPI, exporter: InMemorySpanExporter) -> None:
    tokenize, wait, predict, _ = spans(app, exporter, ("POST", "/sentiment", {"text": "a superb film"}))
    for one, other in ((tokenize, wait), (wait, predict)):
        assert abs(other.start_time - one.end_time) < 1_000_000
    assert predict.end_time > predict.start_time


def test_a_traced_request_keeps_the_fast_path(
    app: FastAPI, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    answer = JSONRoute.answer

    async def note(route: JSONRoute, request: Any) -> Any:
        taken.append(request.scope["path"])
        return await answer(route, request)

    monkeypatch.setattr(JSONRoute, "answer", note)
    spans(app, exporter, ("POST", "/sentiment", {"text": "a superb film"}))
    assert taken == ["/sentiment"]


def test_the_trace_of_the_caller_goes_on(app: FastAPI, exporter: InMemorySpanExporter) -> None:
    header = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    *steps, span = spans(app, exporter, ("POST", "/sentiment", {"text": "a film"}), **header)
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT
    assert {step.context.trace_id for step in steps} == {span.context.trace_id}


def test_what_the_caller_does_not_sample_is_not_exported(app: FastAPI, exporter: InMemorySpanExporter) -> None:
    header = {"traceparent": f"00-{TRACE}-{PARENT}-00"}
    assert spans(app, exporter, ("POST", "/sentiment", {"text": "a film"}), **header) == []


def test_a_broken_traceparent_begins_a_trace(app: FastAPI, exporter: InMemorySpanExporter) -> None:
    for broken in ("", "xyzzy", f"00-{TRACE}", f"ff-{TRACE}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01"):
        *_, span = spans(app, exporter, ("GET", "/models", None), traceparent=broken)
        assert span.parent is None


@pytest.mark.parametrize(
    ("method", "path", "name", "status"),
    [
        ("GET", "/vectors/toy/xyzzy", "GET /vectors/{space}/{word:path}", 404),
        ("GET", "/analogies?expression=xyzzy&space=toy", "GET /analogies", 404),
        ("POST", "/sentiment?xyzzy=xyzzy", "POST /sentiment", 422),
        ("GET", "/xyzzy/xyzzy", "GET", 404),
        ("XYZZY", "/models", "HTTP /models", 405),
        ("HEAD", "/models", "HEAD /models", 200),
    ],
)
def test_a_span_is_named_by_its_route_and_holds_no_text(
    app: FastAPI, exporter: InMemorySpanExporter, method: str, path: str, name: str, status: int
) -> None:
    body = None if method == "GET" else {"text": "xyzzy"}
    found = spans(app, exporter, (method, path, body))
    assert found[-1].name == name
    assert found[-1].attributes["http.response.status_code"] == status
    assert found[-1].status.status_code is StatusCode.UNSET
    assert "xyzzy" not in "".join(span.to_json() for span in found).lower()


def test_an_error_of_the_service_is_one_of_the_span(app: FastAPI, exporter: InMemorySpanExporter) -> None:
    @app.get("/fails")
    async def fails() -> None:
        raise ZeroDivisionError("xyzzy")

    (span,) = spans(app, exporter, ("GET", "/fails", None))
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes["http.response.status_code"], span.attributes["error.type"]) == (500, "500")
    assert "xyzzy" not in span.to_json()


def test_log_lines_carry_the_ids_of_the_span(
    app: FastAPI, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    *_, span = spans(app, exporter, ("POST", "/sentiment", {"text": "a superb film"}))
    (line,) = (json.loads(line) for line in written.getvalue().splitlines() if "request_id" in line)
    assert line["trace_id"] == f"{span.context.trace_id:032x}"
    assert line["span_id"] == f"{span.context.span_id:016x}"
    assert (line["route"], line["status"]) == ("/sentiment", 200)


def test_lines_of_other_loggers_carry_them_too(app: FastAPI, exporter: InMemorySpanExporter) -> None:
    import logging

    from app.operations.logs import JSONFormatter

    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JSONFormatter().format(record))

    @app.get("/logs")
    async def logs() -> None:
        log = logging.getLogger("of-the-test")
        log.addHandler(Kept())
        log.warning("here")

    (span,) = spans(app, exporter, ("GET", "/logs", None))
    assert json.loads(lines[0])["span_id"] == f"{span.context.span_id:016x}"


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)

    def give(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return give


@pytest.mark.parametrize(
    ("given", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_tracing_is_on_where_a_collector_is_named(
    variables: Callable[..., None], given: dict[str, str], on: bool
) -> None:
    variables(**given)
    found = Tracing.from_environment()
    assert (found is not None) is on
    if found is not None:
        found.close()


def test_a_collector_that_does_not_answer_holds_the_end_up_no_longer_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "CLOSING_SECONDS", 0.01)
    closing, answered, ended = threading.Event(), threading.Event(), threading.Event()

    class Stuck(TracerProvider):
        def shutdown(self) -> None:
            closing.set()
            answered.wait(60)
            ended.set()

    Tracing(Stuck()).close()
    assert closing.wait(60)
    assert not ended.is_set()
    answered.set()


def test_another_protocol_is_refused(variables: Callable[..., None]) -> None:
    variables(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4317", OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    with pytest.raises(SettingsError, match="by http/protobuf alone, not by grpc"):
        Tracing.from_environment()


def test_without_the_extra_the_command_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['opentelemetry.sdk'] = None; sys.modules['opentelemetry.exporter'] = None; "
        "from app.cli.main import main; sys.exit(main(['serve', '--port', '0']))"
    )
    environment = {"PATH": "", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 2
    assert "pip install 'sentiment-service[telemetry]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("variables")
def test_without_a_collector_nothing_is_added(models_dir: Path) -> None:
    settings = Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"})
    plain = create_app(settings)
    assert "TracedRequests" not in [one.cls.__name__ for one in plain.user_middleware]  # type: ignore[attr-defined]

    async def work(_client: httpx.AsyncClient) -> Any:
        return plain.state.loaded.compute.spans

    asked: Callable[[httpx.AsyncClient], Awaitable[Any]] = work
    assert ask(plain, asked) is None
