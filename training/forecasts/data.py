"""The examples of each source, made anew each time from seeds of their own, and what they are."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final

from training.checkpoint import Identity, identity
from training.forecasts import avalanches, cities, heartbeats, weather
from training.forecasts.recipes import ForecastRecipe, Source
from training.forecasts.series import Examples, Series, Splits, windows

PARTS: Final = tuple(field.name for field in fields(Splits))
SEEDS: Final[Mapping[str, int]] = {"training": 1, "validation": 2, "test": 3}
"""Of the simulations: what is held out is another draw of the weather, and other patients."""
YEARS: Final[Mapping[str, int]] = {"training": 100, "validation": 30, "test": 30}
PATIENTS: Final[Mapping[str, int]] = {"training": 250, "validation": 60, "test": 100}
BEATS: Final = 300
"""Heartbeats of each patient."""

_YEARS: Final = "{training} simulated years of weather to learn from, {validation} to choose by and {test} held out"
_PATIENTS: Final = "{training} simulated patients to learn from, {validation} to choose by and {test} held out"
NAMES: Final[Mapping[Source, str]] = {
    "air pollution": "The lecture's three cities",
    "flu cases": "The lecture's three cities",
    "weather": _YEARS.format_map(YEARS),
    "mountain": f"{_YEARS.format_map(YEARS)}, and avalanches in mountains above",
    "heartbeats": f"{_PATIENTS.format_map(PATIENTS)}, {BEATS} heartbeats each",
}


def splits_of(recipe: ForecastRecipe) -> Splits:
    """Return the examples of a recipe."""
    if recipe.source == "air pollution":
        return cities.air_pollution()
    if recipe.source == "flu cases":
        return cities.flu_cases()
    simulate = _SIMULATED[recipe.source]

    def part(name: str) -> Examples:
        return windows(simulate(recipe, name), recipe.observations, recipe.steps or ())

    return Splits(*map(part, PARTS))


def held_out(recipe: ForecastRecipe) -> bool:
    """Whether the test examples are others than those that the model learns from."""
    return recipe.source not in ("air pollution", "flu cases")


def describe(recipe: ForecastRecipe, splits: Splits) -> dict[str, Any]:
    """Return what a manifest says of the data."""
    return {
        "name": NAMES[recipe.source],
        "sha256": checksum(splits),
        "examples": {name: len(getattr(splits, name)) for name in PARTS},
    }


def checksum(splits: Splits) -> str:
    """Return the SHA-256 of all inputs and targets."""
    digest = hashlib.sha256()
    for examples in (splits.training, splits.validation, splits.test):
        digest.update(examples.inputs.tobytes())
        digest.update(examples.targets.tobytes())
    return digest.hexdigest()


def identity_of(recipe: ForecastRecipe, splits: Splits) -> Identity:
    """Say what the training of a forecast is of, for its checkpoint."""
    return identity(recipe, [checksum(splits)], recipe.seed)


@cache
def _simulated(part: str) -> weather.Weather:
    return weather.simulate(YEARS[part] * weather.YEAR, seed=SEEDS[part])


def _weather(recipe: ForecastRecipe, part: str) -> list[Series]:
    simulated = _simulated(part)
    names = ([feature.name for feature in features] for features in (recipe.inputs, recipe.outputs))
    return [Series(*(simulated.columns(*each) for each in names))]


def _mountain(recipe: ForecastRecipe, part: str) -> list[Series]:
    simulated = _simulated(part)
    inputs = simulated.columns(*(feature.name for feature in recipe.inputs))
    return [Series(inputs, avalanches.simulate(simulated, seed=SEEDS[part]))]


def _heartbeats(_recipe: ForecastRecipe, part: str) -> list[Series]:
    return heartbeats.simulate(PATIENTS[part], BEATS, seed=SEEDS[part])


_SIMULATED: Final[Mapping[Source, Callable[[ForecastRecipe, str], list[Series]]]] = {
    "weather": _weather,
    "mountain": _mountain,
    "heartbeats": _heartbeats,
}
