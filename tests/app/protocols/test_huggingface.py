from typing import Any

import httpx
import pytest

from tests.app.test_bad_input import problem
from tests.conftest import Serve
from tests.toys import FIVE_LABELS

TEXT = "a superb film"
OTHER = "an awful plot"


@pytest.fixture(scope="module")
def five(serve: Serve, labelled_models_dir: Any) -> httpx.Client:
    """A client of the app with the model of five labels."""
    return serve(models_dir=labelled_models_dir, default_model="sentiment-five")


def ask(client: httpx.Client, inputs: Any, path: str = "/hf/sentiment-tiny", **parameters: Any) -> Any:
    body = {"inputs": inputs, **({"parameters": parameters} if parameters else {})}
    response = client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_labels_come_most_probable_first(client: httpx.Client) -> None:
    (scores,) = ask(client, TEXT)
    expected = client.post("/sentiment", json={"text": TEXT}).json()
    assert scores[0] == {"label": expected["label"], "score": expected["score"]}
    assert {one["label"]: one["score"] for one in scores} == expected["probabilities"]
    assert [one["score"] for one in scores] == sorted([one["score"] for one in scores], reverse=True)


def test_a_text_alone_gets_a_list_of_one_list(client: httpx.Client) -> None:
    assert ask(client, TEXT) == ask(client, [TEXT]) == ask(client, TEXT, path="/hf")
    assert ask(client, [TEXT, OTHER]) == [*ask(client, TEXT), *ask(client, OTHER)]


@pytest.mark.parametrize(("top_k", "labels"), [(1, 1), (3, 3), (5, 5), (6, 5), (10**9, 5), (None, 5)])
def test_so_many_labels_are_answered_as_there_are_at_most(five: httpx.Client, top_k: int | None, labels: int) -> None:
    (scores,) = ask(five, TEXT, path="/hf", top_k=top_k)
    assert len(scores) == labels
    assert scores == ask(five, TEXT, path="/hf")[0][:labels]


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"top_k": 0}, "#/parameters/top_k"),
        ({"top_k": -1}, "#/parameters/top_k"),
        ({"top_k": 1.5}, "#/parameters/top_k"),
        ({"top_k": True}, "#/parameters/top_k"),
        ({"function_to_apply": "none"}, "#/parameters/function_to_apply"),
        ({"labels": ["negative"]}, "#/parameters/labels"),
        ({"labels": ["negative", "good"]}, "#/parameters/labels"),
        ({"explain": 1}, "#/parameters/explain"),
        ({"topk": 1}, "#/parameters/topk"),
    ],
)
def test_parameters_that_are_wrong_are_refused(client: httpx.Client, parameters: dict[str, Any], pointer: str) -> None:
    body = {"inputs": TEXT, "parameters": parameters}
    document = problem(client.post("/hf/sentiment-tiny", json=body), 422)
    assert document["errors"][0]["pointer"] == pointer
    assert document["error"] == document["detail"]


@pytest.mark.parametrize(
    ("inputs", "pointer"),
    [
        ("", "#/inputs/0"),
        (["a", ""], "#/inputs/1"),
        ([], "#/inputs"),
        (None, "#/inputs"),
        (3, "#/inputs"),
        ({"text": "a"}, "#/inputs"),
        ([["a"]], "#/inputs/0"),
        (["a", 1], "#/inputs/1"),
    ],
)
def test_inputs_that_are_no_texts_are_refused(client: httpx.Client, inputs: Any, pointer: str) -> None:
    document = problem(client.post("/hf/sentiment-tiny", json={"inputs": inputs}), 422)
    assert document["errors"][0]["pointer"] == pointer


def test_a_choice_of_labels_and_an_explanation_are_parameters(five: httpx.Client) -> None:
    two = list(FIVE_LABELS)[:2]
    (chosen,) = ask(five, TEXT, path="/hf", labels=two)
    assert {one["label"] for one in chosen} == set(two)
    expected = five.post("/sentiment", json={"text": TEXT, "explain": True}).json()
    for texts in (TEXT, [TEXT, OTHER]):
        best, *others = ask(five, texts, path="/hf", explain=True)[0]
        assert {name: best[name] for name in ("warnings", "words", "sentences")} == {
            name: expected[name] for name in ("warnings", "words", "sentences")
        }
        assert all(set(one) == {"label", "score"} for one in others)


def test_function_to_apply_and_options_change_nothing(client: httpx.Client) -> None:
    body = {"inputs": TEXT, "parameters": {"function_to_apply": "softmax"}, "options": {"wait_for_model": True}}
    assert client.post("/hf/sentiment-tiny", json=body).json() == ask(client, TEXT)


def test_limits_are_those_of_the_service(serve: Serve) -> None:
    limited = serve(max_texts=3, max_characters=100)
    assert len(ask(limited, ["a"] * 3)) == 3
    document = problem(limited.post("/hf", json={"inputs": ["a"] * 4}), 422)
    assert document["detail"] == "The list `inputs` has 4 items; at most 3 are taken at once."
    assert problem(limited.post("/hf", json={"inputs": ["a"] * 5_000}), 422)["detail"].startswith("The list `inputs`")
    document = problem(limited.post("/hf", json={"inputs": "a" * 1_000_000}), 422)
    assert document["errors"][0]["pointer"] == "#/inputs"
    document = problem(limited.post("/hf", json={"inputs": ["a", "a" * 101]}), 422)
    assert document["errors"][0]["pointer"] == "#/inputs/1"


def test_a_model_that_is_not_there(client: httpx.Client) -> None:
    document = problem(client.post("/hf/sentiment-none", json={"inputs": "a"}), 404)
    assert document["error"] == document["detail"] == "There is no such model; there is sentiment-tiny."
    assert client.post("/hf/org/sentiment-tiny", json={"inputs": "a"}).status_code == 404


def test_a_body_that_is_no_json(client: httpx.Client) -> None:
    for content in (b"", b"{", b"[" * 100_000, b'{"inputs": "\\ud800"}', b"\xff"):
        document = problem(client.post("/hf", content=content), 400)
        assert document["error"] == document["detail"]
    assert problem(client.post("/hf", content=b"a", headers={"Content-Type": "text/csv"}), 415)["error"]
