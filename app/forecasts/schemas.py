"""Request and response models of the forecast routes."""

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from app.forecasts.serving import LARGEST, Feature
from app.http.schemas import Schema

Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Observation = Annotated[list[Number], Field(fail_fast=True)]
Sequences = Annotated[
    list[Annotated[list[Observation], Field(min_length=1, fail_fast=True)]],
    Field(min_length=1, fail_fast=True),
]
"""Refused at the first number that is none: to complain of a million takes seconds."""

_CITY: Final = [[10, 25, 60], [13, 10, 80], [9, 5, 90], [7, 0, 100]]
_INFO: Final[dict[str, Any]] = {
    "name": "air-pollution",
    "title": "Air pollution on the next day",
    "inputs": [
        {"name": "temperature", "unit": "°C"},
        {"name": "wind speed", "unit": "km/h"},
        {"name": "air pollution", "unit": "µg/m³"},
    ],
    "outputs": [{"name": "air pollution", "unit": "µg/m³"}],
    "input_shape": [None, 4, 3],
    "output_shape": [None, 1, 1],
    "steps": ["day+1"],
    "architecture": "SimpleRNN(2) → Dense(1)",
    "parameters": 15,
    "trained_on": "The lecture's three cities",
    "figures": {
        "held_out": False,
        "measure": "root mean square error",
        "examples": 3,
        "scores": {"air pollution": {"model": 0.0, "persistence": 10.801234, "mean": 20.949675}},
        "against_best": {"air pollution": {"baseline": "persistence", "difference": 10.801234, "interval": None}},
        "coverage": None,
    },
}


def _example(value: dict[str, Any], *, strict: bool = False) -> ConfigDict:
    config = ConfigDict(json_schema_extra={"examples": [value]})
    return ConfigDict(**config, extra="forbid", strict=True) if strict else config


class ForecastInfo(Schema):
    """A forecast that is loaded."""

    model_config = _example(_INFO)

    name: str = Field(description="Name to put into the path.")
    title: str = Field(description="What it forecasts.")
    inputs: list[Feature] = Field(description="What is observed: the numbers of an observation, in this order.")
    outputs: list[Feature] = Field(description="What is forecast: the numbers of each step, in this order.")
    input_shape: list[int | None] = Field(
        description="Sequences, observations and features, as Keras writes it: `null` for any number. It was trained "
        "with so many observations, but takes any number of them."
    )
    output_shape: list[int | None] = Field(
        description="Sequences, steps and features; `null` steps say that there is one for each observation."
    )
    steps: list[str] = Field(
        description="What each step is: `day+3` is the third day after the last one observed. `day 3`, where there is "
        "a forecast for each observation, is the day of the third one."
    )
    architecture: str = Field(description="The layers that have parameters.")
    parameters: int = Field(description="How many parameters they have.")
    trained_on: str = Field(description="Where its training examples come from.")
    figures: dict[str, Any] = Field(
        description="What was measured when it was trained: `scores` of the model and of what anybody could forecast "
        "without it; `against_best`, how much better it is than the best of these, with the 95 % interval of it where "
        "examples were held out; and `coverage` of its intervals, for each step."
    )


class ForecastsResponse(Schema):
    """The forecasts that are loaded."""

    model_config = _example({"forecasts": [_INFO]})

    forecasts: list[ForecastInfo] = Field(description="One entry a forecast.")


class LayerInfo(Schema):
    """A layer that has parameters."""

    kind: Literal["SimpleRNN", "LSTM", "Dense"] = Field(description="Keras' name of it.")
    units: int = Field(description="How many numbers it gives: n_h.")
    output_shape: list[int | None] = Field(
        description="Sequences, steps where it gives its state at every one (`return_sequences=True`), and units."
    )
    formula: str = Field(description="How its parameters are counted.")
    parameters: int = Field(description="How many it has.")


class ForecastRequest(Schema):
    """Observations to forecast from."""

    model_config = _example({"sequences": [_CITY]}, strict=True)

    sequences: Sequences = Field(
        description="Sequences of observations, the oldest first; they may differ in length. An observation is a list "
        "of one number for each of the forecast's `inputs`."
    )
    intervals: bool = Field(
        default=False, description="Whether to say, for each number forecast, between which bounds the truth lies."
    )


class ForecastDetails(ForecastInfo):
    """All that is known of a forecast."""

    model_config = _example(
        {
            **_INFO,
            "layers": [
                {
                    "kind": "SimpleRNN",
                    "units": 2,
                    "output_shape": [None, 2],
                    "formula": "n_h(n_h + n_x + 1) = 2 × (2 + 3 + 1)",
                    "parameters": 12,
                },
                {
                    "kind": "Dense",
                    "units": 1,
                    "output_shape": [None, 1],
                    "formula": "n_h(n_x + 1) = 1 × (2 + 1)",
                    "parameters": 3,
                },
            ],
            "example": {"sequences": [_CITY]},
        }
    )

    layers: list[LayerInfo] = Field(description="The layers that have parameters, in order.")
    example: ForecastRequest = Field(description="A request that it answers.")


class ForecastIntervals(Schema):
    """Bounds between which the truth lies, for each number forecast."""

    coverage: float = Field(description="How often it does, of forecasts from as many observations as in training.")
    lower: list[list[list[float]]] = Field(description="The lower bounds, nested as `predictions` are.")
    upper: list[list[list[float]]] = Field(description="The upper bounds, nested as `predictions` are.")


class ForecastResponse(Schema):
    """What is forecast from each sequence."""

    model_config = _example(
        {
            "predictions": [[[2.5]]],
            "features": ["rain"],
            "steps": ["day+1"],
            "unit": "mm",
            "intervals": {"coverage": 0.8, "lower": [[[0.0]]], "upper": [[[4.75]]]},
            "warnings": [
                "short_sequence: Sequence 0 has 7 observations, fewer than the 100 that the model was trained on."
            ],
        }
    )

    predictions: list[list[list[float]]] = Field(
        description="For each sequence, in order, and for each step a number for each feature."
    )
    features: list[str] = Field(description="What is forecast.")
    steps: list[str] = Field(
        description="What each step is, as in `GET /forecasts`; where there is one for each observation, a shorter "
        "sequence has the first of them."
    )
    unit: str = Field(description="The unit; where the features have different ones, theirs in order, with commas.")
    intervals: ForecastIntervals | None = Field(
        description="Where they were asked for, and the forecast has any; a class has none, but its probability."
    )
    warnings: list[str] = Field(
        description="Why the answer may mean less than it says, each a code, a colon and a sentence: `short_sequence`, "
        "with fewer observations than the model was trained on; `no_intervals`, which were asked for."
    )
