"""The forecasting models that a process has loaded, by name."""

from collections.abc import Iterator
from pathlib import Path

from app.forecasts.forecaster import KIND, Forecaster


class UnknownForecast(LookupError):
    """There is no forecast of that name. The message is a sentence that lists those there are."""


class Forecasters:
    """All forecasting models of a folder of model folders."""

    def __init__(self, folder: Path) -> None:
        """Load every model folder whose name begins with ``forecast-``; there may be none.

        Raises:
            app.artifacts.manifest.ArtifactError: A model folder cannot be used.
        """
        found = (Forecaster(path) for path in sorted(folder.glob(f"{KIND}-*")) if path.is_dir())
        self._forecasters = {forecaster.name: forecaster for forecaster in found}

    def __iter__(self) -> Iterator[Forecaster]:
        return iter(self._forecasters.values())

    def get(self, name: str) -> Forecaster:
        """Return the model of a name.

        Raises:
            UnknownForecast: There is none.
        """
        try:
            return self._forecasters[name]
        except KeyError:
            names = ", ".join(self._forecasters) or "none"
            raise UnknownForecast(f"There is no such forecast; there is {names}.") from None
