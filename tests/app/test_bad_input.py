"""Bad input: each gets its problem document with a sentence, and the service goes on."""

import encodings
import gc
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from app.http.problems import Problem
from app.main import create_app
from app.sentiment.labels import MOST
from app.sentiment.service import LEAVE_ONE_OUT_SHARE
from app.settings import Settings
from tests import asgi
from tests.conftest import Serve

JSON = {"Content-Type": "application/json"}


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """Check the shape that all errors share, and return the document."""
    document: dict[str, Any] = response.json()
    assert response.status_code == status, document
    assert response.headers["content-type"] == "application/problem+json"
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"].endswith(".")
    assert " " in document["detail"]
    assert response.headers["x-request-id"]
    for error in document.get("errors", []):
        assert error["pointer"].startswith("#")
        assert error["detail"]
    return document


@pytest.fixture(autouse=True)
def _goes_on(client: httpx.Client) -> Iterator[None]:
    yield
    assert client.post("/sentiment", json={"text": "a wonderful film"}).status_code == 200


@pytest.mark.parametrize(
    "text", [" ", "\n\t ", "\x00", "\x00\x00 film", "zzz qqq", "...", "\u202e\u200f", "😀", "\xa0"]
)
def test_texts_that_mean_little_are_answered(client: httpx.Client, text: str) -> None:
    answer = client.post("/sentiment", json={"text": text}).json()
    assert answer["label"] in {"positive", "negative"}
    assert answer["tokens"]["unknown"] <= answer["tokens"]["count"]
    assert client.post("/sentiment", content=text.encode(), headers={"Content-Type": "text/plain"}).json() == answer


@pytest.mark.parametrize("value", ["1", "0", "1.0", "null", '"true"', "[]", "{}", "NaN"])
def test_a_wish_for_an_explanation_that_is_no_boolean_is_refused(client: httpx.Client, value: str) -> None:
    for path, texts in (("/sentiment", '"text": "a"'), ("/sentiment/batch", '"texts": ["a"]')):
        response = client.post(path, content=f'{{{texts}, "explain": {value}}}', headers=JSON)
        assert problem(response, 422)["errors"] == [{"pointer": "#/explain", "detail": "must be true or false"}]


@pytest.mark.parametrize("value", ["", "maybe", "2", "true,true"])
def test_such_a_wish_in_a_form_is_refused(client: httpx.Client, value: str) -> None:
    errors = [{"pointer": "#/explain", "detail": "must be true or false"}]
    assert problem(client.post("/sentiment", data={"text": "a", "explain": value}), 422)["errors"] == errors
    files = {"text": ("a.txt", "a"), "explain": (None, value)}
    assert problem(client.post("/sentiment", files=files), 422)["errors"] == errors


def test_no_explanation_of_an_empty_text(client: httpx.Client) -> None:
    document = problem(client.post("/sentiment", json={"text": "", "explain": True}), 422)
    assert document["errors"] == [{"pointer": "#/text", "detail": "must not be empty"}]


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        (" \n\t ", [], []),
        ("... !!!", [], []),
        ("\x00", ["\x00"], ["\x00"]),
        ("\xa0", ["\xa0"], []),
        ("👍🏽 film! 😀", ["👍🏽", "film", "😀"], ["👍🏽 film!", "😀"]),
        ("סרט נהדר. \u202eفيلم رائع", ["סרט", "נהדר", "\u202eفيلم", "رائع"], ["סרט נהדר.", "\u202eفيلم رائع"]),
        ("İİ İstanbul ΑΣ.", ["İİ", "İstanbul", "ΑΣ"], ["İİ İstanbul ΑΣ."]),
        ("a" * 100_000, ["a" * 100_000], ["a" * 100_000]),
        ("!" * 100_000 + "a", ["a"], ["!" * 100_000 + "a"]),
    ],
    ids=range(9),
)
def test_texts_of_any_kind_are_explained(
    client: httpx.Client, text: str, words: list[str], sentences: list[str]
) -> None:
    answer = client.post("/sentiment", json={"text": text, "explain": True}).json()
    assert [word["text"] for word in answer["words"]] == words
    assert [text[word["start"] : word["end"]] for word in answer["words"]] == words
    assert [text[one["start"] : one["end"]] for one in answer["sentences"]] == sentences


