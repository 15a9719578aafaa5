"""The OpenAPI document: complete, and true under generated requests."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Service, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service, with all that can be switched on."""
    folder = tmp_path_factory.mktemp("service")
    with serving(folder / "log.jsonl", FEEDBACK_FILE=str(folder / "feedback.jsonl")) as running:
        yield running


@pytest.fixture(scope="module", params=["openapi.json", "openapi-full.json"])
def document(service: Service, request: pytest.FixtureRequest) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{service.url}/{request.param}").json()
    return document


def test_operations_are_named_as_their_endpoints(document: dict[str, Any]) -> None:
    named = [one["operationId"] for operations in document["paths"].values() for one in operations.values()]
    assert len(set(named)) == len(named)
    assert {"classify", "classify_batch", "tokenize", "predict", "analogies", "forecast", "models"} <= set(named)
    assert not [name for name in named if re.search(r"_(get|post)$|__", name)]


def test_the_document_for_generators_leaves_out_what_they_get_wrong(service: Service) -> None:
    full, part = (httpx.get(f"{service.url}/{name}").json() for name in ("openapi-full.json", "openapi.json"))
    media_types = {"application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"}
    one, other = (document["paths"]["/sentiment"]["post"] for document in (full, part))
    assert set(one["requestBody"]["content"]) == media_types
    assert set(other["requestBody"]["content"]) == {"application/json"}
    assert set(one["responses"]["200"]["content"]) == {"application/json", "text/plain"}
    assert set(other["responses"]["200"]["content"]) == {"application/json"}
    assert set(part["paths"]["/metrics"]["get"]["responses"]["200"]["content"]) == {"text/plain"}
    one, other = (document["components"]["schemas"]["SentimentRequest"]["properties"] for document in (full, part))
    assert one["explain"].pop("default") is False
    assert one["explain"] == other["explain"]
    assert part["paths"].keys() == full["paths"].keys()


def test_every_field_is_described(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, value in schema["properties"].items():
            assert value.get("description"), f"{name}.{field}"


def test_every_operation_has_a_summary_and_a_description(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path


def test_every_request_and_every_answer_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    def has_example(media: dict[str, Any]) -> bool:
        schema = media.get("schema", {})
        schema = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        return bool(media.get("example") or schema.get("example") or schema.get("examples"))

    for path, operations in document["paths"].items():
        for operation in operations.values():
            for part in [operation.get("requestBody", {}), *operation["responses"].values()]:
                for media_type, media in part.get("content", {}).items():
                    assert has_example(media), (path, media_type, part)


def test_the_examples_are_taken(document: dict[str, Any], service: Service) -> None:
    schemas = document["components"]["schemas"]
    for template, operations in document["paths"].items():
        operation = operations.get("post", {})
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            parts = {one["name"]: one["schema"]["examples"][0] for one in operation.get("parameters", [])}
            path = template.format(**parts)
            for example in schemas[body["schema"]["$ref"].rpartition("/")[2]]["examples"]:
                assert httpx.post(service.url + path, json=example).is_success, path


def test_every_parameter_of_a_path_is_described(document: dict[str, Any]) -> None:
    for template, operations in document["paths"].items():
        for operation in operations.values():
            named = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
            assert named == re.findall(r"\{(\w+)\}", template), template
            assert all(one.get("description") for one in operation.get("parameters", [])), template


@pytest.mark.parametrize("examples", ["20", pytest.param("60", marks=pytest.mark.slow)])
def test_answers_to_generated_requests_are_as_documented(service: Service, tmp_path: Path, examples: str) -> None:
    program = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(Path(__file__).with_name("schemathesis.toml")),
    ]
    command = [*program, "run", f"{service.url}/openapi-full.json", "--no-color"]
    # It has no serializers for the examples of NDJSON and Parquet; those of JSON are sent above.
    phases = ["--phases", "coverage,fuzzing,stateful"]
    options = [*phases, "--max-examples", examples, "--seed", "1", "--generation-deterministic"]
    ended = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=1200)
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    assert "Tested: 32" in ended.stdout
