"""The sentiment models that a process has loaded."""

from functools import partial
from pathlib import Path

from app.artifacts.manifest import ArtifactError
from app.artifacts.registry import Registry, UnknownName, model_folders
from app.sentiment.classifier import KIND, Classifier
from app.sentiment.engines import EngineName


class SentimentModels(Registry[Classifier]):
    """All sentiment models of a folder of model folders.

    Attributes:
        default: The model that answers when none is named.
    """

    def __init__(self, models_dir: Path, default: str, engine: EngineName = "onnx", only: str | None = None) -> None:
        """Load every model folder whose name begins with ``sentiment-``.

        Args:
            models_dir: The folder of model folders.
            default: Name of the model that answers when none is named.
            engine: What computes the probabilities.
            only: Load just the one of this name.

        Raises:
            ArtifactError: A model folder cannot be used, two have the same name, or the default is not there.
            UnknownName: ``only`` is not there.
        """
        load = partial(Classifier, engine=engine)
        super().__init__("model", model_folders(models_dir, KIND, load), models_dir, only)
        try:
            self.default = super().get(default)
        except UnknownName as error:
            names = ", ".join(model.name for model in self) or "none"
            raise ArtifactError(
                f"There is no model {default} in {models_dir} (there is: {names}); set DEFAULT_MODEL."
            ) from error

    def get(self, name: str | None) -> Classifier:
        """Return the model of a name, or the default.

        Raises:
            UnknownName: There is no such model.
        """
        return self.default if name is None else super().get(name)
