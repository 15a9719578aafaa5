"""The OpenAPI document: complete, and true under generated requests."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Service


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{service.url}/openapi.json").json()
    return document


def test_every_field_is_described(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        for field, value in schema["properties"].items():
            assert value.get("description"), f"{name}.{field}"


def test_every_operation_has_a_summary_and_examples(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                assert schemas[reference.rpartition("/")[2]]["examples"], path
            answer = operation["responses"]["200"]["content"].get("application/json")
            if answer:
                answered = schemas[answer["schema"]["$ref"].rpartition("/")[2]]
                fields = answered["properties"].values()
                assert answered.get("examples") or all(
                    "examples" in field or "$ref" in str(field) for field in fields
                ), path


def test_the_examples_are_taken(document: dict[str, Any], service: Service) -> None:
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        body = operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            for example in schemas[body["schema"]["$ref"].rpartition("/")[2]]["examples"]:
                assert httpx.post(f"{service.url}{path}", json=example).status_code == 200, path


def test_answers_to_generated_requests_are_as_documented(service: Service, tmp_path: Path) -> None:
    program = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "--config-file",
        str(Path(__file__).with_name("schemathesis.toml")),
    ]
    command = [*program, "run", f"{service.url}/openapi.json", "--no-color"]
    options = ["--checks", "all", "--max-examples", "60", "--seed", "1", "--generation-deterministic"]
    ended = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    assert "Tested: 9" in ended.stdout
