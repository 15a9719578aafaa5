from typing import Any

import httpx
import pytest

from app.sentiment.schemas import SentimentResponse
from tests.app.test_bad_input import problem
from tests.conftest import Serve

TEXTS = ["a superb film", "an awful plot"]
IDS = [[1, 5, 6], [0, 0, 1, 7]]
PATH = "/v1/models/sentiment-tiny:predict"
VERSION = "1.0.0"


@pytest.fixture(scope="module")
def three(serve: Serve, labelled_models_dir: Any) -> httpx.Client:
    """A client of the app with the model of three labels."""
    return serve(models_dir=labelled_models_dir, default_model="sentiment-three")


def test_texts_get_what_sentiment_answers(client: httpx.Client) -> None:
    expected = client.post("/sentiment/batch", json={"texts": TEXTS}).json()["results"]
    for one in expected:
        SentimentResponse.model_validate(one)
    assert client.post(PATH, json={"instances": TEXTS}).json() == {"predictions": expected}
    assert client.post(PATH, json={"instances": TEXTS[:1]}).json() == {"predictions": expected[:1]}
    body = {"inputs": TEXTS, "signature_name": "serving_default"}
    assert client.post(PATH, json=body).json() == {"outputs": expected}


def test_ids_get_the_outputs_of_the_keras_model(client: httpx.Client, three: httpx.Client) -> None:
    expected = client.post("/predict", json={"sequences": IDS}).json()["probabilities"]
    assert client.post(PATH, json={"instances": IDS}).json() == {"predictions": [[one] for one in expected]}
    assert client.post(PATH, json={"inputs": IDS}).json() == {"outputs": [[one] for one in expected]}
    expected = three.post("/predict", json={"sequences": IDS}).json()["probabilities"]
    answer = three.post("/v1/models/sentiment-three:predict", json={"instances": IDS})
    assert answer.json() == {"predictions": expected}


def test_curl_without_a_media_type_is_understood(client: httpx.Client) -> None:
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {}):
        answer = client.post(PATH, content=b'{"instances": [[1, 5, 6]]}', headers=headers)
        assert answer.status_code == 200


def test_a_choice_of_labels_and_an_explanation_are_parameters(three: httpx.Client) -> None:
    path = "/v1/models/sentiment-three:predict"
    wish = {"labels": ["negative", "positive"], "explain": True}
    answer = three.post(path, json={"instances": TEXTS, "parameters": wish}).json()
    assert answer["predictions"] == three.post("/sentiment/batch", json={"texts": TEXTS, **wish}).json()["results"]
    document = problem(three.post(path, json={"instances": IDS, "parameters": wish}), 422)
    assert document["errors"][0]["pointer"] == "#/parameters"
    assert three.post(path, json={"instances": IDS, "parameters": {}}).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#"),
        ({"instances": ["a"], "inputs": ["a"]}, "#"),
        ({"instances": []}, "#/instances"),
        ({"inputs": []}, "#/inputs"),
        ({"instances": "a"}, "#/instances"),
        ({"instances": ["a", [1]]}, "#/instances/1"),
        ({"instances": [[1], "a"]}, "#/instances/1"),
        ({"inputs": [[1], "a"]}, "#/inputs/1"),
        ({"instances": ["a", ""]}, "#/instances/1"),
        ({"instances": [[1], []]}, "#/instances/1"),
        ({"instances": [1, 2]}, "#/instances/0"),
        ({"instances": [None]}, "#/instances/0"),
        ({"instances": [{"text": "a"}]}, "#/instances/0"),
        ({"instances": [[1, "a"]]}, "#/instances/0/1"),
        ({"instances": [[1, 2.0]]}, "#/instances/0/1"),
        ({"instances": [[1, True]]}, "#/instances/0/1"),
        ({"instances": [[-1]]}, "#/instances/0/0"),
        ({"instances": [[2**31]]}, "#/instances/0/0"),
        ({"instances": [[10**400]]}, "#/instances/0/0"),
        ({"instances": [[[1]]]}, "#/instances/0/0"),
        ({"instances": [[1], [24]]}, "#/instances/1"),
        ({"instances": ["a"], "signature_name": "other"}, "#/signature_name"),
        ({"instances": ["a"], "parameters": {"labels": ["good", "bad"]}}, "#/parameters/labels"),
        ({"instances": ["a"], "parameters": {"confidence": 1}}, "#/parameters/confidence"),
        ({"instances": ["a"], "instance": 1}, "#/instance"),
    ],
)
def test_what_is_wrong_is_refused(client: httpx.Client, body: Any, pointer: str) -> None:
    document = problem(client.post(PATH, json=body), 422)
    assert document["errors"][0]["pointer"] == pointer
    assert document["error"] == document["detail"]


def test_a_deep_body_is_refused(client: httpx.Client) -> None:
    assert client.post(PATH, content=b'{"instances": [' + b"[" * 100_000).status_code in {400, 422}
    deep = b'{"instances": [' + b"[" * 150 + b"1" + b"]" * 150 + b"]}"
    assert problem(client.post(PATH, content=deep), 422)["errors"][0]["pointer"] == "#/instances/0/0"


def test_limits_are_those_of_the_service(serve: Serve) -> None:
    limited = serve(max_texts=3, max_ids=10)
    assert limited.post(PATH, json={"instances": ["a"] * 3}).status_code == 200
    assert limited.post(PATH, json={"instances": [[1] * 10]}).status_code == 200
    for field in ("instances", "inputs"):
        document = problem(limited.post(PATH, json={field: ["a"] * 4}), 422)
        assert document["errors"][0]["pointer"] == f"#/{field}"
        assert problem(limited.post(PATH, json={field: [[1] * 11]}), 422)["errors"][0]["pointer"] == f"#/{field}"
    for many in (["a"] * 5_000, [[1] * 5_000]):
        detail = problem(limited.post(PATH, json={"instances": many}), 422)["detail"]
        assert detail == "The body has 5,000 values; at most 13 texts and ids are taken at once."


@pytest.mark.parametrize("path", ["", f"/versions/{VERSION}"])
def test_status_and_metadata(client: httpx.Client, three: httpx.Client, path: str) -> None:
    status = client.get(f"/v1/models/sentiment-tiny{path}").json()
    assert status == {
        "name": "sentiment-tiny",
        "ready": True,
        "model_version_status": [
            {"version": VERSION, "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        ],
    }
    metadata = three.get(f"/v1/models/sentiment-three{path}/metadata").json()
    assert metadata["model_spec"] == {"name": "sentiment-three", "signature_name": "", "version": VERSION}
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["text"]["dtype"] == "DT_STRING"
    assert [one["size"] for one in signature["outputs"]["probabilities"]["tensor_shape"]["dim"]] == ["-1", "3"]
    predict = f"/v1/models/sentiment-tiny{path}:predict"
    assert client.post(predict, json={"instances": IDS}).json() == client.post(PATH, json={"instances": IDS}).json()


def test_what_is_not_there(client: httpx.Client) -> None:
    for path in ("", "/metadata"):
        for model in ("sentiment-none", "sentiment-tiny/versions/7", "sentiment-none/versions/7"):
            document = problem(client.get(f"/v1/models/{model}{path}"), 404)
            assert document["error"] == document["detail"]
    for model in ("sentiment-none", "sentiment-tiny/versions/7"):
        assert problem(client.post(f"/v1/models/{model}:predict", json={"instances": ["a"]}), 404)["error"]
    document = client.get("/v1/models/sentiment-tiny/versions/7").json()
    assert (
        document["detail"]
        == f"The version '7' is not served; the version of sentiment-tiny that is served is {VERSION}."
    )
