"""Simulated avalanches: snow that the weather brings and takes, what slides of it, and who is caught."""

from typing import Final

import numpy as np

from training.forecasts.series import Array
from training.forecasts.weather import Weather

COLDER: Final = 9.0
"""Degrees by which the mountain is colder than the place of the weather."""
MELT: Final = 3.0
"""Millimetres of water that a day of one degree above zero melts."""
FRESH: Final = 0.8
"""Share of the load of fresh snow that has not settled by the next day."""


def simulate(weather: Weather, *, seed: int) -> Array:
    """Simulate what happens on a mountain above a place with this weather.

    Precipitation below freezing is snow, which adds to the snowpack and, until it has settled, to the load on it.
    Above freezing the pack melts and becomes wet. Avalanches follow the load and the thaw, and the pack they have to
    slide from; accidents follow avalanches of the same day and, of people who search and cross, of the day before.

    Args:
        weather: At the foot of the mountain.
        seed: Of the random numbers.

    Returns:
        Avalanches and accidents a day, whole numbers; shape (days, 2).
    """
    random = np.random.default_rng(seed)
    counts = np.zeros((len(weather.rain), 2), dtype=np.float32)
    pack = load = before = 0.0
    for day, (rain, temperature) in enumerate(zip(weather.rain, weather.temperature - COLDER, strict=True)):
        snow = float(rain) if temperature < 0 else 0.0
        thaw = min(pack, MELT * max(0.0, float(temperature)))
        pack += snow - thaw
        load = FRESH * load + snow
        avalanches = random.poisson(min(1.0, pack / 100) * (0.3 * load + 0.6 * thaw))
        accidents = random.poisson(0.2 * avalanches + 0.2 * before)
        counts[day] = avalanches, accidents
        pack *= 0.98**avalanches
        before = avalanches
    return counts
