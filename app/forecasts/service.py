"""The service behind the forecast routes: the loaded forecasters, and where their work is done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from app.compute import Compute
from app.forecasts.registry import Forecasters
from app.settings import Settings

Result = TypeVar("Result")

SECONDS_AN_OBSERVATION: Final = 1e-6
"""Of forecasting, on one core."""
SECONDS_A_SEQUENCE: Final = 5e-6
"""Of the same, for each sequence whatever its length."""
SECONDS_A_VALUE: Final = 1.2e-6
"""Of finding and writing a number of the answer, be it a forecast or a bound."""


@dataclass(frozen=True)
class ForecastService:
    """The forecasting models of a process.

    Attributes:
        forecasters: The models.
        compute: Where the work is done.
        settings: The limits.
    """

    forecasters: Forecasters
    compute: Compute
    settings: Settings

    @classmethod
    def load(cls, settings: Settings, compute: Compute) -> Self:
        """Load the forecasting models.

        Raises:
            app.artifacts.manifest.ArtifactError: One of them cannot be used.
        """
        return cls(Forecasters(settings.models_dir), compute, settings)

    def reload(self, *, at_once: bool = False) -> bool:
        """See :meth:`app.artifacts.registry.Registry.reload`."""
        return self.forecasters.reload(at_once=at_once)

    async def run(self, work: Callable[[], Result], *, observations: int, sequences: int, values: int) -> Result:
        """Do work on observations.

        Args:
            work: What to do.
            observations: How many there are, of all sequences.
            sequences: How many sequences.
            values: How many numbers the answer has.

        Raises:
            app.compute.Busy: It is long, and there is no place for it.
        """
        seconds = observations * SECONDS_AN_OBSERVATION + sequences * SECONDS_A_SEQUENCE + values * SECONDS_A_VALUE
        return await self.compute.call(self.compute.step("predict", work), seconds=seconds)
