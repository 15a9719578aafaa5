"""Model folders made of the committed ones, under other names and in versions."""

import shutil
from pathlib import Path
from typing import Any

from app.artifacts.manifest import parse_manifest, write_manifest
from tests.conftest import ROOT

COMMITTED = ROOT / "models"
LECTURE = COMMITTED / "sentiment-lecture"
SERVED = ("manifest.json", "model.onnx", "tokenizer.json")


def put_model(folder: Path, name: str, source: Path = LECTURE, **changes: Any) -> Path:
    """Copy what serving needs of a model, under another name, and rename it to its place as the README says."""
    partial = folder.with_name(f"{folder.name}.partial")
    partial.mkdir(parents=True)
    for file in SERVED:
        shutil.copy(source / file, partial)
    manifest = parse_manifest(partial)
    write_manifest(partial, manifest.model_copy(update={"name": name, **changes}))
    partial.rename(folder)
    return folder
