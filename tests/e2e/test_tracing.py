"""A collector gets the spans of the running service over OTLP."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Start

trace_service = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="the extra `telemetry` is not installed"
)

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Receive traces; give the address, and what has come."""
    received: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                received.append(trace_service.ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()
            thread.join()


def spans(received: list[Any]) -> list[Any]:
    scopes = [scope for one in received for resource in one.resource_spans for scope in resource.scope_spans]
    return [span for scope in scopes for span in scope.spans]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_collector_gets_the_spans_of_a_request(start: Start, workers: str) -> None:
    with collector() as (address, received):
        service = start(OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_BSP_SCHEDULE_DELAY="200", WORKERS=workers)
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        answer = httpx.post(f"{service.url}/sentiment", json={"text": "xyzzy plugh"}, headers=headers)
        assert answer.status_code == 200
        deadline = monotonic() + 60
        while not (found := [span for span in spans(received) if span.trace_id.hex() == TRACE]):
            assert monotonic() < deadline, "no span came"
            sleep(0.05)
        request = next(span for span in found if span.name == "POST /sentiment")
        assert request.parent_span_id.hex() == PARENT
        steps = {span.name for span in found if span.parent_span_id == request.span_id}
        assert steps == {"tokenize", "wait", "predict"}
        resource = {one.key: one.value.string_value for one in received[0].resource_spans[0].resource.attributes}
        assert resource["service.name"] == "sentiment-service"
        (line,) = (line for line in service.lines() if line.get("trace_id") == TRACE)
        assert line["span_id"] == request.span_id.hex()
        assert not any(b"xyzzy" in one.SerializeToString() for one in received)


def test_what_is_left_is_sent_at_the_end(start: Start) -> None:
    with collector() as (address, received):
        service = start(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{address}/v1/traces", OTEL_BSP_SCHEDULE_DELAY="600000")
        httpx.post(f"{service.url}/sentiment", json={"text": "a fine film"})
        assert spans(received) == []
        service.process.terminate()
        assert service.process.wait(120) == 0
        assert "POST /sentiment" in {span.name for span in spans(received)}


def test_a_collector_that_is_away_holds_nothing_up(start: Start) -> None:
    service = start(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_BSP_SCHEDULE_DELAY="100")
    for _ in range(20):
        assert httpx.post(f"{service.url}/sentiment", json={"text": "a fine film"}).status_code == 200
    service.process.terminate()
    assert service.process.wait(120) == 0
