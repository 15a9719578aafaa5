"""The simulators: seeded, within bounds, and with the causes that they promise."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.forecasts import avalanches, heartbeats, weather
from training.forecasts.weather import YEAR, Weather

DAYS = 10 * YEAR


@pytest.fixture(scope="module")
def simulated() -> Weather:
    return weather.simulate(DAYS, seed=5)


def correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_the_seed_decides_everything(simulated: Weather) -> None:
    same, other = (weather.simulate(DAYS, seed=seed) for seed in (5, 6))
    np.testing.assert_array_equal(same.rain, simulated.rain)
    assert not np.array_equal(other.rain, simulated.rain)
    np.testing.assert_array_equal(avalanches.simulate(same, seed=1), avalanches.simulate(simulated, seed=1))
    assert not np.array_equal(avalanches.simulate(same, seed=1), avalanches.simulate(same, seed=2))
    one, again, another = (heartbeats.simulate(2, 300, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one[1].inputs, again[1].inputs)
    assert not np.array_equal(one[1].inputs, another[1].inputs)


def test_the_weather_is_weather(simulated: Weather) -> None:
    assert simulated.rain.min() == 0
    assert 0.3 < np.mean(simulated.rain > 0) < 0.6
    assert simulated.rain.max() < 60
    assert simulated.humidity.min() >= 5
    assert simulated.humidity.max() <= 100
    assert -25 < simulated.temperature.min() < -5
    assert 22 < simulated.temperature.max() < 40
    assert 950 < simulated.pressure.min() < simulated.pressure.max() < 1070


def test_there_are_seasons_and_days_resemble_the_day_before(simulated: Weather) -> None:
    by_day = simulated.temperature.reshape(-1, YEAR).mean(axis=0)
    january, july = by_day[:31].mean(), by_day[181:212].mean()
    assert july - january > 12
    for name in ("rain", "humidity", "temperature", "pressure"):
        values = getattr(simulated, name)
        assert correlation(values[1:], values[:-1]) > 0.3, name


def test_rain_follows_pressure_and_humidity(simulated: Weather) -> None:
    assert correlation(simulated.rain[1:], simulated.pressure[:-1]) < -0.4
    assert correlation(simulated.rain[1:], simulated.humidity[:-1]) > 0.4


def test_columns_are_in_the_order_asked_for(simulated: Weather) -> None:
    columns = simulated.columns("pressure", "rain")
    assert columns.shape == (DAYS, 2)
    np.testing.assert_array_equal(columns[:, 1], simulated.rain)


def test_avalanches_follow_snow_and_thaw_and_accidents_follow_avalanches(simulated: Weather) -> None:
    counts = avalanches.simulate(simulated, seed=1)
    slides, accidents = counts.T
    assert np.array_equal(counts, counts.round())
    assert counts.min() == 0
    snow = np.where(simulated.temperature < avalanches.COLDER, simulated.rain, 0)
    assert correlation(slides, snow) > 0.2
    years = slides.reshape(-1, YEAR)
    assert years[:, 180:270].sum() < 0.1 * slides.sum()
    assert correlation(accidents, slides) > 0.5
    assert correlation(accidents[1:], slides[:-1]) > 0.3
    dry, warm = np.zeros(60, np.float32), np.full(60, avalanches.COLDER - 5, np.float32)
    warm[20:30] += 7
    thawing = avalanches.simulate(Weather(dry, dry, warm, dry), seed=1)[:, 0]
    assert thawing[20:30].sum() > 20
    assert thawing[:20].sum() + thawing[30:].sum() == 0
    bare = Weather(simulated.rain, simulated.humidity, simulated.temperature + 60, simulated.pressure)
    assert avalanches.simulate(bare, seed=1)[2:].sum() == 0


def test_a_wet_spell_lasts_until_enough_has_fallen(simulated: Weather) -> None:
    """What fell since a spell began says how soon it ends, which the rain of the last days alone does not."""
    wet = np.convolve(simulated.pressure, np.ones(5) / 5, "same") < 1013
    begins = np.flatnonzero(wet[1:] & ~wet[:-1]) + 1
    ends = np.flatnonzero(~wet[1:] & wet[:-1]) + 1
    spells = [(begin, ends[ends > begin][0]) for begin in begins if (ends > begin).any()]
    fallen = np.array([simulated.rain[begin:end].sum() for begin, end in spells if end - begin >= 8])
    assert len(fallen) > 40
    assert fallen.std() < 0.5 * fallen.mean()


def test_the_sea_makes_winters_mild_and_summers_cool(simulated: Weather) -> None:
    day = np.arange(DAYS) % YEAR
    for season, sign in ((np.minimum(day, YEAR - day) < 40, 1), (np.abs(day - YEAR / 2) < 40, -1)):
        assert sign * correlation(simulated.temperature[season], -simulated.pressure[season]) > 0.2


def test_hearts_at_risk_alternate() -> None:
    for series in heartbeats.simulate(6, 3000, seed=1):
        qt, risk = series.inputs[:, 2], series.targets[1:, 0]
        change = np.abs(np.diff(qt))
        assert change[risk == 1].mean() > 1.5 * change[risk == 0].mean()


def test_hearts_at_risk_show_it() -> None:
    patients = heartbeats.simulate(6, 3000, seed=1)
    assert [series.inputs.shape for series in patients] == [(3000, 4)] * 6
    sunk = []
    for series in patients:
        risk = series.targets[:, 0]
        assert set(risk) == {0, 1}
        rr, qrs, qt, st = (series.inputs[risk == 1] - series.inputs[risk == 0].mean(axis=0)).mean(axis=0)
        assert rr < -20
        assert qrs > 2
        assert qt > 5
        assert st < 0
        sunk.append(st)
        assert 400 < series.inputs[:, 0].min() < series.inputs[:, 0].max() < 1300
    # Of one patient, an electrode that came loose may hide a part of it.
    assert np.mean(sunk) < -0.02


def test_memory_is_noise_that_forgets() -> None:
    values = weather.memory(np.random.default_rng(0), 200_000, 10)
    assert values.mean() == pytest.approx(0, abs=0.05)
    assert values.std() == pytest.approx(1, abs=0.05)
    assert np.mean(values[10:] * values[:-10]) == pytest.approx(np.exp(-1), abs=0.05)
