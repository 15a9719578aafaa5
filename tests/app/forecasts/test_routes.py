import asyncio
import json
import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.artifacts.manifest import read_manifest, write_manifest
from app.compute import INLINE_SECONDS
from app.forecasts.forecaster import Forecaster
from app.forecasts.schemas import ForecastResponse
from app.forecasts.serialization import forecast_json, values_of
from app.forecasts.service import SECONDS_A_SEQUENCE, SECONDS_A_VALUE, SECONDS_AN_OBSERVATION
from app.main import create_app
from app.settings import Settings
from tests import asgi
from tests.asgi import full
from tests.conftest import Serve

PARIS = [[10, 25, 60], [13, 10, 80], [9, 5, 90], [7, 0, 100]]
MANY = 1 + int(INLINE_SECONDS / SECONDS_AN_OBSERVATION / len(PARIS))
"""Sequences that make long work."""


def ask(client: httpx.Client, name: str, sequences: Any) -> dict[str, Any]:
    response = client.post(f"/forecasts/{name}", json={"sequences": sequences})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_forecasts_are_listed(client: httpx.Client) -> None:
    forecasts = client.get("/forecasts").json()["forecasts"]
    assert [forecast["name"] for forecast in forecasts] == ["tiny", "tiny-each-day"]
    tiny, each_day = forecasts
    assert [feature["name"] for feature in tiny["inputs"]] == ["temperature", "wind speed", "air pollution"]
    assert (tiny["input_shape"], tiny["output_shape"]) == ([None, 4, 3], [None, 1, 1])
    assert (each_day["input_shape"], each_day["output_shape"]) == ([None, 4, 3], [None, None, 1])
    assert (tiny["steps"], each_day["steps"]) == (["day+1"], ["day 1", "day 2", "day 3", "day 4"])
    assert (tiny["architecture"], tiny["parameters"]) == ("SimpleRNN(2) → Dense(1)", 15)
    assert tiny["figures"]["scores"]["air pollution"].keys() == {"model", "persistence", "mean"}


def test_details_add_the_layers_and_a_request_that_works(client: httpx.Client) -> None:
    for forecast in client.get("/forecasts").json()["forecasts"]:
        details = client.get(f"/forecasts/{forecast['name']}").json()
        assert {key: details[key] for key in forecast} == forecast
        assert sum(layer["parameters"] for layer in details["layers"]) == forecast["parameters"]
        assert client.post(f"/forecasts/{forecast['name']}", json=details["example"]).status_code == 200
    first, last = details["layers"]
    assert first == {
        "kind": "SimpleRNN",
        "units": 2,
        "output_shape": [None, 4, 2],
        "formula": "n_h(n_h + n_x + 1) = 2 × (2 + 3 + 1)",
        "parameters": 12,
    }
    assert (last["formula"], last["parameters"]) == ("n_h(n_x + 1) = 1 × (2 + 1)", 3)


def test_sequences_of_different_lengths_are_answered_in_order(client: httpx.Client) -> None:
    sequences = [PARIS, PARIS[:1], PARIS * 5, PARIS[2:]]
    answer = ask(client, "tiny", sequences)
    assert {key: answer[key] for key in ("features", "steps", "unit")} == {
        "features": ["air pollution"],
        "steps": ["day+1"],
        "unit": "µg/m³",
    }
    alone = [ask(client, "tiny", [sequence])["predictions"][0] for sequence in sequences]
    assert np.array(answer["predictions"]) == pytest.approx(np.array(alone), abs=2e-4)


def test_a_forecast_for_each_observation_names_those_of_the_longest(client: httpx.Client) -> None:
    answer = ask(client, "tiny-each-day", [PARIS[:2], PARIS, PARIS[:1]])
    assert answer["steps"] == ["day 1", "day 2", "day 3", "day 4"]
    assert [len(prediction) for prediction in answer["predictions"]] == [2, 4, 1]
    assert np.array(answer["predictions"][0]) == pytest.approx(np.array(answer["predictions"][1][:2]), abs=2e-4)


def test_long_work_gets_the_same_answers(client: httpx.Client) -> None:
    many = ask(client, "tiny", [PARIS] * MANY)["predictions"]
    one = ask(client, "tiny", [PARIS])["predictions"][0]
    assert np.array(many) == pytest.approx(np.array([one] * MANY), abs=2e-4)
    response = client.post("/forecasts/tiny", json={"sequences": [*[PARIS] * MANY, [[1, 2]]]})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == f"#/sequences/{MANY}/0"