def test_more_words_than_are_explained_are_refused(client: httpx.Client, serve: Serve) -> None:
    for text in ("film " * 1_001, "A wonderful film. " * 6_000):
        document = problem(client.post("/sentiment", json={"text": text, "explain": True}), 422)
        assert "at most 1,000 are explained" in document["detail"]
        assert document["errors"][0]["pointer"] == "#/text"
    assert len(client.post("/sentiment", json={"text": "film " * 1_000, "explain": True}).json()["words"]) == 1_000
    narrow = serve(max_explained_words=2 * LEAVE_ONE_OUT_SHARE)
    assert narrow.post("/sentiment", json={"text": "a film", "explain": True}).status_code == 200
    document = problem(narrow.post("/sentiment", json={"text": "a fine film", "explain": True}), 422)
    assert document["detail"] == (
        "The text has 3 words; at most 2 are explained. Send it without `explain`, or in parts."
    )
    assert narrow.post("/sentiment/batch", json={"texts": ["a", "film"], "explain": True}).status_code == 200
    document = problem(narrow.post("/sentiment/batch", json={"texts": ["fine", "a film"], "explain": True}), 422)
    assert document["errors"] == [{"pointer": "#/texts", "detail": "have 3 words; at most 2 are explained"}]
    assert document["detail"] == (
        "The texts have 3 words; at most 2 are explained. Send them without `explain`, or in parts."
    )


def test_a_model_that_reads_in_windows_explains_more_words(serve: Serve, window_models_dir: Path) -> None:
    several: list[tuple[dict[str, int], int]] = [({}, 50_000), ({"max_explained_words": 7}, 7)]
    for settings, limit in several:
        limited = serve(models_dir=window_models_dir, default_model="sentiment-windows", **settings)
        document = problem(limited.post("/sentiment", json={"text": "film " * (limit + 1), "explain": True}), 422)
        assert document["errors"] == [
            {"pointer": "#/text", "detail": f"has {limit + 1:,} words; at most {limit:,} are explained"}
        ]
        answer = limited.post("/sentiment", json={"text": "film " * limit, "explain": True}).json()
        assert len(answer["words"]) == limit
        texts = ["a superb film", "film " * (limit - 3)]
        found = limited.post("/sentiment/batch", json={"texts": texts, "explain": True}).json()["results"]
        assert [len(one["words"]) for one in found] == [3, limit - 3]
        document = problem(limited.post("/sentiment/batch", json={"texts": [*texts, "one"], "explain": True}), 422)
        assert document["errors"][0]["pointer"] == "#/texts"


def test_words_that_are_not_explained_are_not_limited(serve: Serve) -> None:
    narrow = serve(max_explained_words=1)
    assert narrow.post("/sentiment", json={"text": "a fine film"}).status_code == 200
    assert narrow.post("/sentiment/batch", json={"texts": ["a fine film"], "explain": False}).status_code == 200


def test_unknown_words_are_counted(client: httpx.Client) -> None:
    answer = client.post("/sentiment", json={"text": "zzz qqq film"}).json()
    assert answer["tokens"] == {"count": 3, "unknown": 2, "truncated": False}


