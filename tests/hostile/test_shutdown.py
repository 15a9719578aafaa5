"""An end in good order: no request of a client that keeps its connections is lost."""

import http.client
import threading
import time

import httpx
import pytest

from tests.e2e.conftest import Start

CLIENTS = 36


class Client(threading.Thread):
    """Asks on one connection as long as it may, then on another one, until it is refused."""

    def __init__(self, url: httpx.URL, pause: float) -> None:
        super().__init__()
        self.url = url
        self.pause = pause
        self.answered = 0
        self.lost: list[str] = []
        self.closed = False

    def run(self) -> None:
        while True:
            client = http.client.HTTPConnection(self.url.host, self.url.port or 80, timeout=30)
            try:
                client.connect()
            except OSError:
                return
            try:
                while self._ask(client):
                    time.sleep(self.pause)
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
            finally:
                client.close()

    def _ask(self, client: http.client.HTTPConnection) -> bool:
        """Ask once, and say whether the connection may be used again."""
        client.request("POST", "/sentiment", b'{"text": "good"}', {"Content-Type": "application/json"})
        answer = client.getresponse()
        assert answer.status == 200
        answer.read()
        self.answered += 1
        self.closed |= answer.headers.get("Connection") == "close"
        return client.sock is not None


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_request_is_lost(start: Start, workers: str) -> None:
    service = start(WORKERS=workers, DRAIN_SECONDS="3")
    clients = [Client(httpx.URL(service.url), number / CLIENTS / 10) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    while not all(client.answered for client in clients):
        time.sleep(0.01)
    service.process.terminate()
    for client in clients:
        client.join(30)
    assert service.process.wait(30) == 0
    assert [lost for client in clients for lost in client.lost] == []
    assert all(client.closed for client in clients)


def test_it_is_not_ready_while_it_drains_and_answers_on(start: Start) -> None:
    service = start(DRAIN_SECONDS="2")
    service.process.terminate()
    time.sleep(0.5)
    answer = httpx.get(f"{service.url}/health/ready")
    assert answer.status_code == 503
    assert answer.json()["status"] == 503
    assert httpx.get(f"{service.url}/health/live").status_code == 200
    answer = httpx.post(f"{service.url}/sentiment", json={"text": "good"})
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    begun = time.monotonic()
    assert service.process.wait(30) == 0
    assert time.monotonic() - begun < 8
