"""The vector spaces that a process has loaded."""

from collections.abc import Iterable
from pathlib import Path

from app.artifacts.registry import Candidate, ModelFolders, Registry
from app.vectors.files import name_of, read_file
from app.vectors.folder import KIND, load_folder
from app.vectors.space import VectorSpace


class VectorSpaces(Registry[VectorSpace]):
    """All spaces: those of model folders, and those of files."""

    def __init__(self, models_dir: Path, files: Iterable[Path] = (), only: str | None = None) -> None:
        """Load every model folder whose name begins with ``vectors-``, and the files.

        Args:
            models_dir: The folder of model folders.
            files: Files of word vectors.
            only: Load just the one of this name.

        Raises:
            app.artifacts.manifest.ArtifactError: A folder or a file cannot be used, or two have the same name.
            app.artifacts.registry.UnknownName: ``only`` is not there.
        """
        others = (Candidate(name_of(path), path, read_file) for path in files)
        super().__init__("vector space", ModelFolders(models_dir, KIND, load_folder), others, only)
