"""The vector spaces that a process has loaded, by name."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from app.artifacts.manifest import ArtifactError
from app.vectors.files import read_file
from app.vectors.folder import KIND, load_folder
from app.vectors.space import VectorSpace


class UnknownSpace(LookupError):
    """There is no space of that name. The message is a sentence that lists those there are."""


class VectorSpaces:
    """All spaces: those of model folders, and those of files."""

    def __init__(self, folder: Path, files: Iterable[Path] = ()) -> None:
        """Load every model folder whose name begins with ``vectors-``, and the files.

        Args:
            folder: The folder of model folders.
            files: Files of word vectors.

        Raises:
            ArtifactError: A folder or a file cannot be used, or two have the same name.
        """
        folders = (load_folder(path) for path in sorted(folder.glob(f"{KIND}-*")) if path.is_dir())
        self._spaces: dict[str, VectorSpace] = {}
        for space in chain(folders, map(read_file, files)):
            if space.name in self._spaces:
                raise ArtifactError(f"There are two vector spaces {space.name}; rename the folder or file of one.")
            self._spaces[space.name] = space

    def __iter__(self) -> Iterator[VectorSpace]:
        return iter(self._spaces.values())

    def get(self, name: str) -> VectorSpace:
        """Return the space of a name.

        Raises:
            UnknownSpace: There is no such space.
        """
        try:
            return self._spaces[name]
        except KeyError:
            names = ", ".join(self._spaces) or "none"
            raise UnknownSpace(f"There is no such vector space; there is {names}.") from None
