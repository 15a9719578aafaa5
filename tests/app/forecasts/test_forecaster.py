import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.artifacts.manifest import MANIFEST, ArtifactError, Manifest, read_manifest, write_manifest
from app.forecasts.forecaster import Forecaster, Misshapen
from app.forecasts.serving import LARGEST

Sequences = list[list[list[float]]]

PARIS = [[10.0, 25.0, 60.0], [13.0, 10.0, 80.0], [9.0, 5.0, 90.0], [7.0, 0.0, 100.0]]
NUMBERS = st.one_of(st.floats(-200, 200), st.floats(-LARGEST, LARGEST), st.sampled_from([0.0, -LARGEST, LARGEST]))
OF_TWO_OUTPUTS = {
    "coverage": 0.8,
    "forecasts": [[[0.0], [0.0]]],
    "lower": [[[0.0], [0.0]]],
    "upper": [[[0.0], [0.0]]],
    "least": [0.0, 0.0],
}
SEQUENCES = st.lists(
    st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=30), min_size=1, max_size=6
)


@pytest.fixture(scope="module")
def next_day(models_dir: Path) -> Forecaster:
    return Forecaster(models_dir / "forecast-tiny")


@pytest.fixture(scope="module")
def each_day(models_dir: Path) -> Forecaster:
    return Forecaster(models_dir / "forecast-tiny-each-day")


@pytest.mark.parametrize("name", ["tiny", "tiny-each-day"])
def test_forecasts_are_those_of_keras(models_dir: Path, name: str) -> None:
    forecaster = Forecaster(models_dir / f"forecast-{name}")
    model = keras.models.load_model(models_dir / f"forecast-{name}" / "model.keras")
    sequences = [PARIS, PARIS[:1], PARIS * 30, PARIS[1:]]
    for sequence, found in zip(sequences, forecaster.forecast(sequences), strict=True):
        expected = model(np.array([sequence], dtype=np.float32)).numpy()[0]
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


@settings(deadline=None)
@given(SEQUENCES)
def test_whatever_is_observed_gets_a_finite_forecast_of_its_own(
    next_day: Forecaster, each_day: Forecaster, sequences: Sequences
) -> None:
    together = next_day.forecast(sequences)
    assert [forecast.shape for forecast in together] == [(1, 1)] * len(sequences)
    each = each_day.forecast(sequences)
    assert [forecast.shape for forecast in each] == [(len(sequence), 1) for sequence in sequences]
    assert all(np.isfinite(forecast).all() for forecast in [*together, *each])
    for sequence, forecast in zip(sequences, together, strict=True):
        np.testing.assert_allclose(next_day.forecast([sequence])[0], forecast, rtol=1e-4, atol=1e-3)


