"""The forecasting models that a process has loaded."""

from pathlib import Path

from app.artifacts.registry import ModelFolders, Registry
from app.forecasts.forecaster import KIND, Forecaster


class Forecasters(Registry[Forecaster]):
    """All forecasting models of a folder of model folders."""

    def __init__(self, models_dir: Path, only: str | None = None) -> None:
        """Load every model folder whose name begins with ``forecast-``; there may be none.

        Args:
            models_dir: The folder of model folders.
            only: Load just the one of this name.

        Raises:
            app.artifacts.manifest.ArtifactError: A model folder cannot be used, or two have the same name.
            app.artifacts.registry.UnknownName: ``only`` is not there.
        """
        super().__init__("forecast", ModelFolders(models_dir, KIND, Forecaster), only=only)
