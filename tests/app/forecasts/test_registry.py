import shutil
from pathlib import Path

import pytest

from app.artifacts.manifest import ArtifactError
from app.artifacts.registry import UnknownName
from app.forecasts.registry import Forecasters


def test_all_forecasts_of_a_folder_are_loaded(models_dir: Path) -> None:
    forecasters = Forecasters(models_dir)
    assert [forecaster.name for forecaster in forecasters] == ["tiny", "tiny-each-day"]
    assert forecasters.get("tiny").serving.outputs[0].name == "air pollution"


def test_an_unknown_one_is_told_with_those_there_are(models_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="there is tiny, tiny-each-day"):
        Forecasters(models_dir).get("sentiment-tiny")
    with pytest.raises(UnknownName, match="there is none"):
        Forecasters(tmp_path).get("tiny")


def test_a_damaged_one_is_refused(models_dir: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(models_dir / "forecast-tiny", tmp_path / "forecast-tiny")
    (folder / "model.onnx").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"model\.onnx"):
        Forecasters(tmp_path)