def test_an_empty_text_is_refused(client: httpx.Client) -> None:
    assert problem(client.post("/sentiment", json={"text": ""}), 422)["errors"] == [
        {"pointer": "#/text", "detail": "must not be empty"}
    ]
    problem(client.post("/sentiment", content=b"", headers={"Content-Type": "text/plain"}), 422)
    assert (
        problem(client.post("/sentiment/batch", json={"texts": ["a", ""]}), 422)["errors"][0]["pointer"] == "#/texts/1"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"text": "a"} trailing',
        b'{"text": "a",}',
        b"{'text': 'a'}",
        b'{"text": "\\ud800"}',
        b'{"text": "\\udc00 x"}',
        b'{"text": "\\ud83d\\ud83d"}',
        b'{"text": "\xff\xfe"}',
        b'\xff\xfe{\x00"\x00',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"text": "a\nb"}',
    ],
    ids=range(15),
)
def test_what_is_not_json_is_refused(client: httpx.Client, body: bytes) -> None:
    for path in ("/sentiment", "/sentiment/batch", "/tokenize", "/pad", "/predict", "/activations", "/forecasts/tiny"):
        assert "not valid JSON" in problem(client.post(path, content=body, headers=JSON), 400)["detail"]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1", "1e999", "true", "null", "[]", "{}", '["a"]'])
def test_what_is_no_text_is_refused(client: httpx.Client, value: str) -> None:
    def post(path: str, body: str) -> httpx.Response:
        return client.post(path, content=body, headers=JSON)

    assert problem(post("/sentiment", f'{{"text": {value}}}'), 422)["errors"][0] == {
        "pointer": "#/text",
        "detail": "must be a string",
    }
    assert problem(post("/sentiment/batch", f'{{"texts": ["a", {value}]}}'), 422)["errors"][0]["pointer"] == "#/texts/1"
    problem(post("/tokenize", f'{{"texts": [{value}]}}'), 422)


@pytest.mark.parametrize("body", ["null", "[]", '"text"', "1", "NaN"])
def test_what_is_no_object_is_refused(client: httpx.Client, body: str) -> None:
    error = problem(client.post("/sentiment", content=body, headers=JSON), 422)["errors"][0]
    assert error == {"pointer": "#", "detail": "must be a JSON object"}


def test_a_missing_and_an_unknown_field_are_named(client: httpx.Client) -> None:
    errors = problem(client.post("/sentiment", json={"txet": "a", "a/b~c": 1}), 422)["errors"]
    assert {(error["pointer"], error["detail"]) for error in errors} == {
        ("#/text", "is missing"),
        ("#/txet", "is not a known field"),
        ("#/a~1b~0c", "is not a known field"),
    }


@pytest.mark.parametrize(
    "content_type", [None, "", "text", "image/png", "text/html", "application/xml", "json", ";", "a/b;c"]
)
@pytest.mark.parametrize("path", ["/sentiment", "/sentiment/batch", "/predict"])
def test_a_wrong_or_missing_content_type_is_refused(client: httpx.Client, path: str, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = client.post(path, content=b'{"text": "a"}', headers=headers)
    assert "application/json" in problem(response, 415)["detail"]
    assert "application/json" in response.headers["accept-post"]


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.x+json"]
)
def test_json_by_other_names_is_taken(client: httpx.Client, content_type: str) -> None:
    assert (
        client.post("/sentiment", content=b'{"text": "a"}', headers={"Content-Type": content_type}).status_code == 200
    )


def test_plain_text_that_is_not_utf8_is_refused(client: httpx.Client) -> None:
    response = client.post("/sentiment", content=b"caf\xe9", headers={"Content-Type": "text/plain"})
    assert "UTF-8" in problem(response, 400)["detail"]
    latin = client.post("/sentiment", content=b"caf\xe9", headers={"Content-Type": "text/plain; charset=latin-1"})
    assert latin.status_code == 200


@pytest.mark.parametrize(
    "charset", ["UTF-8", "utf8", "US-ASCII", "ISO-8859-1", "latin1", "Windows-1252", "cp1252", "utf-16"]
)
def test_charsets_go_by_their_usual_names(client: httpx.Client, charset: str) -> None:
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    assert client.post("/sentiment", content="fine".encode(charset), headers=headers).status_code == 200


