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

    async def run(self, work: Callable[[], Result], observations: int) -> Result:
        """Do work on so many observations.

        Raises:
            app.compute.Busy: It is long, and there is no place for it.
        """
        seconds = observations * SECONDS_AN_OBSERVATION
        return await self.compute.call(self.compute.step("predict", work), seconds=seconds)
