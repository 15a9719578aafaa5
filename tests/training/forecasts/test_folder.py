"""Model folders of forecasts, and the command that writes them."""

import struct
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from app.artifacts.manifest import read_manifest
from app.forecasts.forecaster import Forecaster
from tests import toys
from training import cli
from training.forecasts import folder, parity, recipes
from training.forecasts.recipes import RAIN_FROM_WEATHER, Recurrent

TINY = toys.FORECASTS[0]
RAIN = replace(
    RAIN_FROM_WEATHER,
    name="tiny-rain",
    observations=5,
    steps=(1, 3),
    recurrent=(Recurrent("LSTM", 2), Recurrent("SimpleRNN", 2)),
    epochs=1,
    batch_size=512,
)


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one run of the command has written two forecasts."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(recipes, "RECIPES", {recipe.name: recipe for recipe in (TINY, RAIN)})
        assert cli.main(["forecasts", "--output", str(folder)]) == 0
    return folder


def test_a_folder_holds_all_that_belongs_to_a_model(output: Path) -> None:
    assert sorted(path.name for path in output.iterdir()) == ["forecast-tiny", "forecast-tiny-rain"]
    manifest = read_manifest(output / "forecast-tiny-rain")
    assert (manifest.name, manifest.kind) == ("tiny-rain", "forecast")
    assert set(manifest.files) == {"README.md", "forecasts.png", "model.keras", "model.onnx"}
    assert manifest.recipe["recurrent"] == [{"kind": "LSTM", "units": 2}, {"kind": "SimpleRNN", "units": 2}]
    assert manifest.recipe["best_epoch"] == 1
    assert manifest.data["name"] == "100 simulated years of weather to learn from, 30 to choose by and 30 held out"
    assert set(manifest.data["examples"]) == {"training", "validation", "test"}
    assert manifest.figures["held_out"] is True
    assert set(manifest.figures["scores"]["rain"]) == {"model", *RAIN.baselines}


def test_the_forecaster_serves_what_was_trained(output: Path) -> None:
    forecaster = Forecaster(output / "forecast-tiny-rain")
    model = keras.models.load_model(output / "forecast-tiny-rain" / "model.keras")
    assert forecaster.serving.parameters == model.count_params()
    assert forecaster.serving.step_names(5) == ["day+1", "day+3"]
    assert len(forecaster.serving.example) == 5
    found = forecaster.forecast([forecaster.serving.example])[0]
    expected = model(np.array([forecaster.serving.example], dtype=np.float32)).numpy()[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_parity_notices_another_model(output: Path) -> None:
    forecaster = Forecaster(output / "forecast-tiny-rain")
    model = keras.models.load_model(output / "forecast-tiny-rain" / "model.keras")
    compared = parity.compare(model, forecaster)
    assert compared.inputs == 1_000
    assert compared.largest_relative_difference < 1e-5
    model.set_weights([weight + 1e-3 for weight in model.get_weights()])
    assert parity.compare(model, forecaster).largest_relative_difference > 1e-5


def test_the_card_shows_figures_formulas_and_the_plot(output: Path) -> None:
    card = (output / "forecast-tiny-rain" / "README.md").read_text()
    manifest = read_manifest(output / "forecast-tiny-rain")
    scores = manifest.figures["scores"]["rain"]
    assert f"| rain | **{scores['model']:.3f}** | {scores['persistence']:.3f} |" in card
    assert "(n, 5, 4) → (n, 2, 1)" in card
    assert "| LSTM(2) | 4 × n_h(n_h + n_x + 1) = 4 × 2 × (2 + 4 + 1) = 56 |" in card
    assert "of a third one, which chose nothing" in card
    assert " ".join(card.splitlines()[2:5]).startswith(("It beats every baseline", "Something simpler does: "))
    assert "| | day+1 | day+3 |" in card
    assert "{" not in card
    assert max(map(len, card.splitlines())) <= 120
    plot = (output / "forecast-tiny-rain" / "forecasts.png").read_bytes()
    assert "](forecasts.png)" in card
    width, height = struct.unpack(">II", plot[16:24])
    assert width > height > 100


def test_the_card_of_air_pollution_says_why_the_lectures_fit_collapses(output: Path) -> None:
    card = " ".join((output / "forecast-tiny" / "README.md").read_text().split())
    assert "Why the lecture's own fit collapses" in card
    assert "too few to hold any out" in card
    assert "collapses" not in (output / "forecast-tiny-rain" / "README.md").read_text()


def test_the_command_says_what_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recipes, "RECIPES", {recipe.name: recipe for recipe in (TINY, RAIN)})
    checkpoints = tmp_path / "checkpoints"
    arguments = ["tiny", "--output", str(tmp_path / "models"), "--checkpoints", str(checkpoints)]
    assert cli.main(["forecasts", *arguments]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("tiny: root mean square error of air pollution ")
    assert ", of the mean 20." in line or ", of the persistence 10." in line
    assert "ONNX against Keras: largest relative difference" in line
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["forecast-tiny"]
    assert list(checkpoints.iterdir()) == []


def test_a_graph_that_differs_from_keras_fails_and_loses_no_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recipes, "RECIPES", {TINY.name: TINY})
    monkeypatch.setattr(folder, "compare", lambda *_: parity.ForecastParity(1, 2e-5))
    checkpoints = tmp_path / "checkpoints"
    arguments = ["--output", str(tmp_path / "models"), "--checkpoints", str(checkpoints)]
    assert cli.main(["forecasts", *arguments]) == 2
    assert "error: The ONNX graph of tiny differs from its Keras model by 2.0e-05" in capsys.readouterr().err
    assert len(list(checkpoints.iterdir())) == 1
    assert list((tmp_path / "models").iterdir()) == []


def test_an_unknown_forecast_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["forecasts", "air-pollution", "weather"])
    assert caught.value.code == 2
    assert "'weather' is none of air-pollution, air-pollution-lstm" in capsys.readouterr().err