def test_unknown_charsets_are_not_remembered(client: httpx.Client) -> None:
    headers = {"Content-Type": "text/plain; charset=never-heard-of"}
    problem(client.post("/sentiment", content=b"abc", headers=headers), 415)
    # What `codecs.lookup` was asked for, it keeps there, whether there is such a codec or not.
    remembered = vars(encodings)["_cache"]
    assert "utf_8" in remembered
    assert "never_heard_of" not in remembered


@pytest.mark.parametrize("charset", ["nonsense", "rot13", "zlib", "utf-7", "idna", "%00", "unicode_escape", "base64"])
def test_a_charset_that_is_none_is_refused(client: httpx.Client, charset: str) -> None:
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    problem(client.post("/sentiment", content=b"abc", headers=headers), 415)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"text=%ff"),
        ("application/x-www-form-urlencoded", b"text=a" + b"&x=1" * 100),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
        ("application/x-www-form-urlencoded", b"{not json"),
        ("multipart/form-data", b"text=a"),
        ("multipart/form-data; boundary=x", b"nonsense"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="text"; filename="a"\r\n\r\n\xff\r\n--x--\r\n',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nno disposition\r\n\r\na\r\n--x--\r\n"),
    ],
    ids=range(9),
)
def test_a_broken_form_is_refused(client: httpx.Client, content_type: str, body: bytes) -> None:
    problem(client.post("/sentiment", content=body, headers={"Content-Type": content_type}), 400)


@pytest.mark.parametrize(
    "body", [b"text=", b"model=sentiment-tiny", b"explain=true", b"text=a&other=1", b"other=1&text=a"]
)
def test_a_form_without_a_text_is_refused(client: httpx.Client, body: bytes) -> None:
    problem(
        client.post("/sentiment", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}),
        422,
    )


def test_an_unknown_model_is_refused_and_the_known_ones_listed(client: httpx.Client) -> None:
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/sentiment", {"text": "a"}),
        ("/sentiment/batch", {"texts": ["a"]}),
        ("/tokenize", {"texts": ["a"]}),
        ("/predict", {"sequences": [[1]]}),
        ("/activations", {"ids": [1]}),
    ]
    for path, body in bodies:
        document = problem(client.post(path, json={**body, "model": "sentiment-none"}), 404)
        assert "sentiment-tiny" in document["detail"]
        assert document["errors"][0]["pointer"] == "#/model"


@pytest.mark.parametrize(
    ("path", "sequences"),
    [
        ("/predict", [[-1]]),
        ("/predict", [[24]]),
        ("/predict", [[1], [2, 2**31]]),
        ("/predict", [[10**30]]),
        ("/predict", [[1.0]]),
        ("/predict", [["1"]]),
        ("/predict", [[True]]),
        ("/predict", [[None]]),
        ("/predict", [[[1]]]),
        ("/predict", [1]),
        ("/predict", [[1], 2]),
        ("/predict", [[1], []]),
        ("/predict", []),
        ("/predict", "1"),
        ("/predict", None),
        ("/pad", [[1.5]]),
        ("/pad", [[-1]]),
        ("/pad", [1]),
        ("/pad", []),
    ],
)
def test_ids_that_are_none_are_refused(client: httpx.Client, path: str, sequences: Any) -> None:
    errors = problem(client.post(path, json={"sequences": sequences}), 422)["errors"]
    assert errors[0]["pointer"].startswith("#/sequences")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("maxlen", 0),
        ("maxlen", -1),
        ("maxlen", 10**9),
        ("maxlen", 10**30),
        ("maxlen", 1.5),
        ("maxlen", "5"),
        ("padding", "both"),
        ("truncating", None),
        ("value", 2**31),
        ("value", 0.5),
    ],
)
def test_padding_that_cannot_be_is_refused(client: httpx.Client, field: str, value: Any) -> None:
    errors = problem(client.post("/pad", json={"sequences": [[1]], field: value}), 422)["errors"]
    assert errors[0]["pointer"] == f"#/{field}"