def test_too_much_long_work_at_once_is_turned_away_and_short_work_is_not(models_dir: Path) -> None:
    values = {"models_dir": models_dir, "default_model": "sentiment-tiny", "max_waiting_seconds": 1}
    app = create_app(Settings.model_validate(values))
    long, short = ({"sequences": [PARIS] * count} for count in (MANY, 1))

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://a") as own:
            with full(app.state.loaded.compute):
                busy = await own.post("/forecasts/tiny", json=long)
                assert busy.status_code == 503
                assert (await own.post("/forecasts/tiny", json=short)).status_code == 200
            assert (await own.post("/forecasts/tiny", json=long)).status_code == 200

    asyncio.run(ask())


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, min_size=3, max_size=3),
)
OBSERVATION = st.lists(st.floats(width=32) | st.integers(), min_size=2, max_size=4)


@settings(max_examples=200, deadline=None)
@given(JSON_VALUES | st.lists(st.lists(OBSERVATION, max_size=3), max_size=3))
def test_whatever_is_sent_is_answered_or_refused(client: httpx.Client, value: Any) -> None:
    content = json.dumps({"sequences": value})
    response = client.post("/forecasts/tiny", content=content, headers={"Content-Type": "application/json"})
    if response.status_code == 200:
        assert np.isfinite(response.json()["predictions"]).all()
        assert len(response.json()["predictions"]) == len(value)
    else:
        assert response.status_code == 422, response.text
        assert response.json()["errors"][0]["pointer"].startswith("#/sequences")


def test_server_timing_tells_how_long_predicting_took(client: httpx.Client) -> None:
    response = client.post("/forecasts/tiny", json={"sequences": [PARIS]})
    found = re.fullmatch(r"predict;dur=(\d+\.\d{3})", response.headers["server-timing"])
    assert found is not None
    # In milliseconds: no call of a graph takes less than half a microsecond, and any takes less than half a second.
    assert float(found[1]) > 0


@pytest.mark.parametrize("name", ["tiny", "tiny-each-day"])
def test_the_answer_written_by_hand_is_that_of_the_schema(client: httpx.Client, name: str) -> None:
    content = client.post(f"/forecasts/{name}", json={"sequences": [PARIS, PARIS[:1]]}).content
    assert ForecastResponse.model_validate_json(content).model_dump_json().encode() == content


INTERVALS: dict[str, Any] = {
    "coverage": 0.8,
    "forecasts": [[[70.0, 110.0]]],
    "lower": [[[60.0, 90.0]]],
    "upper": [[[75.0, 150.0]]],
    "least": [0.0],
}
AT_RISK = {"name": "at risk", "unit": "probability"}


