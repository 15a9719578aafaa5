"""Bodies that take long, or much memory, to read: refused before they do, while others are answered."""

import gzip
import re
from collections.abc import Iterator

import httpx
import pytest

from bench import attacks
from bench.attacks import Attack
from tests.e2e.conftest import Service, serving
from tests.hostile.asking import JSON, MEGABYTE, watching


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(tmp_path_factory.mktemp("bodies") / "log.jsonl") as running:
        for path, body in (("/sentiment", {"text": "a", "explain": True}), ("/sentiment/batch", {"texts": ["a"]})):
            httpx.post(f"{running.url}{path}", json=body)
        yield running


WRONG = attacks.wrong(4 * MEGABYTE)
LARGE = attacks.large(16 * MEGABYTE - 99)


@pytest.mark.parametrize("attack", WRONG.values(), ids=WRONG)
def test_a_body_of_nothing_but_errors_is_refused_in_little_memory(service: Service, attack: Attack) -> None:
    """It is never parsed, as its values are counted first; `python -m bench attacks` measures the time of that."""
    with watching(service) as found:
        answer = httpx.post(f"{service.url}{attack.path}", content=attack.body, headers=attack.headers)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert re.search("taken at once$|far more than such a request needs$", error["detail"])
    assert found.megabytes < 200


@pytest.mark.parametrize("attack", LARGE.values(), ids=LARGE)
def test_a_large_text_in_any_form_takes_little_memory(service: Service, attack: Attack) -> None:
    with watching(service) as found:
        answer = httpx.post(f"{service.url}{attack.path}", content=attack.body, headers=attack.headers)
    assert answer.status_code == attack.status, answer.text[:200]
    assert found.megabytes < 200


def test_as_many_ids_as_are_taken_are_padded(service: Service) -> None:
    body = b'{"maxlen":1,"sequences":[' + b",".join([b"[%s]" % b",".join([b"12345"] * 50)] * 10_000) + b"]}"
    assert httpx.post(f"{service.url}/pad", content=body, headers=JSON, timeout=60).status_code == 200


def test_a_text_to_tokenize_has_a_limit(service: Service) -> None:
    body = b'{"texts":["' + b"a " * (8 * MEGABYTE - 50) + b'"]}'
    answer = httpx.post(f"{service.url}/tokenize", content=body, headers=JSON, timeout=60)
    assert answer.status_code == 422
    assert "at most 1,000,000 are taken" in answer.json()["detail"]


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
