"""What Docker is told: every setting reaches the service, and the image has what serving reads."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.settings import Settings
from tests.conftest import ROOT

FIXED = {"HOST", "PORT", "MODELS_DIR"}
"""Settings that the image has values for."""


def service() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return dict(document["services"]["sentiment"])


def test_the_image_fixes_what_compose_does_not_pass_on() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    settings = {name.upper() for name in Settings.model_fields}
    assert set(re.findall(r"^ +([A-Z_]+)=", dockerfile, re.MULTILINE)) & settings == FIXED


def test_compose_passes_every_other_setting_on_as_it_is() -> None:
    passed = service()["environment"]
    settings = {name.upper() for name in Settings.model_fields}
    assert set(passed) == settings - FIXED | {"FORWARDED_ALLOW_IPS"}
    assert set(passed.values()) == {None}


def test_compose_waits_longer_than_the_service_takes_to_end() -> None:
    assert service()["stop_grace_period"] == f"{Settings.model_fields['shutdown_seconds'].default + 10}s"


@pytest.mark.parametrize("folder", sorted((ROOT / "models").iterdir()), ids=lambda folder: folder.name)
def test_what_the_image_leaves_out_is_not_what_serving_reads(folder: Path) -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line.startswith("models/")]
    left_out = {path.name for pattern in patterns for path in ROOT.glob(pattern) if path.parent == folder}
    kept = {path.name for path in folder.iterdir()} - left_out
    read = {"manifest.json", "model.onnx", "attribution.npz", "tokenizer.json", "words.txt", "order.npy", "vectors.npy"}
    assert kept <= read
    assert {"manifest.json", "model.onnx" if (folder / "model.onnx").exists() else "words.txt"} <= kept
