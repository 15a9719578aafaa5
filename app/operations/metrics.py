"""Prometheus metrics of the service."""

import os
from typing import Any, Final, TypeVar

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

REQUEST_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
STEP_BUCKETS: Final = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1, 10)
Metric = TypeVar("Metric", Histogram, Counter)

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The metrics of one app; of all worker processes where ``PROMETHEUS_MULTIPROC_DIR`` is set."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "http_request_duration_seconds",
            "Time from the first byte of a request to the last of its answer.",
            ["method", "route", "status"],
            buckets=REQUEST_BUCKETS,
            registry=self._registry,
        )
        self._tokenize = Histogram(
            "sentiment_tokenize_seconds",
            "Time in tokenizing the texts of a request.",
            ["model"],
            buckets=STEP_BUCKETS,
            registry=self._registry,
        )
        self._predict = Histogram(
            "sentiment_predict_seconds",
            "Time in predicting for the texts of a request.",
            ["model"],
            buckets=STEP_BUCKETS,
            registry=self._registry,
        )
        self._texts = Counter("sentiment_texts_total", "Texts classified.", ["model", "label"], registry=self._registry)
        self._children: dict[tuple[Any, ...], Any] = {}

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request and the time it took."""
        self._child(self._requests, method if method in METHODS else "other", route, str(status)).observe(seconds)

    def observe_text(self, model: str, label: str, tokenize: float, predict: float) -> None:
        """Count a text that was classified as a label, and the seconds that the two steps took."""
        self.observe_steps(model, tokenize, predict)
        self.count_label(model, label)

    def observe_steps(self, model: str, tokenize: float, predict: float) -> None:
        """Count the seconds that the two steps of a request took."""
        self._child(self._tokenize, model).observe(tokenize)
        self._child(self._predict, model).observe(predict)

    def count_label(self, model: str, label: str, texts: int = 1) -> None:
        """Count texts classified as a label."""
        self._child(self._texts, model, label).inc(texts)

    def _child(self, metric: Metric, *labels: str) -> Metric:
        """Return the metric of the labels; the library takes longer to find it than to count."""
        key = (metric, *labels)
        child: Metric | None = self._children.get(key)
        if child is None:
            child = self._children[key] = metric.labels(*labels)
        return child

    def response(self) -> Response:
        """Return all metrics in Prometheus' text format."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
