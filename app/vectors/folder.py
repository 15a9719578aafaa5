"""The model folder of a space: its words, and its matrix or the package that has it."""

import importlib.util
import mmap
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from app.artifacts.manifest import (
    MANIFEST,
    ArtifactError,
    Manifest,
    check_kind,
    read_manifest,
    read_serving,
    require,
    sha256,
)
from app.artifacts.versions import signature
from app.vectors.space import About, VectorSpace
from app.vectors.vocabulary import Vocabulary

KIND: Final = "vectors"
WORDS_FILE: Final = "words.txt"
ORDER_FILE: Final = "order.npy"
MATRIX_FILE: Final = "vectors.npy"
_ROWS: Final = 16_384
"""Of the matrix that are looked at at once."""


class Packaged(BaseModel):
    """A matrix that an installed package has.

    Attributes:
        package: Name by which Python imports it.
        distribution: Name by which pip installs it.
        file: Path of the matrix in it.
        sha256: Its checksum.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    package: str
    distribution: str
    file: str
    sha256: str


class SpaceServing(BaseModel):
    """Settings for serving in the manifest of a space.

    Attributes:
        dimensions: Length of a vector.
        source: Where the vectors come from.
        licence: Under which they may be used.
        matrix: Where they are, if not in the folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dimensions: Annotated[int, Field(ge=1)]
    source: str
    licence: str
    matrix: Packaged | None = None


def load_folder(folder: Path) -> VectorSpace:
    """Load the space of a model folder, with its matrix mapped into memory.

    Raises:
        ArtifactError: The folder is damaged, or a package that it needs is not installed.
    """
    before = signature(folder)
    manifest = read_manifest(folder)
    serving = _serving(folder, manifest)
    require(folder, manifest, _files(serving))
    path = folder / MATRIX_FILE if serving.matrix is None else _find(folder, serving.matrix)
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
        order = np.load(folder / ORDER_FILE, mmap_mode="r", allow_pickle=False)
        words = _mapped(folder / WORDS_FILE)
        if matrix.ndim != 2 or matrix.shape[1] != serving.dimensions:
            raise ValueError(f"its shape is {matrix.shape}, not (words, {serving.dimensions})")
        _check_finite(matrix)
        about = About(manifest.name, serving.source, serving.licence)
        space = VectorSpace(about, Vocabulary(words, order), matrix)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} and the words in {folder} do not fit together: {error}; restore them.") from error
    if signature(folder) != before:
        raise ArtifactError(f"{folder} changed while it was read; copy it elsewhere and rename it to put it there.")
    for mapped in (matrix.base, order.base, words):
        _let_go(mapped)
    return space


def _serving(folder: Path, manifest: Manifest) -> SpaceServing:
    check_kind(folder, manifest, KIND)
    return read_serving(folder, manifest, SpaceServing)


def _files(serving: SpaceServing) -> list[str]:
    return [WORDS_FILE, ORDER_FILE, *([MATRIX_FILE] if serving.matrix is None else [])]


def _find(folder: Path, matrix: Packaged) -> Path:
    """Return where a package has the matrix, without importing the package."""
    spec = importlib.util.find_spec(matrix.package)
    places = spec.submodule_search_locations if spec else None
    path = Path(next(iter(places)), matrix.file) if places else None
    if path is None or not path.is_file():
        raise ArtifactError(
            f"{folder.name} needs the package {matrix.distribution}, which is not installed; pip install it."
        )
    if sha256(path) != matrix.sha256:
        raise ArtifactError(f"{path} is not the file that {folder / MANIFEST} describes; reinstall the package.")
    return path


def _check_finite(matrix: NDArray[Any]) -> None:
    """Check that a matrix has nothing but numbers.

    Raises:
        ValueError: It has something else.
    """
    if matrix.dtype.kind != "f":
        raise ValueError(f"its values are {matrix.dtype}, not floats")
    if not all(np.isfinite(matrix[start : start + _ROWS]).all() for start in range(0, len(matrix), _ROWS)):
        raise ValueError("it has values that are no number")


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _let_go(mapped: object) -> None:
    """Forget the pages of a mapped file that were read; those that are needed come back from the page cache."""
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