@pytest.fixture(scope="module")
def calibrated_dir(models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose forecast `tiny` has intervals, and whose forecast `tiny-each-day` is called a class."""
    folder = tmp_path_factory.mktemp("calibrated")
    shutil.copytree(models_dir, folder, dirs_exist_ok=True)
    for name, change in (("tiny", {"intervals": INTERVALS}), ("tiny-each-day", {"outputs": [AT_RISK]})):
        place = folder / f"forecast-{name}"
        manifest = read_manifest(place)
        write_manifest(place, manifest.model_copy(update={"serving": {**manifest.serving, **change}}))
    return folder


@pytest.fixture(scope="module")
def calibrated(serve: Serve, calibrated_dir: Path) -> httpx.Client:
    """A service of that folder."""
    return serve(models_dir=calibrated_dir)


def of(client: httpx.Client, name: str, sequences: Any, **fields: Any) -> dict[str, Any]:
    response = client.post(f"/forecasts/{name}", json={"sequences": sequences, **fields})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_intervals_are_nested_as_the_forecasts_are(calibrated: httpx.Client) -> None:
    sequences = [PARIS, [[25, 20, 30], [26, 24, 50], [28, 20, 80], [22, 3, 110]], PARIS]
    answer = of(calibrated, "tiny", sequences, intervals=True)
    intervals = answer["intervals"]
    assert intervals["coverage"] == 0.8
    assert np.shape(intervals["lower"]) == np.shape(intervals["upper"]) == np.shape(answer["predictions"]) == (3, 1, 1)
    found, lower, upper = (np.ravel(each) for each in (answer["predictions"], intervals["lower"], intervals["upper"]))
    inner = np.clip(found, 70, 110)
    assert lower == pytest.approx(np.interp(inner, [70, 110], [60, 90]) + found - inner, abs=1e-3)
    assert upper == pytest.approx(np.interp(inner, [70, 110], [75, 150]) + found - inner, abs=1e-3)
    assert answer["warnings"] == []
    assert ForecastResponse.model_validate(answer).model_dump() == answer


def test_intervals_are_there_only_where_they_are_asked_for(calibrated: httpx.Client) -> None:
    assert of(calibrated, "tiny", [PARIS])["intervals"] is None
    assert of(calibrated, "tiny", [PARIS], intervals=False)["intervals"] is None
    response = calibrated.post("/forecasts/tiny", json={"sequences": [PARIS], "intervals": "yes"})
    assert response.json()["errors"][0]["pointer"] == "#/intervals"


def test_many_sequences_and_their_intervals_make_long_work(calibrated_dir: Path) -> None:
    app = create_app(Settings.model_validate({"models_dir": calibrated_dir, "default_model": "sentiment-tiny"}))
    short = int(INLINE_SECONDS / (SECONDS_AN_OBSERVATION + SECONDS_A_SEQUENCE + SECONDS_A_VALUE))

    async def status(client: httpx.AsyncClient, sequences: int, **fields: Any) -> int:
        body = {"sequences": [PARIS[:1]] * sequences, **fields}
        return (await client.post("/forecasts/tiny", json=body)).status_code

    async def work(client: httpx.AsyncClient) -> None:
        with full(app.state.loaded.compute):
            assert await status(client, short) == 200
            assert await status(client, short, intervals=True) == 503
            assert await status(client, short + 2) == 503
        assert await status(client, short, intervals=True) == 200

    asgi.ask(app, work)


@pytest.mark.parametrize("intervals", [False, True])
@pytest.mark.parametrize("name", ["tiny", "tiny-each-day"])
def test_the_values_of_an_answer_are_counted_before_it_is_made(
    calibrated: httpx.Client, calibrated_dir: Path, name: str, intervals: bool
) -> None:
    forecaster = Forecaster(calibrated_dir / f"forecast-{name}")
    answer = of(calibrated, name, [PARIS, PARIS[:2]], intervals=intervals)
    bounds = answer["intervals"] or {"lower": [], "upper": []}
    nested = [*answer["predictions"], *bounds["lower"], *bounds["upper"]]
    assert values_of(forecaster, 2, 6, intervals=intervals) == sum(len(step) for steps in nested for step in steps)


def test_a_forecast_without_intervals_says_why(client: httpx.Client, calibrated: httpx.Client) -> None:
    answer = of(client, "tiny", [PARIS], intervals=True)
    assert answer["intervals"] is None
    assert answer["warnings"] == ["no_intervals: There are no intervals of tiny, as none were calibrated."]
    assert of(client, "tiny", [PARIS])["warnings"] == []
    (of_class,) = of(calibrated, "tiny-each-day", [PARIS], intervals=True)["warnings"]
    assert of_class.endswith("as it forecasts the probability of a class.")


def test_short_sequences_are_warned_of(client: httpx.Client) -> None:
    assert of(client, "tiny", [PARIS, PARIS * 2])["warnings"] == []
    assert of(client, "tiny", [PARIS, PARIS[:1]])["warnings"] == [
        "short_sequence: Sequence 1 has 1 observation, fewer than the 4 that the model was trained on."
    ]
    assert of(client, "tiny", [PARIS, PARIS[:3], PARIS[:2]])["warnings"] == [
        "short_sequence: 2 sequences have fewer observations than the 4 that the model was trained on; the first is "
        "sequence 1."
    ]


def test_a_missing_observation_is_refused(client: httpx.Client) -> None:
    response = client.post("/forecasts/tiny", json={"sequences": [[*PARIS[:2], [9, None, 90]]]})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "#/sequences/0/2/1"


def test_units_that_differ_are_all_named(models_dir: Path) -> None:
    forecaster = Forecaster(models_dir / "forecast-tiny")
    output = forecaster.serving.outputs[0]
    outputs = [output, output.model_copy(update={"name": "rain", "unit": "mm"})]
    forecaster.serving = forecaster.serving.model_copy(update={"outputs": outputs})
    answer = ForecastResponse.model_validate_json(forecast_json(forecaster, [np.array([[1.5, 2.00001]])]))
    assert (answer.features, answer.unit) == (["air pollution", "rain"], "µg/m³, mm")
    assert answer.predictions == [[[1.5, 2.0]]]


def test_small_numbers_keep_their_digits(models_dir: Path) -> None:
    forecaster = Forecaster(models_dir / "forecast-tiny")
    rows = np.array([[1.23456789], [0.5], [0.0123456789], [-1.23456789e-9], [0.0], [-0.0], [0.09999999], [12345.67891]])
    content = forecast_json(forecaster, [rows])
    expected = [1.2346, 0.5, 0.0123457, -1.23457e-09, 0.0, 0.0, 0.1, 12345.6789]
    assert json.loads(content)["predictions"] == [[[each] for each in expected]]
    assert "-0.0]" not in content
    assert ForecastResponse.model_validate_json(content).predictions == [[[each] for each in expected]]


def test_rounded_bounds_still_hold_their_forecast(models_dir: Path) -> None:
    forecaster = Forecaster(models_dir / "forecast-tiny")
    values = np.sort(
        np.concatenate([10 ** np.random.default_rng(0).uniform(-6, 1, 300), [0.1, 0.09999996, 0.10000004]])
    )
    (rows,) = json.loads(forecast_json(forecaster, [values[:, None]]))["predictions"]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
