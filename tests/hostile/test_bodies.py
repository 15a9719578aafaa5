"""Bodies that take long, or much memory, to read: refused before they do, while others are answered."""

import gzip
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conftest import Service, serving
from tests.hostile.asking import JSON, MEGABYTE, watching

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nfine\r\n'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("bodies") / "log.jsonl") as running:
        for path, body in (("/sentiment", {"text": "a", "explain": True}), ("/sentiment/batch", {"texts": ["a"]})):
            httpx.post(f"{running.url}{path}", json=body)
        yield running


def items(field: str, item: bytes, size: int) -> bytes:
    return b'{"%s":[' % field.encode() + item * (size // len(item)) + b"1]}"


WRONG = {
    "texts": ("/sentiment/batch", items("texts", b"1,", 4 * MEGABYTE)),
    "texts of 16 MB": ("/sentiment/batch", items("texts", b"1,", 16 * MEGABYTE - 99)),
    "explained": ("/sentiment/batch", items("texts", b"1,", 4 * MEGABYTE)[:-1] + b',"explain":true}'),
    "tokenize": ("/tokenize", items("texts", b"{},", 4 * MEGABYTE)),
    "predict": ("/predict", items("sequences", b"1,", 4 * MEGABYTE)),
    "empty sequences": ("/predict", items("sequences", b"[],", 4 * MEGABYTE)),
    "wrong ids": ("/predict", b'{"sequences":[[' + b"-1," * MEGABYTE + b"1]]}"),
    "ids": ("/activations", items("ids", b"-1,", 4 * MEGABYTE)),
    "pad": ("/pad", items("sequences", b"1,", 4 * MEGABYTE)),
    "labels": ("/sentiment", items("labels", b"1,", 4 * MEGABYTE)),
    "unknown fields": ("/sentiment", b'{"text":"a"' + b"".join(b',"%d":1' % n for n in range(400_000)) + b"}"),
    "words": ("/analogies", items("positive", b"1,", 4 * MEGABYTE)),
    "points": ("/vectors/glove/projection", items("words", b"1,", 4 * MEGABYTE)),
    "observations": ("/forecasts/air-pollution", b'{"sequences":[[[' + b"1," * (8 * MEGABYTE - 99) + b"1]]]}"),
}


@pytest.mark.parametrize(("path", "body"), WRONG.values(), ids=WRONG)
def test_a_body_of_nothing_but_errors_is_refused_at_little_cost(service: Service, path: str, body: bytes) -> None:
    with watching(service) as found:
        answer = httpx.post(f"{service.url}{path}", content=body, headers=JSON, timeout=60)
    assert answer.status_code == 422
    assert 1 <= len(answer.json()["errors"]) <= 10
    assert found.seconds < 0.3
    assert found.megabytes < 200
    assert found.slowest < 0.5


LARGE = {
    "form": (FORM, b"text=" + b"%41" * (16 * MEGABYTE // 3 - 9), 422),
    "words of a form": (FORM, b"&" * (16 * MEGABYTE - 9), 422),
    "parts": (
        MULTIPART,
        PART + b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n' * 280_000 + b"--b--",
        400,
    ),
    "parts without a name": (MULTIPART, PART + b"--b\r\n\r\n\r\n" * 280_000 + b"--b--", 400),
    "line ends": (MULTIPART, PART + b"\r\n" * (8 * MEGABYTE - 99) + b"--b--", 422),
    "plain text": ({"Content-Type": "text/plain"}, b"a " * (8 * MEGABYTE - 9), 422),
    "sentences": (JSON, b'{"explain":true,"text":"' + b". " * (8 * MEGABYTE - 99) + b'"}', 422),
}


@pytest.mark.parametrize(("headers", "body", "status"), LARGE.values(), ids=LARGE)
def test_a_large_text_in_any_form_delays_no_others(
    service: Service, headers: dict[str, str], body: bytes, status: int
) -> None:
    with watching(service) as found:
        answer = httpx.post(f"{service.url}/sentiment", content=body, headers=headers, timeout=60)
    assert answer.status_code == status, answer.text[:200]
    assert found.slowest < 0.7
    assert found.megabytes < 200
    assert found.seconds < 3


def test_as_many_ids_as_are_taken_delay_no_others(service: Service) -> None:
    body = b'{"maxlen":1,"sequences":[' + b",".join([b"[%s]" % b",".join([b"12345"] * 50)] * 10_000) + b"]}"
    with watching(service) as found:
        assert httpx.post(f"{service.url}/pad", content=body, headers=JSON, timeout=60).status_code == 200
    assert found.slowest < 0.5


def test_a_text_to_tokenize_has_a_limit(service: Service) -> None:
    body = b'{"texts":["' + b"a " * (8 * MEGABYTE - 50) + b'"]}'
    with watching(service) as found:
        answer = httpx.post(f"{service.url}/tokenize", content=body, headers=JSON, timeout=60)
    assert answer.status_code == 422
    assert "at most 1,000,000 are taken" in answer.json()["detail"]
    assert found.seconds < 0.5


def test_a_gzipped_body_is_read(service: Service) -> None:
    body = gzip.compress(b'{"text": "A wonderful film, I loved every moment."}')
    for coding in ("gzip", "x-gzip", "GZIP", "identity, gzip"):
        headers = {**JSON, "Content-Encoding": coding}
        answer = httpx.post(f"{service.url}/sentiment", content=body, headers=headers)
        assert answer.json()["tokens"]["count"] == 7


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", b'{"text": "not gzipped"}', 400),
        ("gzip", gzip.compress(b'{"text": "cut"}')[:-9], 400),
        ("gzip", gzip.compress(b'{"text": "a"}') * 2, 400),
        ("gzip", gzip.compress(b" " * (17 * MEGABYTE)), 413),
        ("gzip", gzip.compress(b'{"text": "' + b"a " * MEGABYTE + b'"}'), 413),
        ("br", b'{"text": "a"}', 415),
        ("gzip, gzip", gzip.compress(gzip.compress(b'{"text": "a"}')), 415),
    ],
    ids=["garbage", "cut", "two", "large", "ratio", "other", "twice"],
)
def test_a_body_that_is_not_what_its_coding_says_is_refused(
    service: Service, coding: str, body: bytes, status: int
) -> None:
    with watching(service) as found:
        headers = {**JSON, "Content-Encoding": coding}
        answer = httpx.post(f"{service.url}/sentiment", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert answer.headers.get("accept-encoding") == ("gzip" if status == 415 else None)
    assert found.megabytes < 50
