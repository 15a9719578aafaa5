"""The rules for Prometheus say what they should, of series that are given and of the real service."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
import yaml

from app.operations.metrics import Metrics
from bench.servers import free_port
from tests.deploy.charts import CHART
from tests.e2e.conftest import serving

RULES = CHART / "rules" / "sentiment.yml"
LIMIT = 90
needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool (apt: prometheus)")
needs_prometheus = pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no prometheus (apt)")


def promtool(*arguments: str) -> None:
    done = subprocess.run(
        [str(shutil.which("promtool")), *arguments], capture_output=True, text=True, check=False, timeout=LIMIT
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    promtool("check", "rules", str(RULES))


@needs_promtool
def test_the_rules_find_what_is_wrong() -> None:
    promtool("test", "rules", str(Path(__file__).with_name("rules_test.yml")))


def test_every_alert_is_tested_and_says_what_to_do() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    alerts = [rule for rule in rules if "alert" in rule]
    tested = Path(__file__).with_name("rules_test.yml").read_text()
    assert len(alerts) == 8
    for alert in alerts:
        assert f"alertname: {alert['alert']}\n" in tested
        assert set(alert["annotations"]) == {"summary", "action"}
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}


def test_the_metrics_are_those_of_the_service() -> None:
    metrics = Metrics()
    metrics.observe_request("POST", "/sentiment", 200, 0.1)
    metrics.note_waiting("long", 1)
    metrics.of_model("a", "1", ["b"])
    known = set(re.findall(r"^([a-z_]+)", bytes(metrics.response().body).decode(), re.MULTILINE))
    used = set(re.findall(r"\b((?:http|sentiment)_[a-z_]+)\b(?=[{\[])", RULES.read_text()))
    assert len(used) == 4
    assert used <= known


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[str], httpx.Client]]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(target: str) -> httpx.Client:
        scraped = {"job_name": "sentiment", "static_configs": [{"targets": [target]}]}
        document = {
            "global": {"scrape_interval": "250ms", "evaluation_interval": "250ms"},
            "rule_files": [str(RULES)],
            "scrape_configs": [scraped],
        }
        config = tmp_path / "prometheus.json"
        config.write_text(json.dumps(document))
        port = free_port()
        options = [f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
        with (tmp_path / "log").open("wb") as log:
            command = ["prometheus", *options, f"--web.listen-address=127.0.0.1:{port}"]
            processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path))
        return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)

    yield start
    for process in processes:
        process.terminate()
        process.wait()


def value(client: httpx.Client, query: str) -> float | None:
    try:
        found = client.get("/api/v1/query", params={"query": query}).json()["data"]["result"]
    except httpx.TransportError:
        return None
    return float(found[0]["value"][1]) if found else None


def until(condition: Callable[[], object]) -> None:
    deadline = monotonic() + LIMIT
    while not condition():
        assert monotonic() < deadline
        sleep(0.1)


@needs_prometheus
@pytest.mark.slow
def test_a_prometheus_reads_the_service_and_the_rules(
    prometheus: Callable[[str], httpx.Client], tmp_path: Path
) -> None:
    with serving(tmp_path / "service.log") as service, prometheus(service.url.removeprefix("http://")) as client:
        until(lambda: value(client, 'up{job="sentiment"}') == 1)

        def asked() -> bool:
            httpx.post(f"{service.url}/sentiment", json={"text": "A wonderful film, I loved every moment."})
            return (value(client, "job:sentiment_requests:rate5m") or 0) > 0

        until(asked)
        assert value(client, "job:sentiment_failures:ratio_rate5m") == 0
        until(lambda: value(client, "job:sentiment_waiting_seconds:max_avg1m") is not None)
        until(lambda: value(client, 'job_model_label:sentiment_texts:ratio_rate1h{label="positive"}') == 1)
        until(
            lambda: 0 < (value(client, 'job_route:sentiment_request_seconds:p99_rate5m{route="/sentiment"}') or 0) < 5
        )
        rules = client.get("/api/v1/rules").json()["data"]["groups"]
        states = {
            rule["name"]: (rule["health"], rule.get("lastError", "")) for group in rules for rule in group["rules"]
        }
        assert len(states) == 15
        assert set(states.values()) == {("ok", "")}
        assert value(client, "ALERTS") is None