@pytest.mark.parametrize(
    ("path", "field", "item"),
    [
        ("/sentiment/batch", "texts", "a"),
        ("/tokenize", "texts", "a"),
        ("/predict", "sequences", [1]),
        ("/pad", "sequences", [1]),
    ],
)
def test_too_many_items_are_refused(client: httpx.Client, path: str, field: str, item: Any) -> None:
    document = problem(client.post(path, json={field: [item] * 100_001}), 422)
    assert "100,001" in document["detail"]
    assert document["errors"][0]["pointer"] == f"#/{field}"


@pytest.mark.parametrize(
    ("path", "content", "media_type"),
    [
        ("/sentiment", "text=good&labels=" + "," * 10_000, "application/x-www-form-urlencoded"),
        ("/sentiment", "text=good&unknown=1", "application/x-www-form-urlencoded"),
        ("/sentiment?explain=perhaps", '{"text": "good"}', "application/json"),
        ("/sentiment", '{"text": 1}', "application/json"),
        ("/sentiment/batch", '{"texts": [1]}', "application/json"),
        ("/sentiment?unknown=1", '{"text": "good"}', "application/json"),
        ("/hf", '{"inputs": 1}', "application/json"),
    ],
)
def test_what_was_refused_is_forgotten_at_once(models_dir: Path, path: str, content: str, media_type: str) -> None:
    app = create_app(Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"}))

    async def work(client: httpx.AsyncClient) -> list[int]:
        counts = []
        for _ in range(3):
            answer = await client.post(path, content=content, headers={"Content-Type": media_type})
            assert answer.status_code == 422, answer.text
            counts.append(sum(isinstance(one, (Problem, ValidationError)) for one in gc.get_objects()))
        return counts

    gc.collect()
    gc.disable()
    try:
        counts = asgi.ask(app, work)
    finally:
        gc.enable()
    assert counts == [0, 0, 0]


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/v2/models/sentiment-tiny/infer", {"id": "a" * 1_001}, "#/id"),
        ("/v2/models/sentiment-tiny/infer", {"parameters": {"labels": "," * 2_001}}, "#/parameters/labels"),
        ("/sentiment", {"text": "a", "model": "a" * 1_001}, "#/model"),
        ("/sentiment", {"text": "a", "version": "a" * 1_001}, "#/version"),
        ("/analogies", {"positive": ["a"], "space": "a" * 1_001}, "#/space"),
        ("/feedback", {"text": "a", "label": "a" * 1_001}, "#/label"),
        ("/v1/models/sentiment-tiny:predict", {"instances": ["a"], "signature_name": "a" * 1_001}, "#/signature_name"),
    ],
)
def test_a_name_is_no_text(client: httpx.Client, path: str, body: dict[str, Any], pointer: str) -> None:
    if path.startswith("/v2"):
        body["inputs"] = [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}]
    assert [error["pointer"] for error in problem(client.post(path, json=body), 422)["errors"]] == [pointer]


def test_a_form_lists_no_more_labels_than_a_model_may_have(client: httpx.Client) -> None:
    for count in (MOST + 1, 1_000_000):
        answer = client.post("/sentiment", data={"text": "good", "labels": "," * count})
        (error,) = problem(answer, 422)["errors"]
        assert (error["pointer"], str(MOST + 1) in error["detail"]) == ("#/labels", True)


def test_ten_thousand_wrong_items_do_not_get_ten_thousand_complaints(client: httpx.Client) -> None:
    document = problem(client.post("/sentiment/batch", json={"texts": [1] * 10_000}), 422)
    assert len(document["errors"]) == 10
    assert "9,999 more" in document["detail"]


