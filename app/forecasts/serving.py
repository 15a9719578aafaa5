"""Settings for serving in the manifest of a forecasting model."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from app.forecasts.intervals import Intervals
from app.forecasts.layers import Layer

LARGEST: Final = 1e12
"""The largest number that is taken; whatever is observed in any unit is smaller."""

PROBABILITY: Final = "probability"
"""The unit of a class."""


class Feature(BaseModel):
    """Something that is observed or forecast."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(description="What it is.", examples=["rain"])
    unit: str = Field(description="In what it is measured.", examples=["mm"])


class ForecastServing(BaseModel):
    """What serving needs to know of a forecasting model, beside its graph.

    Attributes:
        title: What it forecasts, in a few words.
        inputs: What is observed.
        outputs: What is forecast.
        time: What lies between two observations.
        observations: How many observations the sequences had that it was trained on.
        steps: Which times after the last observation are forecast; ``None`` for one forecast at each observation.
        layers: Its layers, in order.
        example: A sequence as a request may hold it.
        intervals: Where the truth is likely to lie; ``None`` if that was not calibrated, as of a class.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    inputs: list[Feature] = Field(min_length=1)
    outputs: list[Feature] = Field(min_length=1)
    time: str = Field(pattern=r"^[a-z]{1,20}$")
    observations: int = Field(ge=1)
    steps: list[Annotated[int, Field(ge=1, strict=True)]] | None = Field(min_length=1)
    layers: list[Layer] = Field(min_length=1)
    example: list[list[Annotated[float, Field(allow_inf_nan=False, ge=-LARGEST, le=LARGEST)]]] = Field(min_length=1)
    intervals: Intervals | None = None

    @property
    def is_class(self) -> bool:
        """Whether what it forecasts is the probability of a class."""
        return all(output.unit == PROBABILITY for output in self.outputs)

    @property
    def parameters(self) -> int:
        """How many parameters the layers have."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def architecture(self) -> str:
        """The layers in a line, such as ``SimpleRNN(2) → Dense(1)``."""
        return " → ".join(layer.label for layer in self.layers)

    def step_names(self, observations: int) -> list[str]:
        """Name the times that are forecast from a sequence of so many observations."""
        if self.steps is None:
            return [f"{self.time} {number}" for number in range(1, observations + 1)]
        return [f"{self.time}+{step}" for step in self.steps]
