import json
import struct
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import __version__
from app.main import create_app
from app.protocols.open_inference_schemas import InferenceResponse, ModelMetadata
from app.protocols.outputs import string_bytes
from app.settings import Settings
from tests.app.test_bad_input import problem
from tests.asgi import ask, full
from tests.conftest import Serve

MODEL = "/v2/models/sentiment-tiny"
INFER = f"{MODEL}/infer"
VERSION = "1.0.0"
TEXTS = ["a superb film", "an awful plot", "zebra " * 12]
LENGTH = "Inference-Header-Content-Length"


@pytest.fixture(scope="module")
def three(serve: Serve, labelled_models_dir: Any) -> httpx.Client:
    """A client of the app with the model of three labels."""
    return serve(models_dir=labelled_models_dir, default_model="sentiment-three")


def body(texts: list[str], **fields: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": texts}], **fields}


def binary(texts: list[str], **fields: Any) -> tuple[bytes, bytes]:
    """The JSON of a request, and the bytes that follow it."""
    follow = b"".join(map(string_bytes, texts))
    tensor = {
        "name": "text",
        "shape": [len(texts)],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(follow)},
    }
    return json.dumps({"inputs": [tensor], **fields}).encode(), follow


def send(client: httpx.Client, head: bytes, follow: bytes, length: Any = None, path: str = INFER) -> httpx.Response:
    return client.post(path, content=head + follow, headers={LENGTH: str(len(head) if length is None else length)})


def strings(data: bytes) -> list[str]:
    """Read a tensor of strings, some of which may be empty."""
    found = []
    while data:
        end = 4 + int.from_bytes(data[:4], "little")
        found.append(data[4:end].decode())
        data = data[end:]
    return found


