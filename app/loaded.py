"""Everything that a process loads before it serves."""

from dataclasses import dataclass
from typing import Self

from app.forecasts.registry import Forecasters
from app.sentiment.registry import SentimentModels
from app.settings import Settings
from app.vectors.registry import VectorSpaces


@dataclass(frozen=True)
class Models:
    """The models of each domain."""

    sentiment: SentimentModels
    vectors: VectorSpaces
    forecasts: Forecasters

    @classmethod
    def load(cls, settings: Settings) -> Self:
        """Load the models that the settings name.

        Raises:
            app.artifacts.manifest.ArtifactError: One of them cannot be used.
        """
        return cls(
            sentiment=SentimentModels(settings.models_dir, settings.default_model, settings.engine),
            vectors=VectorSpaces(settings.models_dir, settings.vectors_files),
            forecasts=Forecasters(settings.models_dir),
        )
