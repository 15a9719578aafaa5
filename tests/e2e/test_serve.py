"""The service as its users run it: a process of its own, the committed models, real clients."""

import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.e2e.conftest import COMMITTED, ROOT, Service, Start, environment
from tests.training.forecasts.test_network import SHAPES
from training.forecasts import cities

REVIEW = "A wonderful film. The story is moving, the cast is superb and I loved every minute of it."
PAN = "A terrible waste of time. The plot is awful, the acting is bad and I was so bored I left."


def curl(service: Service, path: str, *arguments: str) -> str:
    command = ["curl", "--silent", "--show-error", "--max-time", "60", f"{service.url}{path}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_curl_gets_answers_as_people_type_it(service: Service, tmp_path: Path) -> None:
    (tmp_path / "review.txt").write_text(REVIEW)
    file = f"@{tmp_path / 'review.txt'}"
    answers = {
        curl(service, "/sentiment", "-H", "Content-Type: application/json", "-d", f'{{"text": "{REVIEW}"}}'),
        curl(service, "/sentiment", "--json", f'{{"text": "{REVIEW}"}}'),
        curl(service, "/sentiment", "-d", f"text={REVIEW}"),
        curl(service, "/sentiment", "--data-urlencode", f"text={REVIEW}"),
        curl(service, "/sentiment", "--data-binary", file),
        curl(service, "/sentiment", "-H", "Content-Type: text/plain", "--data-binary", file),
        curl(service, "/sentiment", "-F", f"text={REVIEW}"),
        curl(service, "/sentiment", "-F", f"text=<{tmp_path / 'review.txt'}"),
    }
    assert len(answers) == 1
    assert '"label":"positive"' in answers.pop()
    assert curl(service, "/sentiment", "-H", "Accept: text/plain", "-d", PAN).startswith("negative 0.")


@pytest.mark.parametrize("name", SHAPES)
def test_every_forecast_answers_with_the_lectures_shape(service: Service, name: str) -> None:
    inputs, outputs = SHAPES[name]
    details = httpx.get(f"{service.url}/forecasts/{name}").json()
    assert details["input_shape"] == [None, *inputs]
    assert details["output_shape"] in ([None, *outputs], [None, None, outputs[1]])
    (example,) = details["example"]["sequences"]
    answer = httpx.post(f"{service.url}/forecasts/{name}", json={"sequences": [example, example, example[:3]]}).json()
    shapes = [np.shape(prediction) for prediction in answer["predictions"]]
    assert shapes[:2] == [outputs] * 2
    assert shapes[2] == ((3, 1) if name == "flu-cases" else outputs)
    assert len(answer["steps"]) == outputs[0]
    assert answer["features"] == [feature["name"] for feature in details["outputs"]]


def test_the_lectures_cities_get_the_lectures_targets(service: Service) -> None:
    for name in ("air-pollution", "air-pollution-lstm", "air-pollution-stacked"):
        body = {"sequences": cities.OBSERVED_WITH_POLLUTION}
        answer = httpx.post(f"{service.url}/forecasts/{name}", json=body).json()
        assert np.ravel(answer["predictions"]) == pytest.approx(cities.POLLUTION_NEXT_DAY, abs=0.5)


def test_a_damaged_model_folder_does_not_start(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(COMMITTED / "sentiment-lecture", tmp_path / "sentiment-lecture"))
    graph = folder / "model.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 0x40
    graph.write_bytes(content)
    for workers in ("1", "2"):
        ended = subprocess.run(
            [sys.executable, "-m", "app", "serve"],
            cwd=ROOT,
            env=environment(MODELS_DIR=str(tmp_path), WORKERS=workers),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ended.returncode == 2
        assert ended.stdout == ""
        assert ended.stderr.count("\n") == 1
        assert "model.onnx" in ended.stderr


@pytest.mark.parametrize("variable", ["PORT", "WORKERS", "MAX_BODY_BYTES", "ENGINE", "LOG_LEVEL"])
def test_a_wrong_setting_does_not_start(variable: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "serve"],
        cwd=ROOT,
        env=environment(**{variable: "nonsense"}),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: The setting {variable} is wrong")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_in_use_does_not_start(service: Service, workers: str) -> None:
    port = service.url.rpartition(":")[2]
    ended = subprocess.run(
        [sys.executable, "-m", "app", "serve", "--port", port],
        cwd=ROOT,
        env=environment(WORKERS=workers),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(
        f"error: Port {port} of 127.0.0.1 is in use; choose another one with PORT= or --port"
    )
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("address", [{"HOST": "192.0.2.1"}, {"HOST": "no.such.host.invalid"}])
def test_an_address_of_another_machine_does_not_start(address: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "serve"],
        cwd=ROOT,
        env=environment(**address),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"error: Port 0 of {address['HOST']} cannot be listened on (")
    assert ended.stderr.count("\n") == 1


class Load(threading.Thread):
    """One client that asks until the service refuses its connection."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.statuses: list[int] = []
        self.cut: list[str] = []

    def run(self) -> None:
        texts = [REVIEW] * 200
        with httpx.Client(base_url=self.url, timeout=60) as client:
            for _ in range(10_000):
                try:
                    answer = client.post("/sentiment/batch", json={"texts": texts})
                    self.statuses.append(answer.status_code)
                    assert len(answer.json()["results"]) == len(texts)
                except httpx.ConnectError:
                    return
                except httpx.TransportError as error:
                    self.cut.append(repr(error))
                    return


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_in_flight_finish_when_it_is_told_to_end(start: Start, workers: str, number: signal.Signals) -> None:
    service = start(WORKERS=workers, SHUTDOWN_SECONDS="600")
    load = [Load(service.url) for _ in range(4)]
    for client in load:
        client.start()
    while not all(client.statuses for client in load):
        time.sleep(0.01)
    service.process.send_signal(number)
    assert service.process.wait(120) == 0
    for client in load:
        client.join(120)
        assert set(client.statuses) == {200}
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{service.url}/health/live")


def test_a_request_that_does_not_finish_is_cut_off(start: Start) -> None:
    service = start(SHUTDOWN_SECONDS="1")
    url = httpx.URL(service.url)
    head = "POST /sentiment HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n"
    with socket.create_connection((url.host, url.port), timeout=60) as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")  # its body is waited for
        service.process.terminate()
        assert service.process.wait(120) == 0


def test_several_workers_share_one_port_and_one_set_of_metrics(start: Start) -> None:
    service = start(WORKERS="2")

    def ask(_: int) -> str:
        answer = httpx.post(f"{service.url}/sentiment", json={"text": REVIEW}, timeout=60)
        assert answer.json()["label"] == "positive"
        return answer.headers["x-request-id"].partition("-")[0]  # the same for all requests of a process

    asked: list[str] = []
    with ThreadPoolExecutor(8) as pool:
        while len(set(asked)) < 2 and len(asked) < 4_000:
            asked += pool.map(ask, range(40))
    assert len(set(asked)) == 2
    metrics = httpx.get(f"{service.url}/metrics").text
    lines = [line for line in metrics.splitlines() if line.startswith("sentiment_texts_total{")]
    counts = {series: float(count) for series, _, count in (line.rpartition(" ") for line in lines)}
    assert len(counts) == len(lines)
    assert counts.pop('sentiment_texts_total{label="positive",model="sentiment-best",version="2.3.0"}') == len(asked)
    assert set(counts.values()) == {0}


def test_the_log_is_json_and_holds_no_text(start: Start) -> None:
    service = start()
    for query in ("?xyzzy=1", ""):
        headers = {"X-Request-ID": "of-the-test"}
        httpx.post(f"{service.url}/sentiment{query}", json={"text": "xyzzy"}, headers=headers)
    service.process.terminate()
    assert service.process.wait(120) == 0
    requests = [line for line in service.lines() if line["message"] == "request"]
    assert requests[-1]["request_id"] == "of-the-test"
    assert [line["status"] for line in requests[-2:]] == [422, 200]
    assert requests[-1]["route"] == "/sentiment"
    assert "xyzzy" not in service.log.read_text()


@pytest.mark.slow
def test_tensorflow_serves_the_same_answers(start: Start, service: Service) -> None:
    reference = start(ENGINE="tensorflow")
    for text in (REVIEW, PAN, "good", "word " * 600):
        one, other = (httpx.post(f"{s.url}/sentiment", json={"text": text}).json() for s in (service, reference))
        assert abs(one["probabilities"]["positive"] - other["probabilities"]["positive"]) < 1e-5