def outputs(answer: httpx.Response) -> dict[str, Any]:
    """The data of each output, in whatever form it came."""
    assert answer.status_code == 200, answer.text
    length = int(answer.headers.get(LENGTH, len(answer.content)))
    follow = answer.content[length:]
    found: dict[str, Any] = {}
    for output in json.loads(answer.content[:length])["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            found[output["name"]] = output["data"]
            continue
        data, follow = follow[:size], follow[size:]
        assert len(data) == size
        if output["datatype"] == "BYTES":
            found[output["name"]] = strings(data)
        else:
            found[output["name"]] = [round(one, 6) for one in struct.unpack(f"<{size // 4}f", data)]
    assert follow == b""
    return found


def test_texts_are_classified(client: httpx.Client) -> None:
    answer = client.post(INFER, json=body(TEXTS, id="7"))
    expected = client.post("/sentiment/batch", json={"texts": TEXTS}).json()["results"]
    assert answer.headers["content-type"] == "application/json"
    assert "server-timing" in answer.headers
    assert answer.json() == {
        "model_name": "sentiment-tiny",
        "model_version": VERSION,
        "id": "7",
        "outputs": [
            {"name": "label", "datatype": "BYTES", "shape": [3], "data": [one["label"] for one in expected]},
            {"name": "score", "datatype": "FP32", "shape": [3], "data": [one["score"] for one in expected]},
            {
                "name": "probabilities",
                "datatype": "FP32",
                "shape": [3, 2],
                "parameters": {"labels": "negative,positive"},
                "data": [number for one in expected for number in one["probabilities"].values()],
            },
            {
                "name": "warnings",
                "datatype": "BYTES",
                "shape": [3],
                "data": [",".join(one["warnings"]) for one in expected],
            },
        ],
    }
    InferenceResponse.model_validate(answer.json())


@pytest.mark.parametrize("texts", [TEXTS[:1], TEXTS, ["a fine film"] * 600])
def test_bytes_and_json_say_the_same(client: httpx.Client, texts: list[str]) -> None:
    expected = outputs(client.post(INFER, json=body(texts)))
    assert outputs(send(client, *binary(texts)))["label"] == expected["label"]
    answer = send(client, *binary(texts, parameters={"binary_data_output": True}))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert outputs(answer) == expected
    mixed = [{"name": "score", "parameters": {"binary_data": True}}, {"name": "label"}]
    answer = client.post(INFER, json=body(texts, outputs=mixed))
    assert outputs(answer) == {name: expected[name] for name in ("score", "label")}


def test_warnings_in_bytes(client: httpx.Client) -> None:
    wish = [{"name": "warnings", "parameters": {"binary_data": True}}]
    answer = client.post(INFER, json=body(TEXTS, outputs=wish))
    follow = answer.content[int(answer.headers[LENGTH]) :]
    assert follow == string_bytes("") * 2 + string_bytes("truncated,not_english")


@pytest.mark.parametrize("names", [["score"], ["probabilities", "label"], ["explanation"], []])
def test_outputs_are_those_that_are_asked_for(client: httpx.Client, names: list[str]) -> None:
    answer = client.post(INFER, json=body(TEXTS, outputs=[{"name": name} for name in names]))
    assert [one["name"] for one in answer.json()["outputs"]] == (
        names or ["label", "score", "probabilities", "warnings"]
    )


def test_an_output_says_itself_whether_its_bytes_follow(client: httpx.Client) -> None:
    wish = [{"name": "label", "parameters": {"binary_data": False}}, {"name": "score"}]
    answer = client.post(INFER, json=body(TEXTS, outputs=wish, parameters={"binary_data_output": True}))
    head = json.loads(answer.content[: int(answer.headers[LENGTH])])
    assert ["data" in one for one in head["outputs"]] == [True, False]


@pytest.mark.parametrize("texts", [TEXTS[:1], TEXTS])
def test_explanations_are_an_output(client: httpx.Client, texts: list[str]) -> None:
    expected = client.post("/sentiment/batch", json={"texts": texts, "explain": True}).json()["results"]
    asked = client.post(INFER, json=body(texts, parameters={"explain": True}))
    named = client.post(INFER, json=body(texts, outputs=[{"name": "explanation"}]))
    in_bytes = [{"name": "explanation", "parameters": {"binary_data": True}}]
    for answer in (asked, named, client.post(INFER, json=body(texts, outputs=in_bytes))):
        found = [json.loads(one) for one in outputs(answer)["explanation"]]
        assert found == [{name: one[name] for name in ("words", "sentences")} for one in expected]


def test_labels_are_chosen_by_a_parameter(three: httpx.Client) -> None:
    path = "/v2/models/sentiment-three/infer"
    answer = three.post(path, json=body(TEXTS[:1], parameters={"labels": "positive,negative"})).json()
    expected = three.post("/sentiment", json={"text": TEXTS[0], "labels": ["negative", "positive"]}).json()
    probabilities = answer["outputs"][2]
    assert probabilities["parameters"] == {"labels": "negative,positive"}
    assert probabilities["shape"] == [1, 2]
    assert probabilities["data"] == list(expected["probabilities"].values())


@pytest.mark.parametrize("request_id", ["", "a", '"\\\u2028%s', "é" * 100])
def test_the_id_is_echoed(client: httpx.Client, request_id: str) -> None:
    assert client.post(INFER, json=body(["a"], id=request_id)).json()["id"] == request_id
    assert "id" not in client.post(INFER, json=body(["a"])).json()
    all_binary = client.post(INFER, json=body(["a"], id=request_id, parameters={"binary_data_output": True}))
    head = json.loads(all_binary.content[: int(all_binary.headers[LENGTH])])
    assert head["id"] == request_id


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"outputs": [{"name": "logits"}]}, "#/outputs/0/name"),
        ({"outputs": [{"name": "label"}, {"name": "label"}]}, "#/outputs/1/name"),
        ({"outputs": [{}]}, "#/outputs/0/name"),
        ({"outputs": [{"name": "label", "parameters": {"binary_data": 1}}]}, "#/outputs/0/parameters/binary_data"),
        ({"parameters": {"labels": "negative"}}, "#/parameters/labels"),
        ({"parameters": {"labels": ["negative", "positive"]}}, "#/parameters/labels"),
        ({"parameters": {"explain": "yes"}}, "#/parameters/explain"),
        ({"id": 7}, "#/id"),
        ({"input": []}, "#/input"),
    ],
)
def test_wishes_that_are_wrong_are_refused(client: httpx.Client, fields: dict[str, Any], pointer: str) -> None:
    document = problem(client.post(INFER, json=body(["a"], **fields)), 422)
    assert document["errors"][0]["pointer"] == pointer
    assert document["error"] == document["detail"]


@pytest.mark.parametrize("length", ["x", "-1", "+5", "1.5", "²", "0x10", "1" * 30, "10000"])
def test_a_header_length_that_lies_is_refused(client: httpx.Client, length: str) -> None:
    headers = [(LENGTH.encode(), length.encode("latin-1"))]
    document = problem(client.post(INFER, content=b"".join(binary(["a"])), headers=headers), 400)
    assert LENGTH in document["detail"]
    assert document["error"] == document["detail"]


def test_a_header_length_that_cuts_the_json_is_refused(client: httpx.Client) -> None:
    head, follow = binary(["a"])
    assert problem(send(client, head, follow, len(head) - 1), 400)["error"]
    assert problem(send(client, head, follow, len(head) + 1), 400)["error"]
    assert problem(send(client, head, follow, 0), 400)["error"]
    assert problem(send(client, head, follow[:-1]), 422)["error"]
    assert problem(send(client, head, follow + b"a"), 422)["error"]


