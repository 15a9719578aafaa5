"""The sentiment models that a process has loaded, by name."""

from collections.abc import Iterator
from pathlib import Path

from app.artifacts.manifest import ArtifactError
from app.sentiment.classifier import KIND, Classifier
from app.sentiment.engines import EngineName


class UnknownModel(LookupError):
    """There is no model of that name. The message is a sentence that lists those there are."""


class SentimentModels:
    """All sentiment models of a folder of model folders."""

    def __init__(self, folder: Path, default: str, engine: EngineName = "onnx") -> None:
        """Load every model folder whose name begins with ``sentiment-``.

        Args:
            folder: The folder of model folders.
            default: Name of the model that answers when none is named.
            engine: What computes the probabilities.

        Raises:
            ArtifactError: A model folder cannot be used, or the default is not there.
        """
        if not folder.is_dir():
            raise ArtifactError(f"There is no folder {folder} of models; set MODELS_DIR to where they are.")
        found = (Classifier(path, engine) for path in sorted(folder.glob(f"{KIND}-*")) if path.is_dir())
        self._models = {model.name: model for model in found}
        if default not in self._models:
            names = ", ".join(self._models) or "none"
            raise ArtifactError(f"There is no model {default} in {folder} (there is: {names}); set DEFAULT_MODEL.")
        self.default = self._models[default]

    def __iter__(self) -> Iterator[Classifier]:
        return iter(self._models.values())

    def get(self, name: str | None) -> Classifier:
        """Return the model of a name, or the default.

        Raises:
            UnknownModel: There is no such model.
        """
        if name is None:
            return self.default
        try:
            return self._models[name]
        except KeyError:
            raise UnknownModel(f"There is no such model; there is {', '.join(self._models)}.") from None
