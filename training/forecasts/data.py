"""The examples of each source, made anew each time from a seed of its own, and what they are."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from training.checkpoint import Identity, identity
from training.forecasts import avalanches, cities, heartbeats, weather
from training.forecasts.recipes import ForecastRecipe, Source
from training.forecasts.series import Series, Splits, split

YEARS: Final = 24
PATIENTS: Final = 16
BEATS: Final = 1500
"""Heartbeats of each patient."""
WEATHER_SEED, MOUNTAIN_SEED, HEART_SEED = 1, 2, 3

NAMES: Final[Mapping[Source, str]] = {
    "air pollution": "The lecture's three cities",
    "flu cases": "The lecture's three cities",
    "weather": f"{YEARS} simulated years of weather",
    "mountain": f"{YEARS} simulated years of weather, and of avalanches on a mountain above it",
    "heartbeats": f"{BEATS:,} simulated heartbeats of each of {PATIENTS} patients",
}


def splits_of(recipe: ForecastRecipe) -> Splits:
    """Return the examples of a recipe."""
    return _SOURCES[recipe.source](recipe)


def held_out(recipe: ForecastRecipe) -> bool:
    """Whether the test examples are of a later time than those that the model learns from."""
    return recipe.source not in ("air pollution", "flu cases")


def describe(recipe: ForecastRecipe, splits: Splits) -> dict[str, Any]:
    """Return what a manifest says of the data."""
    return {
        "name": NAMES[recipe.source],
        "sha256": checksum(splits),
        "examples": {name: len(getattr(splits, name)) for name in ("training", "validation", "test")},
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


def _weather(recipe: ForecastRecipe) -> Splits:
    simulated = weather.simulate(YEARS * weather.YEAR, seed=WEATHER_SEED)
    inputs = simulated.columns(*(feature.name for feature in recipe.inputs))
    targets = simulated.columns(*(feature.name for feature in recipe.outputs))
    return split([Series(inputs, targets)], recipe.observations, recipe.steps or ())


def _mountain(recipe: ForecastRecipe) -> Splits:
    simulated = weather.simulate(YEARS * weather.YEAR, seed=WEATHER_SEED)
    inputs = simulated.columns(*(feature.name for feature in recipe.inputs))
    targets = avalanches.simulate(simulated, seed=MOUNTAIN_SEED)
    return split([Series(inputs, targets)], recipe.observations, recipe.steps or ())


def _heartbeats(recipe: ForecastRecipe) -> Splits:
    return split(heartbeats.simulate(PATIENTS, BEATS, seed=HEART_SEED), recipe.observations, recipe.steps or ())


_SOURCES: Final[Mapping[Source, Callable[[ForecastRecipe], Splits]]] = {
    "air pollution": lambda _: cities.air_pollution(),
    "flu cases": lambda _: cities.flu_cases(),
    "weather": _weather,
    "mountain": _mountain,
    "heartbeats": _heartbeats,
}
