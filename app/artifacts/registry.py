"""The models of a domain that a process has loaded, by name."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from app.artifacts.manifest import ArtifactError, parse_manifest

Model = TypeVar("Model")


class UnknownName(LookupError):
    """There is no model of that name. The message is a sentence that lists those there are."""


@dataclass(frozen=True)
class Candidate(Generic[Model]):
    """A model that can be loaded.

    Attributes:
        name: By which requests pick it.
        path: Its folder or file.
        load: Loads it from there.
    """

    name: str
    path: Path
    load: Callable[[Path], Model]


def model_folders(models_dir: Path, kind: str, load: Callable[[Path], Model]) -> Iterator[Candidate[Model]]:
    """Find the model folders of a kind, by the names in their manifests.

    Args:
        models_dir: The folder of model folders.
        kind: What the names of their folders begin with, and a hyphen.
        load: Loads the model of a folder.

    Raises:
        ArtifactError: There is no such folder, or a manifest in it is missing or damaged.
    """
    if not models_dir.is_dir():
        raise ArtifactError(f"There is no folder {models_dir} of models; set MODELS_DIR to where they are.")
    for folder in sorted(models_dir.glob(f"{kind}-*")):
        if folder.is_dir():
            yield Candidate(parse_manifest(folder).name, folder, load)


class Registry(Generic[Model]):
    """Models by name, in the order in which they were found."""

    def __init__(
        self, noun: str, candidates: Iterable[Candidate[Model]], models_dir: Path, only: str | None = None
    ) -> None:
        """Load models.

        Args:
            noun: What to call one of them in a message.
            candidates: All that there are.
            models_dir: Where most of them are, for a message.
            only: Load just the one of this name.

        Raises:
            ArtifactError: A model cannot be used, or two have the same name.
            UnknownName: ``only`` is none of them.
        """
        self._noun = noun
        found: dict[str, Candidate[Model]] = {}
        for candidate in candidates:
            if other := found.get(candidate.name):
                raise ArtifactError(
                    f"{other.path} and {candidate.path} both hold a {noun} {candidate.name}; rename or remove one."
                )
            found[candidate.name] = candidate
        if only is not None and only not in found:
            raise UnknownName(f"There is no {noun} {only!r} in {models_dir}; there is: {_listed(found)}.")
        self._models = {
            name: candidate.load(candidate.path) for name, candidate in found.items() if only in (name, None)
        }

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def get(self, name: str) -> Model:
        """Return the model of a name.

        Raises:
            UnknownName: There is none, or it was not loaded.
        """
        try:
            return self._models[name]
        except KeyError:
            raise UnknownName(f"There is no such {self._noun}; there is {_listed(self._models)}.") from None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
