"""The layers of a forecasting network, and the lecture's count of their parameters."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

GATES: Final = {"SimpleRNN": 1, "LSTM": 4}
"""How many times a recurrent layer has the weights of the simplest one."""


class Layer(BaseModel):
    """A layer that has parameters.

    Attributes:
        kind: Keras' name of it.
        features: n_x, how many numbers it reads at each step.
        units: n_h, how many it gives.
        every_step: Whether it gives them at every step (``return_sequences=True``), or after the last one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["SimpleRNN", "LSTM", "Dense"]
    features: int = Field(ge=1)
    units: int = Field(ge=1)
    every_step: bool = False

    @property
    def parameters(self) -> int:
        """How many parameters it has."""
        if self.kind == "Dense":
            return self.units * (self.features + 1)
        return GATES[self.kind] * self.units * (self.units + self.features + 1)

    @property
    def formula(self) -> str:
        """How they are counted, in letters and in numbers."""
        if self.kind == "Dense":
            return f"n_h(n_x + 1) = {self.units} × ({self.features} + 1)"
        letters, numbers = "n_h(n_h + n_x + 1)", f"{self.units} × ({self.units} + {self.features} + 1)"
        gates = GATES[self.kind]
        return f"{letters} = {numbers}" if gates == 1 else f"{gates} × {letters} = {gates} × {numbers}"

    @property
    def label(self) -> str:
        """Kind and units, such as ``LSTM(2)``."""
        return f"{self.kind}({self.units})"
