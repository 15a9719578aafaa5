"""`python -m app forecast`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.forecasts.forecaster import Forecaster
from app.forecasts.serialization import forecast_json
from app.forecasts.warnings import warnings
from tests.conftest import ROOT

PARIS = [[10, 25, 60], [13, 10, 80], [9, 5, 90], [7, 0, 100]]


def forecast(models_dir: Path, name: str, given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "forecast", name, "--models-dir", str(models_dir)]
    return subprocess.run(command, input=given, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("name", ["tiny", "tiny-each-day"])
def test_the_answer_is_that_of_the_service(models_dir: Path, name: str) -> None:
    sequences = [PARIS, PARIS[:2]]
    done = forecast(models_dir, name, json.dumps({"sequences": sequences, "intervals": True}))
    assert (done.returncode, done.stderr) == (0, "")
    forecaster = Forecaster(models_dir / f"forecast-{name}")
    told = warnings(forecaster, sequences, intervals=True)
    assert [warning.partition(":")[0] for warning in told] == ["short_sequence", "no_intervals"]
    assert done.stdout == forecast_json(forecaster, forecaster.forecast(sequences), warnings=told) + "\n"


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("tiny", "", "The body is not valid JSON"),
        ("tiny", "[[[1, 2, 3]]]", "must be a JSON object"),
        ("tiny", '{"sequences": [[[1, 2, NaN]]]}', "#/sequences/0/0/2 must be a finite number"),
        ("tiny", '{"sequences": [[[1, 2]]]}', "tiny reads 3: temperature, wind speed, air pollution"),
        ("none", "", "there is: tiny, tiny-each-day"),
        ("../forecast-tiny", "", "There is no forecast '../forecast-tiny' in "),
    ],
)
def test_what_cannot_be_forecast_is_one_sentence(models_dir: Path, name: str, given: str, reason: str) -> None:
    done = forecast(models_dir, name, given)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert line.endswith(".")
    assert reason in line
