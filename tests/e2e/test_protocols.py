"""Other people's clients, unchanged, against the service: Hugging Face's, Triton's, KServe's, TensorFlow Serving's."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from tests.clients import environments
from tests.e2e.conftest import Service

TEXTS = ["A wonderful film, I loved every moment.", "What a waste of two hours."]
NO_MODEL = "There is no such model; there is sentiment-best, sentiment-lecture."
LABELS = ["negative", "neutral", "positive"]
MAKERS: dict[str, Callable[[], Any]] = {
    **{client: partial(environments.python_of, client) for client in environments.PYTHON_CLIENTS},
    "huggingface": partial(environments.node_modules, "huggingface"),
}


@pytest.fixture(scope="module", autouse=True)
def made() -> Iterator[dict[str, "Future[Any]"]]:
    """Environments of all clients, made at once, as that is mostly waiting for the packages."""
    with ThreadPoolExecutor(len(MAKERS)) as threads:
        yield {client: threads.submit(make) for client, make in MAKERS.items()}


@pytest.fixture(scope="module")
def expected(service: Service) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = httpx.post(f"{service.url}/sentiment/batch", json={"texts": TEXTS}).json()[
        "results"
    ]
    return results


def pairs(result: dict[str, Any]) -> list[list[Any]]:
    """Labels and their probabilities, the most probable first."""
    return sorted(([label, score] for label, score in result["probabilities"].items()), key=lambda pair: -pair[1])


def tensors(results: list[dict[str, Any]]) -> dict[str, Any]:
    """What the tensors hold, in single precision."""
    return {
        "label": [one["label"] for one in results],
        "score": pytest.approx([one["score"] for one in results], abs=1e-6),
        "probabilities": [
            pytest.approx([one["probabilities"][label] for label in LABELS], abs=1e-6) for one in results
        ],
    }


def test_huggingface_hub(service: Service, made: dict[str, "Future[Any]"], expected: list[dict[str, Any]]) -> None:
    made["huggingface_hub"].result()
    found = environments.use_python("huggingface_hub", service.url, TEXTS[0])
    for way in ("model", "base_url", "async"):
        assert found[way] == pairs(expected[0]), way
    assert found["top_k"] == pairs(expected[0])[:1]
    assert NO_MODEL in found["error"]


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no Node.js with npm on this machine")
def test_huggingface_inference(
    service: Service, made: dict[str, "Future[Any]"], expected: list[dict[str, Any]]
) -> None:
    made["huggingface"].result()
    found = environments.use_node("huggingface", service.url, TEXTS[0])
    scores = [{"label": label, "score": score} for label, score in pairs(expected[0])]
    assert found["endpointUrl"] == scores
    assert found["endpoint"] == scores[:1]
    assert NO_MODEL in found["error"]


def test_tritonclient(service: Service, made: dict[str, "Future[Any]"], expected: list[dict[str, Any]]) -> None:
    made["tritonclient"].result()
    found = environments.use_python("tritonclient", service.url.removeprefix("http://"), *TEXTS)
    for way in ("live", "ready", "model_ready", "version_ready", "aio_ready"):
        assert found[way] is True, way
    assert found["no_model_ready"] is False
    for way in ("binary", "column", "version_named", "json", "gzip", "async", "aio", "aio_json"):
        assert found[way] == {**tensors(expected), "dtype": "float32"}, way
    assert found["id"] == "7"
    assert found["server"]["extensions"] == ["binary_tensor_data"]
    assert found["metadata"]["name"] == "sentiment-best"
    chosen = {"texts": TEXTS, "labels": ["negative", "positive"]}
    two = httpx.post(f"{service.url}/sentiment/batch", json=chosen).json()["results"]
    assert found["chosen"] == [pytest.approx([*one["probabilities"].values()], abs=1e-6) for one in two]
    assert found["error"] == NO_MODEL


def test_kserve(service: Service, made: dict[str, "Future[Any]"], expected: list[dict[str, Any]]) -> None:
    made["kserve"].result()
    found = environments.use_python("kserve", service.url, *TEXTS)
    for way in ("live", "ready", "model_ready", "v1_model_ready"):
        assert found[way] is True, way
    assert found["no_model_ready"] is False
    for way in ("json", "binary"):
        assert found[way] == {**tensors(expected), "warnings": ["", ""]}, way
    assert found["binary_outputs"] == {name: tensors(expected)[name] for name in ("label", "score")}
    assert found["v1"] == {"predictions": expected}
    predicted = httpx.post(f"{service.url}/predict", json={"sequences": [[1, 5, 6]]}).json()
    assert found["v1_ids"] == {"predictions": predicted["probabilities"]}
    assert found["v1_status"] == 404


def test_the_commands_of_tensorflow_serving(service: Service, expected: list[dict[str, Any]]) -> None:
    """As its documentation has them: `curl -d` and `-X POST`, without a media type."""

    def curl(*arguments: str) -> Any:
        return json.loads(environments.run(["curl", "--silent", *arguments]))

    url = f"{service.url}/v1/models/sentiment-lecture"
    ids = httpx.post(
        f"{service.url}/predict", json={"sequences": [[1, 5, 388, 21]], "model": "sentiment-lecture"}
    ).json()
    rows = [[one] for one in ids["probabilities"]]
    assert curl("-d", '{"instances": [[1, 5, 388, 21]]}', "-X", "POST", f"{url}:predict") == {"predictions": rows}
    body = '{"signature_name": "serving_default", "inputs": [[1, 5, 388, 21]]}'
    assert curl("-X", "POST", "-d", body, f"{url}/versions/1.0.0:predict") == {"outputs": rows}
    texts = f'{{"instances": ["{TEXTS[0]}"]}}'
    best = f"{service.url}/v1/models/sentiment-best"
    assert curl("-d", texts, "-X", "POST", f"{best}:predict") == {"predictions": expected[:1]}
    assert curl(url)["model_version_status"][0]["state"] == "AVAILABLE"
    assert "signature_def" in curl(f"{url}/metadata")["metadata"]
    assert "error" in curl("-d", '{"instances": []}', "-X", "POST", f"{url}:predict")
