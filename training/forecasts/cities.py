"""The numbers of the lecture's section 3: four days in three cities, and what came after them."""

from typing import Final

import numpy as np

from training.forecasts.series import Examples, Splits

CITIES: Final = ("Paris", "Berlin", "London")

_BERLIN: Final = [[25, 20, 30], [26, 24, 50], [28, 20, 80], [22, 3, 110]]
_LONDON: Final = [[15, 10, 60], [25, 20, 65], [35, 10, 75], [36, 15, 70]]

OBSERVED_WITH_POLLUTION: Final = [[[10, 25, 60], [13, 10, 80], [9, 5, 90], [7, 0, 100]], _BERLIN, _LONDON]
"""Temperature, wind speed and air pollution on four days."""
POLLUTION_NEXT_DAY: Final = [110, 125, 75]

OBSERVED_WITH_FLU: Final = [[[10, 25, 50], [13, 10, 70], [9, 5, 90], [7, 0, 95]], _BERLIN, _LONDON]
"""Temperature, wind speed and the flu cases of the day before, which is what the third column of the lecture holds."""
FLU_CASES: Final = [[70, 90, 95, 110], [50, 80, 110, 125], [65, 75, 70, 30]]
"""Flu cases reported on each of the four days."""


def air_pollution() -> Splits:
    """Return the three cities: inputs (3, 4, 3), targets (3, 1, 1).

    Three examples are too few to hold any out: they are training, validation and test at once.
    """
    inputs = np.array(OBSERVED_WITH_POLLUTION, dtype=np.float32)
    targets = np.array(POLLUTION_NEXT_DAY, dtype=np.float32).reshape(3, 1, 1)
    examples = Examples(inputs, targets, inputs[:, -1:, 2:], np.full((3, 1), 4), np.arange(3))
    return Splits(examples, examples, examples)


def flu_cases() -> Splits:
    """Return the three cities: inputs (3, 4, 3), targets (3, 4, 1); training, validation and test at once."""
    inputs = np.array(OBSERVED_WITH_FLU, dtype=np.float32)
    targets = np.array(FLU_CASES, dtype=np.float32)[:, :, None]
    examples = Examples(inputs, targets, inputs[:, :, 2:], np.tile(np.arange(4), (3, 1)), np.arange(3))
    return Splits(examples, examples, examples)
