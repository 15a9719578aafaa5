import json
import shutil
from pathlib import Path

import pytest

from app.artifacts.manifest import ArtifactError, signed
from app.artifacts.registry import UnknownName
from app.sentiment.registry import SentimentModels


def test_the_default_answers_when_no_name_is_given(models_dir: Path) -> None:
    models = SentimentModels(models_dir, "sentiment-tiny")
    assert models.get(None) is models.default is models.get("sentiment-tiny")
    with pytest.raises(UnknownName, match=r"There is no such model; there is sentiment-tiny\."):
        models.get("")


def test_a_default_that_is_not_there_is_refused(models_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"no model best in .* \(there is: sentiment-tiny\); set DEFAULT_MODEL\."):
        SentimentModels(models_dir, "best")
    with pytest.raises(ArtifactError, match=r"\(there is: none\)"):
        SentimentModels(tmp_path, "best")


def test_a_damaged_model_that_is_not_asked_for_does_no_harm(models_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(models_dir / "sentiment-tiny", tmp_path / "sentiment-tiny")
    folder = shutil.copytree(models_dir / "sentiment-tiny", tmp_path / "sentiment-worn")
    manifest = folder / "manifest.json"
    manifest.write_bytes(signed({**json.loads(manifest.read_bytes()), "name": "worn"}))
    (folder / "tokenizer.json").write_bytes(b"")
    assert SentimentModels(tmp_path, "sentiment-tiny", only="sentiment-tiny").default.name == "sentiment-tiny"
    with pytest.raises(ArtifactError, match=r"tokenizer\.json"):
        SentimentModels(tmp_path, "sentiment-tiny")
