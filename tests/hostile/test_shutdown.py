"""An end in good order: no request of a client that keeps its connections is lost."""

import http.client
import threading
import time

import httpx
import pytest

from tests.e2e.conftest import Start
from tests.hostile.raw import PATIENCE, end_drain, until

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
            client = http.client.HTTPConnection(self.url.host, self.url.port or 80, timeout=PATIENCE)
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
    service = start(WORKERS=workers, DRAIN_SECONDS="600")
    clients = [Client(httpx.URL(service.url), number / CLIENTS / 10) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    until(lambda: all(client.answered for client in clients))
    service.process.terminate()
    until(lambda: all(client.closed for client in clients))
    end_drain(service.process)
    for client in clients:
        client.join(PATIENCE)
    assert service.process.wait(PATIENCE) == 0
    assert [lost for client in clients for lost in client.lost] == []


def test_it_is_not_ready_while_it_drains_and_answers_on(start: Start) -> None:
    service = start(DRAIN_SECONDS="600")
    service.process.terminate()
    until(lambda: httpx.get(f"{service.url}/health/ready").status_code == 503)
    answer = httpx.get(f"{service.url}/health/ready")
    assert answer.json()["status"] == 503
    assert httpx.get(f"{service.url}/health/live").status_code == 200
    answer = httpx.post(f"{service.url}/sentiment", json={"text": "good"})
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    end_drain(service.process)
    assert service.process.wait(PATIENCE) == 0