def test_limits_are_those_of_the_service(serve: Serve) -> None:
    limited = serve(max_texts=3, max_body_bytes=100_000)
    assert len(outputs(limited.post(INFER, json=body(["a"] * 3)))["label"]) == 3
    for many in (4, 5_000):
        document = problem(limited.post(INFER, json=body(["a"] * many)), 422)
        assert document["errors"][0]["pointer"] == "#/inputs/0/data"
        assert "at most 3 are taken at once" in document["detail"]
        document = problem(send(limited, *binary(["a"] * many)), 422)
        assert document["detail"] == f"The list `inputs/0/data` has {many:,} items; at most 3 are taken at once."
    assert problem(limited.post(INFER, json=body(["a" * 100_000])), 413)["error"]


def test_large_bodies_of_both_kinds_are_answered(client: httpx.Client) -> None:
    texts = ["a fine film of two hours"] * 5_000
    expected = outputs(client.post(INFER, json=body(texts)))
    assert len(expected["label"]) == 5_000
    assert outputs(send(client, *binary(texts))) == expected


def test_a_deep_body_is_refused(client: httpx.Client) -> None:
    assert client.post(INFER, content=b'{"inputs": [' + b"[" * 100_000).status_code in {400, 422}
    deep: Any = "a"
    for _ in range(150):
        deep = [deep]
    document = problem(client.post(INFER, json=body([deep])), 422)
    assert document["errors"][0]["pointer"] == "#/inputs/0/data/0"


def test_metadata_and_health(client: httpx.Client, three: httpx.Client) -> None:
    assert client.get("/v2").json() == {
        "name": "sentiment",
        "version": __version__,
        "extensions": ["binary_tensor_data"],
    }
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert client.get(path).json() == {"live": True, "ready": True}
    metadata = ModelMetadata.model_validate(three.get("/v2/models/sentiment-three").json())
    assert metadata.versions == [VERSION]
    assert {one.name: one.shape for one in metadata.outputs} == {
        "label": [-1],
        "score": [-1],
        "probabilities": [-1, 3],
        "warnings": [-1],
        "explanation": [-1],
    }
    assert client.get(f"{MODEL}/ready").json() == {"name": "sentiment-tiny", "ready": True}


def test_a_version_may_be_named(client: httpx.Client) -> None:
    named = f"{MODEL}/versions/{VERSION}"
    assert client.get(named).json() == client.get(MODEL).json()
    assert client.get(f"{named}/ready").json()["ready"]
    assert client.post(f"{named}/infer", json=body(TEXTS)).json() == client.post(INFER, json=body(TEXTS)).json()


@pytest.mark.parametrize("model", ["sentiment-none", "sentiment-tiny/versions/7", "sentiment-none/versions/7"])
def test_what_is_not_there(client: httpx.Client, model: str) -> None:
    for answer in (
        client.get(f"/v2/models/{model}"),
        client.get(f"/v2/models/{model}/ready"),
        client.post(f"/v2/models/{model}/infer", json=body(["a"])),
    ):
        document = problem(answer, 404)
        assert document["error"] == document["detail"]


def test_keys_are_asked_for_but_by_health(serve: Serve) -> None:
    closed = serve(api_keys="a-key")
    for path in ("/v2", MODEL, f"{MODEL}/ready", f"{MODEL}/versions/{VERSION}/ready", "/v1/models/sentiment-tiny"):
        document = problem(closed.get(path), 401)
        assert document["error"] == document["detail"]
    for path in (INFER, f"{MODEL}/versions/{VERSION}/infer", "/hf", "/v1/models/sentiment-tiny:predict"):
        document = problem(closed.post(path, json={}), 401)
        assert document["error"] == document["detail"]
    for path in ("/v2/health/live", "/v2/health/ready"):
        assert closed.get(path).status_code == 200
    answer = closed.post(INFER, json=body(["a"]), headers={"Authorization": "Bearer a-key"})
    assert answer.status_code == 200


def test_a_busy_service_says_so_where_clients_look(models_dir: Path) -> None:
    app = create_app(Settings.model_validate({"models_dir": models_dir, "default_model": "sentiment-tiny"}))

    async def work(client: httpx.AsyncClient) -> httpx.Response:
        with full(app.state.loaded.compute):
            return await client.post(INFER, json=body(TEXTS))

    answer = ask(app, work)
    assert answer.headers["retry-after"]
    document = problem(answer, 503)
    assert document["error"] == document["detail"]
