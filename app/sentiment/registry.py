"""The sentiment models that a process has loaded."""

from pathlib import Path
from typing import Final

from app.artifacts.manifest import ArtifactError
from app.artifacts.registry import ModelFolders, Registry, UnknownName
from app.sentiment.classifier import KIND, Classifier
from app.sentiment.engines import EngineName

_FIRST_TEXT: Final = "It isn't bad at all, is it? :)"


class SentimentModels(Registry[Classifier]):
    """All sentiment models of a folder of model folders."""

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

        def load(folder: Path) -> Classifier:
            classifier = Classifier(folder, engine)
            classifier.classify(_FIRST_TEXT)  # so that no request pays for what is done but once
            return classifier

        super().__init__("model", ModelFolders(models_dir, KIND, load), only=only)
        self._default = default
        try:
            super().get(default)
        except UnknownName as error:
            names = ", ".join(model.name for model in self) or "none"
            raise ArtifactError(
                f"There is no model {default} in {models_dir} (there is: {names}); set DEFAULT_MODEL."
            ) from error

    @property
    def default(self) -> Classifier:
        """The model that answers when none is named."""
        return super().get(self._default)

    def get(self, name: str | None) -> Classifier:
        """Return the model of a name, or the default.

        Raises:
            UnknownName: There is no such model.
        """
        return super().get(self._default if name is None else name)

    def _why_kept(self, name: str) -> str:
        if name != self._default:
            return ""
        return "the default model goes on without it until the service ends; put it back."
