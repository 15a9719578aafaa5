"""The one object that holds everything a process has loaded."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

from app.compute import Compute
from app.forecasts.service import ForecastService
from app.lifecycle import Lifecycle
from app.operations.metrics import Metrics
from app.operations.tracing import Tracing
from app.sentiment.service import SentimentService
from app.settings import Settings
from app.vectors.service import VectorsService

PartType = TypeVar("PartType")


@dataclass(frozen=True)
class Loaded:
    """The settings, and what each domain has loaded. A route gets its part by :class:`app.http.dependencies.Part`."""

    settings: Settings
    metrics: Metrics
    tracing: Tracing | None
    lifecycle: Lifecycle
    compute: Compute
    sentiment: SentimentService
    vectors: VectorsService
    forecasts: ForecastService

    @classmethod
    def load(
        cls,
        settings: Settings,
        metrics: Metrics,
        lifecycle: Lifecycle | None = None,
        tracing: Tracing | None = None,
    ) -> Self:
        """Load the models and files that the settings name.

        Args:
            settings: The settings.
            metrics: Where the work is counted.
            lifecycle: That of the process; by default one that begins now.
            tracing: What traces requests, if they are traced.

        Raises:
            app.artifacts.manifest.ArtifactError: A model cannot be used.
            app.settings.SettingsError: The file for feedback cannot be written.
        """
        compute = Compute(
            settings.threads,
            settings.max_waiting_seconds,
            settings.max_client_share,
            settings.max_streams,
            settings.max_parquet_files,
            tracing,
        )
        return cls(
            settings=settings,
            metrics=metrics,
            tracing=tracing,
            lifecycle=lifecycle or Lifecycle(settings.drain_seconds),
            compute=compute,
            sentiment=SentimentService.load(settings, compute, metrics),
            vectors=VectorsService.load(settings, compute),
            forecasts=ForecastService.load(settings, compute),
        )

    def reload(self, at_once: bool) -> bool:
        """Look for models that have come, changed or gone; see :meth:`app.artifacts.registry.Registry.reload`.

        Args:
            at_once: Whether what is found is complete, even if it has just changed.

        Returns:
            Whether other models are served now.
        """
        services = (self.sentiment, self.vectors, self.forecasts)
        changed = [service.reload(at_once=at_once) for service in services]
        return any(changed)

    def part(self, kind: type[PartType]) -> PartType:
        """Return the part of a type.

        Raises:
            KeyError: There is none.
        """
        part: PartType = self._parts[kind]
        return part

    @cached_property
    def _parts(self) -> dict[type, Any]:
        return {type(part): part for part in (getattr(self, name) for name in self.__dataclass_fields__)}
