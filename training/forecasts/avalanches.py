"""Simulated avalanches: snow that the weather brings and takes, what slides of it, and who is caught."""

from typing import Final

import numpy as np

from training.forecasts.series import Array
from training.forecasts.weather import Weather

COLDER: Final = 18.0
"""Degrees by which the mountains are colder than the place of the weather: snow lies there all year."""
MELT: Final = 3.0
"""Millimetres of water that a day of one degree above zero melts."""
FRESH: Final = 0.8
"""Share of the load of fresh snow that has not settled by the next day."""
CRUST: Final = 0.85
"""Share of the crust that a thaw has left which is still there on the next day."""


def simulate(weather: Weather, *, seed: int) -> Array:
    """Simulate what happens in high mountains above a place with this weather.

    Precipitation below freezing is snow, which adds to the snowpack and, until it has settled, to the load on it.
    Above freezing the pack melts and becomes wet, and what freezes again is a crust: snow that falls on a crust slides
    more readily. Avalanches follow the load, the more so on a crust, and the thaw, and the pack they have to slide
    from; accidents follow avalanches of the same day and, of people who search and cross, of the day before.

    Args:
        weather: At the foot of the mountains.
        seed: Of the random numbers.

    Returns:
        Avalanches and accidents a day, whole numbers; shape (days, 2).
    """
    random = np.random.default_rng(seed)
    counts = np.zeros((len(weather.rain), 2), dtype=np.float32)
    load = crust = before = 0.0
    pack = 200.0
    for day, (rain, temperature) in enumerate(zip(weather.rain, weather.temperature - COLDER, strict=True)):
        snow = float(rain) if temperature < 0 else 0.0
        thaw = min(pack, MELT * max(0.0, float(temperature)))
        pack = max(0.0, pack + snow - thaw)
        load = FRESH * load + snow
        crust = max(CRUST * crust, min(1.0, thaw / 10))
        avalanches = random.poisson(min(1.0, pack / 100) * ((0.8 + 2.4 * crust) * load + 0.8 * thaw))
        accidents = random.poisson(0.25 * avalanches + 0.1 * before)
        counts[day] = avalanches, accidents
        pack *= 0.998**avalanches
        before = avalanches
    return counts
