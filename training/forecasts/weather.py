"""Simulated weather: a day a row, with seasons, memory, and rain that follows pressure and humidity."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.forecasts.series import Array

YEAR: Final = 365
"""Days a year; simulated years do not leap."""
REGIME_DAYS: Final = 45
"""How long a wet or a dry spell lasts: its deviation falls to 1/e in so many days."""


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

    A slow regime, westerly and wet or blocked and dry, lasts for weeks. It and the season set what pressure, humidity
    and temperature return to, each with a memory of a few days. Rain falls on the day after air that is moist and
    rising: it grows with yesterday's humidity and with how low yesterday's pressure was.

    Args:
        days: Length.
        seed: Of the random numbers; the same seed gives the same weather.
    """
    random = np.random.default_rng(seed)
    winter = np.cos(2 * np.pi * np.arange(days) / YEAR)
    regime = memory(random, days, REGIME_DAYS)
    pressure = 1015 - 6 * regime - 2 * winter + 6 * memory(random, days, 4)
    humidity = 74 + 6 * winter + 5 * regime - 0.4 * (pressure - 1015) + 4 * memory(random, days, 2)
    temperature = 10.5 - 8.5 * winter + 1.5 * regime * winter + 3.5 * memory(random, days, 8)
    lift = 0.06 * (1013 - pressure) + 0.05 * (humidity - 74) + 0.5 * random.normal(size=days)
    rain = np.zeros(days)
    rain[1:] = 5 * np.maximum(0, lift[:-1]) ** 1.2
    return Weather(*(values.astype(np.float32) for values in (rain, np.clip(humidity, 5, 100), temperature, pressure)))


def memory(random: np.random.Generator, days: int, scale: float) -> NDArray[np.float64]:
    """Return noise of mean 0 and deviation 1 that forgets: its autocorrelation falls to 1/e in ``scale`` days."""
    keep = np.exp(-1 / scale)
    values = random.normal(size=days)
    values[1:] *= np.sqrt(1 - keep**2)
    for day in range(1, days):
        values[day] += keep * values[day - 1]
    return values
