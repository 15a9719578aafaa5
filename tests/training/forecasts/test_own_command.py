"""`python -m training forecasts --data`, and the table of all forecasts."""

from pathlib import Path

import httpx
import numpy as np
import pytest

from app.artifacts.manifest import read_manifest
from tests.conftest import Serve
from training import cli
from training.forecasts import own

ROWS = 260


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV of a wave with noise, and of another that runs ahead of it."""
    days = np.arange(ROWS)
    random = np.random.default_rng(0)
    wave = 20 + 8 * np.sin(days / 3) + random.normal(size=ROWS)
    ahead = 10 + 4 * np.sin((days + 2) / 3) + random.normal(size=ROWS)
    path = tmp_path_factory.mktemp("own") / "weather.csv"
    rows = [f"2024-{day},{rain:.3f},{wind:.3f}" for day, rain, wind in zip(days, wave, ahead, strict=True)]
    path.write_text("\n".join(["day,rain,wind", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def models(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command has written a forecast of it."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "EPOCHS", 2)
        checkpoints = str(tmp_path_factory.mktemp("checkpoints"))
        arguments = ["--data", str(data), "--target", "rain", "--steps", "3", "--network", "simple-rnn"]
        written = ["--observations", "12", "--output", str(folder), "--checkpoints", checkpoints]
        assert cli.main(["forecasts", *arguments, *written]) == 0
    return folder


def test_the_folder_says_what_it_is_of(models: Path) -> None:
    manifest = read_manifest(models / "forecast-mine")
    assert (manifest.name, manifest.data["name"]) == ("mine", "weather.csv, 260 rows")
    assert manifest.data["examples"] == {"training": 142, "validation": 50, "test": 50}
    figures = manifest.figures
    assert set(figures["scores"]["rain"]) == {"model", "persistence", "mean", "ridge regression"}
    assert len(figures["coverage"]["rain"]) == 3
    assert figures["against_best"]["rain"]["interval"] is None


def test_the_card_says_how_it_was_made_and_whether_it_is_worth_it(models: Path) -> None:
    card = " ".join((models / "forecast-mine" / "README.md").read_text().split())
    first = card.removeprefix("# mine ")
    assert first.startswith("There is too little held out to be sure: the root mean square error of rain is ")
    assert "`python -m training forecasts --data weather.csv --target rain --steps 3`" in card
    assert "rain in the next 3 days: (n, 12, 2) → (n, 3, 1)" in card
    assert "what is observed before may reach back" in card
    assert "{" not in card.replace("{}", "")


def test_the_service_serves_it(models: Path, models_dir: Path, serve: Serve, tmp_path: Path) -> None:
    for folder in (models_dir / "sentiment-tiny", models_dir / "vectors-toy", models / "forecast-mine"):
        (tmp_path / folder.name).symlink_to(folder)
    client: httpx.Client = serve(models_dir=tmp_path)
    (info,) = client.get("/forecasts").json()["forecasts"]
    assert info["steps"] == ["day+1", "day+2", "day+3"]
    example = client.get("/forecasts/mine").json()["example"]
    answer = client.post("/forecasts/mine", json={**example, "intervals": True}).json()
    assert answer["warnings"] == []
    predictions = np.array(answer["predictions"])
    lower, upper = (np.array(answer["intervals"][bound]) for bound in ("lower", "upper"))
    assert predictions.shape == lower.shape == upper.shape == (1, 3, 1)
    assert (lower <= predictions).all()
    assert (predictions <= upper).all()
    assert (lower < upper).all()


def test_the_table_has_a_line_for_each_forecast(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["forecasts", "--report", "--output", str(models)]) == 0
    head, _, line = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in head.split("|")][1:5] == ["forecast", "of", "measure", "best baseline"]
    figures = read_manifest(models / "forecast-mine").figures
    against = figures["against_best"]["rain"]
    assert f"{against['difference']:+.3f}" in line
    assert "| too little held out to be sure |" in line
    assert f"{min(figures['coverage']['rain']):.3f} to {max(figures['coverage']['rain']):.3f}" in line


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--data", "weather.csv", "--target", "rain"], "--data needs --steps"),
        (["--data", "weather.csv", "--steps", "3"], "--data needs --target"),
        (["--target", "rain"], "--target is for a series of your own"),
        (
            ["heartbeat", "--data", "weather.csv", "--target", "rain", "--steps", "3"],
            "heartbeat is one of the lecture's",
        ),
        (["--data", "none.csv", "--target", "rain", "--steps", "3"], "There is no none.csv"),
        (["--data", "weather.csv", "--target", "snow", "--steps", "3"], "'snow'"),
        (["--data", "weather.csv", "--target", "rain", "--steps", "90"], "are needed; take more rows"),
        (["--data", "weather.csv", "--target", "rain", "--steps", "3", "--name", "heartbeat"], "not 'heartbeat'"),
        (["--data", "weather.csv", "--target", "rain", "--steps", "3", "--time", "a day"], "'a day' is not"),
        (["--data", "weather.csv", "--target", "rain", "--steps", "3", "--name", "a" * 300], "at most 64"),
        (["--report", "--data", "weather.csv"], "--report trains nothing"),
        (["--report"], "holds no forecast"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(data.parent)
    assert cli.main(["forecasts", *arguments, "--output", str(tmp_path), "--checkpoints", str(tmp_path / "c")]) == 2
    said = capsys.readouterr().err.strip()
    assert reason in said
    assert said.startswith("error: ")
    assert "\n" not in said
    assert not list(tmp_path.glob("forecast-*"))
