"""Prometheus metrics of the service."""

import os
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.responses import Response

REQUEST_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
STEP_BUCKETS: Final = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1, 10)

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "other"
"""What stands in logs and metrics for a method that is none of these."""


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
            ["model", "version"],
            buckets=STEP_BUCKETS,
            registry=self._registry,
        )
        self._predict = Histogram(
            "sentiment_predict_seconds",
            "Time in predicting for the texts of a request.",
            ["model", "version"],
            buckets=STEP_BUCKETS,
            registry=self._registry,
        )
        # The library takes longer to find the metric of some labels than to count.
        self._of_labels = lru_cache(maxsize=1024)(self._requests.labels)
        self._texts = Counter(
            "sentiment_texts_total", "Texts classified.", ["model", "version", "label"], registry=self._registry
        )

        self._waiting = Gauge(
            "sentiment_waiting_seconds",
            "Work that was admitted and is not done yet, in estimated seconds of one core.",
            ["lane"],
            multiprocess_mode="livesum",
            registry=self._registry,
        )

    def note_waiting(self, lane: str, seconds: float) -> None:
        """Note how much work waits in a lane of admission, in this process."""
        self._waiting.labels(lane).set(seconds)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request and the time it took."""
        self._of_labels(method if method in METHODS else OTHER, route, str(status)).observe(seconds)

    def of_model(self, name: str, version: str, labels: Iterable[str]) -> "ModelMetrics":
        """Return the metrics of a version of a sentiment model."""
        texts = {label: self._texts.labels(name, version, label) for label in labels}
        return ModelMetrics(self._tokenize.labels(name, version), self._predict.labels(name, version), texts)

    def response(self) -> Response:
        """Return all metrics in Prometheus' text format."""
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class ModelMetrics:
    """The metrics of one sentiment model."""

    def __init__(self, tokenize: Histogram, predict: Histogram, texts: dict[str, Counter]) -> None:
        self._tokenize = tokenize
        self._predict = predict
        self._texts = texts

    def observe_steps(self, tokenize: float, predict: float) -> None:
        """Count the seconds that the two steps of a request took."""
        self._tokenize.observe(tokenize)
        self._predict.observe(predict)

    def count_label(self, label: str, texts: int = 1) -> None:
        """Count texts classified as a label."""
        self._texts[label].inc(texts)
