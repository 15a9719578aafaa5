import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from app.client import Client
from tests.e2e.conftest import Service, Start

CURL = ["curl", "--silent", "--show-error", "--no-buffer"]


def test_curl_is_a_filter(service: Service) -> None:
    command = [*CURL, "-X", "POST", "-T", ".", "-H", "Content-Type: text/plain", f"{service.url}/sentiment/batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdin is not None
        assert curl.stdout is not None
        for text, label in (("What a waste of two hours.", "negative"), ("A wonderful film.", "positive")):
            curl.stdin.write(f"{text}\n")
            curl.stdin.flush()
            # The answer comes although the file goes on.
            assert curl.stdout.readline().startswith(f"{label} 0.")
        curl.stdin.close()
        assert curl.stdout.read() == ""
    assert curl.returncode == 0


@pytest.mark.parametrize("form", [True, False])
def test_curl_sends_a_file(form: bool, service: Service, tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("id,text\n1,Superb acting.\n2,\n")
    how = ["-F", f"file=@{path}"] if form else ["-X", "POST", "-T", path, "-H", "Content-Type: text/csv"]
    command = [*CURL, *map(str, how), f"{service.url}/sentiment/batch"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert answer == (
        "id,text,label,score,warnings,error\n1,Superb acting.,positive,0.98439,,\n2,,,,,The text is empty.\n"
    )


def test_rows_and_requests_for_single_texts_agree(service: Service) -> None:
    texts = ["Superb acting.", "Not good at all.", "The film is two hours long. " * 30]
    with Client(service.url) as client:
        assert list(client.sentiment_stream(texts)) == [client.sentiment(text) for text in texts]


def test_a_stream_is_logged_and_counted(service: Service) -> None:
    def counted() -> float:
        lines = httpx.get(f"{service.url}/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("sentiment_texts_total{"))

    before = counted()
    answer = httpx.post(
        f"{service.url}/sentiment/batch",
        content=b"good\nbad\n",
        headers={"Content-Type": "text/plain", "X-Request-ID": "rows"},
    )
    assert answer.headers["x-request-id"] == "rows"
    assert counted() == before + 2
    (line,) = (line for line in service.lines() if line.get("request_id") == "rows")
    assert (line["route"], line["status"]) == ("/sentiment/batch", 200)


def test_a_stream_ends_with_the_service(start: Start) -> None:
    service = start(DRAIN_SECONDS="0.2")
    url = httpx.URL(service.url)
    with socket.create_connection((url.host, url.port or 0), timeout=60) as connection:
        head = ["POST /sentiment/batch HTTP/1.1", "Host: a", "Content-Type: text/plain", "Transfer-Encoding: chunked"]
        connection.sendall("\r\n".join([*head, "", "5", "good\n", ""]).encode())
        answer = b""
        while b"positive" not in answer:
            answer += connection.recv(65_536)
        service.process.send_signal(signal.SIGTERM)
        while data := connection.recv(65_536):
            answer += data
    assert b"error: The service is ending. What follows is not read." in answer
    assert not answer.endswith(b"0\r\n\r\n")
    assert service.process.wait(120) == 0
    assert not [line for line in service.lines() if line["level"] == "error"]