@pytest.mark.parametrize(
    ("sequences", "pointer", "detail"),
    [
        ("null", "#/sequences", "must be a list"),
        ("1", "#/sequences", "must be a list"),
        ("[]", "#/sequences", "must not be empty"),
        ("[[]]", "#/sequences/0", "must not be empty"),
        ("[[[1,2,3]],[]]", "#/sequences/1", "must not be empty"),
        ("[1]", "#/sequences/0", "must be a list"),
        ("[[1,2,3]]", "#/sequences/0/0", "must be a list"),
        ("[[[[1,2,3]]]]", "#/sequences/0/0/0", "must be a number"),
        ('[[["1",2,3]]]', "#/sequences/0/0/0", "must be a number"),
        ('["abc"]', "#/sequences/0", "must be a list"),
        ("[[[1,2,null]]]", "#/sequences/0/0/2", "must be a number"),
        ("[[[1,2,true]]]", "#/sequences/0/0/2", "must be a number"),
        ("[[[1,2,{}]]]", "#/sequences/0/0/2", "must be a number"),
        ("[[[1,2,3],[1,NaN,3]]]", "#/sequences/0/1/1", "must be a finite number"),
        ("[[[1,2,3]],[[Infinity,2,3]]]", "#/sequences/1/0/0", "must be a finite number"),
        ("[[[1,-Infinity,3]]]", "#/sequences/0/0/1", "must be a finite number"),
        ("[[[1,1e999,3]]]", "#/sequences/0/0/1", "must be a finite number"),
        (f"[[[1,1{'0' * 400},3]]]", "#/sequences/0/0/1", "must be a finite number"),
    ],
)
def test_observations_that_are_none_are_refused(
    client: httpx.Client, sequences: str, pointer: str, detail: str
) -> None:
    response = client.post("/forecasts/tiny", content=f'{{"sequences": {sequences}}}', headers=JSON)
    assert problem(response, 422)["errors"] == [{"pointer": pointer, "detail": detail}]


@pytest.mark.parametrize("value", ["1e39", "-1e39", "1.1e12", "-1e13"])
def test_numbers_that_nothing_measures_are_refused(client: httpx.Client, value: str) -> None:
    response = client.post("/forecasts/tiny", content=f'{{"sequences": [[[1, 2, {value}]]]}}', headers=JSON)
    (error,) = problem(response, 422)["errors"]
    assert error["pointer"] == "#/sequences/0/0/2"
    assert "1000000000000" in error["detail"]


@pytest.mark.parametrize(
    ("sequences", "pointer", "features"),
    [
        ([[[]]], "#/sequences/0/0", "0 features"),
        ([[[1]]], "#/sequences/0/0", "1 feature,"),
        ([[[1, 2, 3]], [[1, 2, 3, 4]]], "#/sequences/1/0", "4 features"),
        ([[[1, 2, 3], [1, 2], [1]]], "#/sequences/0/1", "2 features"),
        ([[[1, 2, 3], []]], "#/sequences/0/1", "0 features"),
        ([[[1] * 100_000]], "#/sequences/0/0", "100,000 features"),
    ],
)
def test_another_number_of_features_is_refused_and_the_right_ones_named(
    client: httpx.Client, sequences: Any, pointer: str, features: str
) -> None:
    document = problem(client.post("/forecasts/tiny", json={"sequences": sequences}), 422)
    (error,) = document["errors"]
    assert error["pointer"] == pointer
    assert features in error["detail"]
    assert error["detail"].endswith("but tiny reads 3: temperature, wind speed, air pollution")
    assert error["detail"] in document["detail"]


@pytest.mark.parametrize("sequences", [[[[10, 25, 60]] * 1_000_000], [[[10, 25, 60]]] * 1_000_000, [[[1]] * 50_001]])
def test_too_many_observations_are_refused(client: httpx.Client, sequences: Any) -> None:
    document = problem(client.post("/forecasts/tiny", json={"sequences": sequences}), 422)
    assert "50,000" in document["detail"]
    assert document["errors"][0]["pointer"] == "#/sequences"


def test_the_limit_of_observations_is_a_setting(serve: Serve) -> None:
    client = serve(max_observations=3)
    assert client.post("/forecasts/tiny", json={"sequences": [[[1, 2, 3]]] * 3}).status_code == 200
    for sequences in ([[[1, 2, 3]]] * 4, [[[1, 2, 3]] * 4]):
        assert "more than 3" in problem(client.post("/forecasts/tiny", json={"sequences": sequences}), 422)["detail"]


