"""A request that wishes for an upgrade is a request like any other: its body is its body."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Service
from tests.hostile.raw import TEXT, head, post, send

SMUGGLED = head("GET", "/models", "X-Request-ID: smuggled")
UPGRADES = {
    "websocket": ("Connection: Upgrade", "Upgrade: websocket"),
    "h2c": ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"),
    "anything": ("Upgrade: TLS/1.0", "Connection: keep-alive, upgrade"),
}


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
def test_a_body_in_a_segment_of_its_own_is_no_request(service: Service, upgrade: tuple[str, ...]) -> None:
    length = f"Content-Length: {len(SMUGGLED)}"
    answers = send(service, head("POST", "/sentiment", *upgrade, length, "Content-Type: text/plain"), SMUGGLED)
    assert answers.statuses == [200]
    assert b"smuggled" not in str(answers).encode()


@pytest.mark.parametrize("upgrade", UPGRADES.values(), ids=UPGRADES)
@pytest.mark.parametrize("segments", ["one", "two", "many"])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_the_body_is_read_and_the_connection_goes_on(
    service: Service, upgrade: tuple[str, ...], segments: str, is_chunked: bool
) -> None:
    framing = "Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {len(TEXT)}"
    first = head("POST", "/sentiment", *upgrade, framing, "Content-Type: application/json")
    body = b"4\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (TEXT[:4], len(TEXT) - 4, TEXT[4:]) if is_chunked else TEXT
    stream = first + body + post()
    cuts = {
        "one": [stream],
        "two": [first, body + post()],
        "many": [stream[i : i + 40] for i in range(0, len(stream), 40)],
    }
    answers = send(service, *cuts[segments], pause=0.01)
    assert answers.statuses == [200, 200]
    assert answers.answers[0].body == answers.answers[1].body
    assert answers.end is None


def test_curl_http2_gets_its_answer(service: Service) -> None:
    command = ["curl", "--silent", "--http2", "--max-time", "60", f"{service.url}/sentiment", "--data", "text=good"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert '"label"' in done.stdout


JAVA = """
import java.net.URI;
import java.net.http.*;
class Ask {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(arguments[0])).header("Content-Type", "text/plain")
            .POST(HttpRequest.BodyPublishers.ofString("good")).build();
        var client = HttpClient.newHttpClient();
        for (int i = 0; i < 3; i++)
            System.out.println(client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode());
    }
}
"""


@pytest.mark.skipif(shutil.which("javac") is None, reason="this machine has no JDK")
def test_the_default_client_of_java_gets_its_answers(service: Service, tmp_path: Path) -> None:
    (tmp_path / "Ask.java").write_text(JAVA)
    command = ["java", str(tmp_path / "Ask.java"), f"{service.url}/sentiment"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert done.stdout.split() == ["200"] * 3