def test_many_sequences_are_answered_in_order(next_day: Forecaster) -> None:
    sequences = [[[float(number), 5.0, 60.0]] * (number % 7 + 1) for number in range(300)]
    found = next_day.forecast(sequences)
    for number in range(0, 300, 37):
        np.testing.assert_allclose(found[number], next_day.forecast([sequences[number]])[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("sequences", "sequence", "row"),
    [
        ([[[1.0, 2.0]]], 0, 0),
        ([PARIS, [*PARIS, [1.0]]], 1, 4),
        ([PARIS, [[]]], 1, 0),
        ([[[1.0] * 4] * 2], 0, 0),
        ([[*PARIS, [], [1.0]]], 0, 4),
    ],
)
def test_other_features_are_refused(next_day: Forecaster, sequences: Sequences, sequence: int, row: int) -> None:
    with pytest.raises(Misshapen) as caught:
        next_day.forecast(sequences)
    assert (caught.value.sequence, caught.value.row) == (sequence, row)
    assert str(caught.value).endswith("tiny reads 3: temperature, wind speed, air pollution.")


def test_observations_of_another_size_are_refused_before_they_are_read(
    next_day: Forecaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    monkeypatch.setattr(np, "array", lambda values, **_options: read.append(values))
    with pytest.raises(Misshapen):
        next_day.forecast([[[0.0] * 1000]])
    assert read == []


def test_steps_are_named(next_day: Forecaster, each_day: Forecaster) -> None:
    assert next_day.serving.step_names(4) == ["day+1"]
    assert each_day.serving.step_names(3) == ["day 1", "day 2", "day 3"]


@pytest.fixture
def copy(models_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(models_dir / "forecast-tiny", tmp_path / "forecast-tiny"))


def refused(folder: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        Forecaster(folder)
    message = str(caught.value)
    assert str(folder) in message
    assert message.endswith(".")
    return message


@pytest.mark.parametrize(
    "change",
    [
        lambda serving: serving["inputs"].pop(),
        lambda serving: serving["outputs"].append({"name": "more", "unit": "m"}),
        lambda serving: serving.update(steps=[1, 2]),
        lambda serving: serving.update(steps=None),
        lambda serving: serving["layers"].pop(),
        lambda serving: serving["layers"][0].update(units=3),
        lambda serving: serving["layers"][0].update(features=4),
        lambda serving: serving["layers"][1].update(units=2),
        lambda serving: serving.update(intervals=OF_TWO_OUTPUTS),
    ],
    ids=range(9),
)
def test_a_manifest_of_another_graph_is_refused(copy: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = read_manifest(copy)
    serving = json.loads(json.dumps(manifest.serving))
    change(serving)
    write_manifest(copy, manifest.model_copy(update={"serving": serving}))
    assert "is not the graph that its manifest describes" in refused(copy)


def test_a_graph_of_another_name_is_refused(copy: Path) -> None:
    write_manifest(copy, read_manifest(copy).model_copy(update={"name": "other"}))
    assert "is not the graph that its manifest describes" in refused(copy)


def test_settings_that_are_missing_are_refused(copy: Path) -> None:
    write_manifest(copy, read_manifest(copy).model_copy(update={"serving": {"title": "a"}}))
    assert "lacks settings for serving (7 are wrong)" in refused(copy)


def test_intervals_that_are_no_table_are_refused(copy: Path) -> None:
    manifest = read_manifest(copy)
    serving = {**manifest.serving, "intervals": {**OF_TWO_OUTPUTS, "lower": []}}
    write_manifest(copy, manifest.model_copy(update={"serving": serving}))
    assert "lacks settings for serving (1 is wrong)" in refused(copy)


def test_intervals_that_were_changed_are_refused(copy: Path) -> None:
    content = (copy / MANIFEST).read_text()
    assert '"intervals": null' in content
    (copy / MANIFEST).write_text(content.replace('"intervals": null', f'"intervals": {json.dumps(OF_TWO_OUTPUTS)}'))
    assert MANIFEST in refused(copy)


def test_a_folder_without_its_graph_is_refused(copy: Path) -> None:
    manifest = read_manifest(copy)
    (copy / "model.onnx").unlink()
    write_manifest(copy, manifest)
    assert "manifest.json lists no model.onnx" in refused(copy)


def test_nothing_but_its_graph_is_needed(copy: Path) -> None:
    for path in copy.iterdir():
        if path.name not in ("model.onnx", MANIFEST):
            path.unlink()
    assert Forecaster(copy).name == "tiny"
    (copy / "model.onnx").unlink()
    assert "model.onnx is missing" in refused(copy)


def test_a_graph_that_fails_with_the_example_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forecast(*_given: object) -> None:
        raise RuntimeError("[ONNXRuntimeError] : 1 : FAIL")

    monkeypatch.setattr(Forecaster, "forecast", forecast)
    assert "model.onnx cannot be run ([ONNXRuntimeError] : 1 : FAIL); restore the model folder." in refused(copy)


def test_what_is_no_graph_is_refused(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(b"no graph")
    write_manifest(copy, Manifest.model_validate_json((copy / MANIFEST).read_bytes()))
    assert "is not a graph that can be served" in refused(copy)