def test_an_unknown_forecast_is_refused_and_the_known_ones_listed(client: httpx.Client) -> None:
    for response in (
        client.get("/forecasts/none"),
        client.post("/forecasts/none", json={"sequences": [[[1, 2, 3]]]}),
        client.post("/forecasts/%7Bname%7D", json={"sequences": [[[1, 2, 3]]]}),
    ):
        detail = problem(response, 404)["detail"]
        assert detail == "There is no such forecast; there is tiny, tiny-each-day."


def test_an_unknown_path_and_method_are_refused(client: httpx.Client) -> None:
    problem(client.get("/nothing"), 404)
    problem(client.post("/sentiment/"), 404)
    for method in ("GET", "PUT", "DELETE", "PATCH", "TRACE"):
        response = client.request(method, "/sentiment")
        problem(response, 405)
        assert response.headers["allow"] == "POST"
    allowed = {"/forecasts/tiny": "GET, HEAD, POST", "/forecasts": "GET, HEAD", "/docs": "GET, HEAD"}
    for path, methods in allowed.items():
        response = client.delete(path)
        problem(response, 405)
        assert ", ".join(sorted(response.headers["allow"].split(", "))) == methods


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_a_body_over_the_limit_is_refused(serve: Serve, content_type: str) -> None:
    client = serve(max_body_bytes=100_000)
    headers = {"Content-Type": content_type}
    body = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n' + b"a" * 100_000
    assert "100,000" in problem(client.post("/sentiment", content=body, headers=headers), 413)["detail"]
    ok = b'{"text": "' + b"a" * (100_000 - 12) + b'"}'
    assert client.post("/sentiment", content=ok, headers=JSON).status_code == 200


def address(client: httpx.Client) -> tuple[str, int]:
    port = client.base_url.port
    assert port is not None
    return client.base_url.host, port


def test_a_body_over_the_limit_is_refused_while_it_is_read(serve: Serve) -> None:
    client = serve(max_body_bytes=100_000)
    with socket.create_connection(address(client)) as connection:
        connection.settimeout(60)
        head = "POST /sentiment HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + b"1d4c0\r\n" + b"a" * 0x1D4C0 + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_an_announced_body_over_the_limit_is_refused_before_it_is_sent(serve: Serve) -> None:
    client = serve(max_body_bytes=100_000)
    with socket.create_connection(address(client)) as connection:
        connection.settimeout(60)
        head = "POST /sentiment HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100001\r\n\r\n"
        connection.sendall(head.encode())
        answer = connection.recv(65_536)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "sent",
    [b"BREW /sentiment HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"],
)
def test_what_is_not_http_is_refused(client: httpx.Client, sent: bytes) -> None:
    with socket.create_connection(address(client)) as connection:
        connection.settimeout(60)
        connection.sendall(sent)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["status"] == 400


def test_a_client_that_hangs_up_does_no_harm(client: httpx.Client) -> None:
    for sent in (
        b"POST /sentiment HT",
        b"POST /sentiment HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nhalf a",
    ):
        with socket.create_connection(address(client)) as connection:
            connection.sendall(sent)
            time.sleep(0.05)


def test_answers_to_problems_are_readable_json(client: httpx.Client) -> None:
    document = json.loads(client.post("/sentiment", json={}).content)
    assert list(document) == ["type", "title", "status", "detail", "errors"]


@pytest.mark.parametrize("path", ["/sentiment", "/pad", "/hf/sentiment-best", "/v2/models/sentiment-best/infer"])
def test_the_long_name_of_an_unknown_field_is_not_repeated(client: httpx.Client, path: str) -> None:
    found = problem(client.post(path, json={"~" * 1_000_000: 1}), 422)
    assert len(json.dumps(found)) < 2_000
    named = [error["pointer"] for error in found["errors"] if error["pointer"].startswith("#/~")]
    assert named == ["#/" + "~0" * 99 + "…"]
