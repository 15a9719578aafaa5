"""The lecture's settings as recipes: what is observed, what is forecast, and the network between."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from app.forecasts.serving import Feature

Source = Literal["air pollution", "flu cases", "weather", "mountain", "heartbeats", "own"]
Baseline = Literal["persistence", "mean", "seasonal mean", "ridge regression", "majority class", "logistic regression"]


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer: Keras' name of its kind, and its units."""

    kind: Literal["SimpleRNN", "LSTM"]
    units: int


@dataclass(frozen=True)
class ForecastRecipe:
    """Everything that makes one forecast differ from another.

    Attributes:
        name: By this it is picked; the model's folder is named ``forecast-<name>``.
        title: What it forecasts, in a few words.
        source: Where its examples come from.
        inputs: What is observed.
        outputs: What is forecast.
        observations: How many observations a training sequence has.
        steps: Which times after the last observation are forecast; ``None`` for one forecast at each observation.
        time: What lies between two observations.
        recurrent: The recurrent layers. All but the last give their state at every step (``return_sequences=True``);
            the last one does if ``steps`` is ``None``. A ``Dense`` layer follows.
        activation: Of the ``Dense`` layer: ``linear`` for what may be anything, ``relu`` for what has a least value,
            ``sigmoid`` for a probability.
        least: The least value of each output, in its unit, where the activation is ``relu``.
        baselines: What it must beat.
        season: After how many times the seasons come again, where they do.
        further: How many observations more a training sequence has, where it forecasts at each of them, too: a stretch
            of 160 days is as good as 61 windows of 100, which hardly differ, and takes the time of two.
        batch_size: Examples, or stretches, a training step.
        epochs: How many; the one that is best on the validation examples is kept.
        repeats: How often an epoch goes through the training examples.
        learning_rate: Of Adam, to begin with; it falls along a cosine.
        seed: Seed of the weights and the shuffling.
    """

    name: str
    title: str
    source: Source
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    observations: int
    steps: tuple[int, ...] | None
    recurrent: tuple[Recurrent, ...]
    baselines: tuple[Baseline, ...]
    activation: Literal["linear", "relu", "sigmoid"] = "relu"
    least: tuple[float, ...] = (0.0,)
    time: str = "day"
    season: int | None = None
    further: int = 0
    batch_size: int = 128
    epochs: int = 10
    repeats: int = 1
    learning_rate: float = 0.01
    seed: int = 1


RAIN: Final = Feature(name="rain", unit="mm")
HUMIDITY: Final = Feature(name="humidity", unit="%")
TEMPERATURE: Final = Feature(name="temperature", unit="°C")
PRESSURE: Final = Feature(name="pressure", unit="hPa")
WIND: Final = Feature(name="wind speed", unit="km/h")
POLLUTION: Final = Feature(name="air pollution", unit="µg/m³")

AIR_POLLUTION: Final = ForecastRecipe(
    name="air-pollution",
    title="Air pollution on the next day",
    source="air pollution",
    inputs=(TEMPERATURE, WIND, POLLUTION),
    outputs=(POLLUTION,),
    observations=4,
    steps=(1,),
    recurrent=(Recurrent("SimpleRNN", 2),),
    baselines=("persistence", "mean"),
    activation="linear",
    batch_size=3,
    epochs=10,
    repeats=150,
    learning_rate=0.02,
)
"""The lecture's section 3.1; how its units are called is a guess, since it names none."""

FLU_CASES: Final = replace(
    AIR_POLLUTION,
    name="flu-cases",
    title="Flu cases on each day",
    source="flu cases",
    inputs=(TEMPERATURE, WIND, Feature(name="flu cases the day before", unit="cases")),
    outputs=(Feature(name="flu cases", unit="cases"),),
    steps=None,
    activation="relu",
    seed=6,
)
"""The lecture's whole sequence: one forecast at each observation, with the ``relu`` that it has there. Of the seeds
from 1 to 10, only this one's recurrent matrix has no eigenvalue above 1: the others fit as well or better, but amplify
what little rounding makes differ."""

RAIN_NEXT_DAY: Final = ForecastRecipe(
    name="rain-next-day",
    title="Rain on the next day",
    source="weather",
    inputs=(RAIN,),
    outputs=(RAIN,),
    observations=100,
    steps=(1,),
    recurrent=(Recurrent("LSTM", 8),),
    baselines=("persistence", "mean", "seasonal mean", "ridge regression"),
    season=365,
    further=60,
    batch_size=64,
    epochs=40,
)
RAIN_NEXT_8: Final = replace(
    RAIN_NEXT_DAY, name="rain-next-8", title="Rain on the next eight days", steps=tuple(range(1, 9))
)
RAIN_FROM_WEATHER: Final = replace(
    RAIN_NEXT_8,
    name="rain-from-weather",
    title="Rain on the next eight days, from all the weather",
    inputs=(RAIN, HUMIDITY, TEMPERATURE, PRESSURE),
)

ALL: Final = [
    AIR_POLLUTION,
    replace(AIR_POLLUTION, name="air-pollution-lstm", recurrent=(Recurrent("LSTM", 2),)),
    replace(
        AIR_POLLUTION,
        name="air-pollution-stacked",
        recurrent=(Recurrent("SimpleRNN", 2), Recurrent("SimpleRNN", 2)),
    ),
    FLU_CASES,
    RAIN_NEXT_DAY,
    RAIN_NEXT_8,
    # The lecture writes "day + 8 … day + 16", which are nine days, and a shape of eight.
    replace(
        RAIN_NEXT_DAY,
        name="rain-day-8-to-16",
        title="Rain on eight days, beginning with the eighth",
        steps=tuple(range(8, 16)),
    ),
    replace(
        RAIN_NEXT_DAY,
        name="rain-five-days",
        title="Rain on five given days that do not follow each other",
        steps=(2, 5, 9, 14, 20),
    ),
    RAIN_FROM_WEATHER,
    replace(
        RAIN_FROM_WEATHER,
        name="rain-and-temperature",
        title="Rain and temperature on the next eight days",
        outputs=(RAIN, TEMPERATURE),
        recurrent=(Recurrent("LSTM", 16),),
        least=(0.0, -60.0),
    ),
    replace(
        RAIN_FROM_WEATHER,
        name="avalanches",
        title="Avalanches and accidents on the next eight days",
        source="mountain",
        inputs=(RAIN, TEMPERATURE, PRESSURE),
        outputs=(Feature(name="avalanches", unit="per day"), Feature(name="accidents", unit="per day")),
        recurrent=(Recurrent("LSTM", 16),),
        least=(0.0, 0.0),
    ),
    replace(
        RAIN_NEXT_DAY,
        name="heartbeat",
        title="Whether the next heartbeat is at risk",
        source="heartbeats",
        inputs=(
            Feature(name="RR interval", unit="ms"),
            Feature(name="QRS duration", unit="ms"),
            Feature(name="QT interval", unit="ms"),
            Feature(name="ST level", unit="mV"),
        ),
        outputs=(Feature(name="at risk", unit="probability"),),
        time="beat",
        recurrent=(Recurrent("LSTM", 8),),
        season=None,
        baselines=("majority class", "logistic regression"),
        activation="sigmoid",
    ),
]
RECIPES: Final[Mapping[str, ForecastRecipe]] = {recipe.name: recipe for recipe in ALL}
