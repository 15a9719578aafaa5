"""Simulated weather: a day a row, with seasons, memory, spells of rain that build up and break, and their fronts."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.forecasts.series import Array

YEAR: Final = 365
"""Days a year; simulated years do not leap."""
BUILD_UP: Final = 16.0
"""Days in which the air takes up what a wet spell needs, on average over the year."""
DISCHARGE: Final = 60.0
"""Millimetres that a wet spell rains until it breaks."""


@dataclass(frozen=True)
class Weather:
    """Weather at one place, each of shape (days,), from the first of January on.

    Attributes:
        rain: In mm a day; not negative.
        humidity: Relative, in %, from 5 to 100.
        temperature: In °C.
        pressure: At sea level, in hPa.
    """

    rain: Array
    humidity: Array
    temperature: Array
    pressure: Array

    def columns(self, *names: str) -> Array:
        """Return some of them side by side, shape (days, names)."""
        return np.stack([getattr(self, name) for name in names], axis=1)


def simulate(days: int, *, seed: int) -> Weather:
    """Simulate the weather of a place at middle latitudes, where winters are wet.

    Spells follow a recharge and a discharge, as tropical rain does (Bladé and Hartmann, 1993): in a dry spell the air
    takes up moisture, faster in winter, until it holds enough for a wet one; that goes on until
    :data:`DISCHARGE` mm have fallen. When a spell ends hangs on what fell since it began, which a recurrent network
    can add up and a line through the last hundred days cannot, as it does not know where to begin. Wet air comes from
    the sea: it makes winters mild and summers cool.

    The spell and the season set what pressure, humidity and temperature return to, each with a memory of a few days.
    Rain falls on the day after air that is moist and rising: it grows with yesterday's humidity and with how low
    yesterday's pressure was.

    Args:
        days: Length.
        seed: Of the random numbers; the same seed gives the same weather.
    """
    random = np.random.default_rng(seed)
    winter = np.cos(2 * np.pi * np.arange(days) / YEAR)
    fronts, damp, anomaly = (memory(random, days, scale) for scale in (4, 2, 6))
    supply = (1 + 0.25 * winter + 0.3 * random.normal(size=days)) / BUILD_UP
    gusts = 0.5 * random.normal(size=days)
    store, wet, lift = random.uniform(), 0.0, 0.0
    rain, spell, pressure, humidity = np.zeros((4, days))
    for day in range(days):
        rain[day] = 6 * max(0.0, lift) ** 1.2
        store += -rain[day] / DISCHARGE if wet else supply[day]
        wet = float(store > 0) if wet else float(store >= 1)
        spell[day] = 2 * wet - 1
        pressure[day] = 1015 - 4.5 * spell[day] - 2 * winter[day] + 5 * fronts[day]
        humidity[day] = (
            74 + 4.5 * spell[day] + 5 * (store - 0.5) + 6 * winter[day] - 0.3 * (pressure[day] - 1015) + 4 * damp[day]
        )
        lift = 0.09 * (1012 - pressure[day]) + 0.05 * (humidity[day] - 74) + gusts[day]
    temperature = 10.5 - 8.5 * winter + 4 * spell * winter + 3 * anomaly
    return Weather(*(values.astype(np.float32) for values in (rain, np.clip(humidity, 5, 100), temperature, pressure)))


def memory(random: np.random.Generator, days: int, scale: float) -> NDArray[np.float64]:
    """Return noise of mean 0 and deviation 1 that forgets: its autocorrelation falls to 1/e in ``scale`` days."""
    keep = np.exp(-1 / scale)
    values = random.normal(size=days)
    values[1:] *= np.sqrt(1 - keep**2)
    for day in range(1, days):
        values[day] += keep * values[day - 1]
    return values
