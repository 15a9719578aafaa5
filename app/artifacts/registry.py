"""The models of a domain that a process has loaded, by name: found in their folders, and found again when these change.

Every process looks for itself, so all that serve one folder come to serve the same models without being told.
"""

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from app.artifacts.manifest import MANIFEST, ArtifactError, parse_manifest
from app.artifacts.versions import CURRENT, FolderState, Signature, look

log = logging.getLogger("uvicorn.error")


class Named(Protocol):
    """A model."""

    @property
    def name(self) -> str:
        """By which requests pick it."""


Model = TypeVar("Model", bound=Named)
Result = TypeVar("Result")


class PassingError(ArtifactError):
    """A folder cannot be used now, for a reason that may pass while its files stay as they are."""


class UnknownName(LookupError):
    """There is no model of that name. The message is a sentence that lists those there are."""


@dataclass(frozen=True)
class Candidate(Generic[Model]):
    """A model that can be loaded and does not change.

    Attributes:
        name: By which requests pick it.
        path: Its folder or file.
        load: Loads it from there.
    """

    name: str
    path: Path
    load: Callable[[Path], Model]


@dataclass(frozen=True)
class ModelFolders(Generic[Model]):
    """The model folders of a kind.

    Attributes:
        models_dir: The folder that they lie in.
        kind: What their names begin with, before a hyphen.
        load: Loads a model from its folder, or from that of one of its versions.
    """

    models_dir: Path
    kind: str
    load: Callable[[Path], Model]

    def look(self) -> dict[Path, FolderState]:
        """See what is there now."""
        found = sorted(self.models_dir.glob(f"{self.kind}-*"))
        folders = {folder: look(folder) for folder in found if folder.is_dir() or folder.is_symlink()}
        return {folder: state for folder, state in folders.items() if not state.is_begun}

    def load_version(self, folder: Path, path: Path) -> Model:
        """Load a model from a folder, or from that of one of its versions.

        Args:
            folder: The folder.
            path: That of the version, or the same.

        Raises:
            ArtifactError: It cannot be used.
        """
        name = self.name(folder, path)
        try:
            model = self.load(path)
        except ArtifactError:
            raise
        except (MemoryError, OSError) as error:
            raise PassingError(f"{path} cannot be loaded ({error!r}); restore the model folder.") from error
        except Exception as error:  # a fault of the files, which would cost the whole loading at every look
            raise ArtifactError(f"{path} cannot be loaded ({error!r}); restore the model folder.") from error
        if model.name != name:
            raise ArtifactError(f"{path} was swapped for another model while it was read; put it there again.")
        return model

    def name(self, folder: Path, path: Path) -> str:
        """Return the name of the model of a folder.

        Args:
            folder: The folder.
            path: That of one of its versions, or the same.

        Raises:
            ArtifactError: Its manifest is missing or damaged, or of a model that does not belong into the folder.
        """
        name = parse_manifest(path).name
        if path != folder and folder.name not in (name, f"{self.kind}-{name}"):
            raise ArtifactError(
                f"{path / MANIFEST} is of the model {name}, not {folder.name}; move it to its own folder."
            )
        return name


@dataclass(frozen=True)
class Refusal:
    """A folder that is not served.

    Attributes:
        path: The folder, or the file in it that is wrong.
        sentence: What is wrong, and what to do.
    """

    path: Path
    sentence: str


@dataclass(frozen=True, eq=False)
class _Loaded(Generic[Model]):
    """A model, and the state of the folder that it was loaded from."""

    name: str
    path: Path
    signature: Signature
    model: Model


class Registry(Generic[Model]):
    """Models by name, in the order of their folders."""

    def __init__(
        self,
        noun: str,
        folders: ModelFolders[Model],
        others: Iterable[Candidate[Model]] = (),
        only: str | None = None,
    ) -> None:
        """Load models.

        Of a folder with several versions, and no file that names one of them, the highest that is complete is loaded.

        Args:
            noun: What to call one of them in a message.
            folders: Their folders.
            others: Those that lie elsewhere.
            only: Load just the one of this name.

        Raises:
            ArtifactError: A model cannot be used, or two have the same name.
            UnknownName: ``only`` is none of them.
        """
        if not folders.models_dir.is_dir():
            raise no_models(folders.models_dir)
        self._noun = noun
        self._folders = folders
        self._refused: dict[Path, tuple[object, str]] = {}
        self._seen = folders.look()
        others = list(others)
        found = {folder: self._first_name(folder, state) for folder, state in self._seen.items()}
        names = self._by_name(
            [*((name, path) for path, name in found.items()), *((one.name, one.path) for one in others)]
        )
        if only is not None and only not in names:
            raise UnknownName(f"There is no {noun} {only!r} in {folders.models_dir}; there is: {_listed(names)}.")
        self._loaded: Mapping[Path, _Loaded[Model]] = {
            folder: self._first(folder, state) for folder, state in self._seen.items() if only in (found[folder], None)
        }
        self._others = {one.name: one.load(one.path) for one in others if only in (one.name, None)}
        self._models = self._all_models()

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

    def versions(self, name: str) -> list[str]:
        """Return the versions in the folder of a model, the lowest first; none, if it has no numbered folders."""
        folder = next((folder for folder, loaded in self._loaded.items() if loaded.name == name), None)
        state = None if folder is None else self._seen.get(folder)
        return [] if state is None else state.numbers

    @property
    def refused(self) -> list[Refusal]:
        """The folders that are not served as they are now."""
        return [Refusal(path, sentence) for path, (_, sentence) in sorted(self._refused.items())]

    def reload(self, *, at_once: bool = False) -> bool:
        """See whether folders have come, changed or gone, and follow. Called in one thread at a time, and in any.

        What has changed is loaded beside what is served and takes its place in one step; whoever has got a model goes
        on with that. What cannot be used is refused, with a sentence in the log, and what was served before goes on.
        What changes from one call to the next is left alone until it has settled.

        Args:
            at_once: Take everything for settled.

        Returns:
            Whether other models are served now.
        """
        if not self._folders.models_dir.is_dir():
            self._refuse(self._folders.models_dir, None, f"There is no folder {self._folders.models_dir} any more.")
            return False
        states = self._folders.look()
        loaded = {}
        for folder, state in states.items():
            one = self._next(folder, state, states, at_once=at_once)
            if one is not None:
                loaded[folder] = one
        names = {one.name for one in loaded.values()}
        for folder, one in self._loaded.items():
            if folder in states or one.name in names:  # a folder that was renamed is served from where it is now
                continue
            if kept := self._why_kept(one.name):
                self._refuse(folder, None, f"There is no folder {folder} any more; {kept}")
            if kept or not (at_once or folder not in self._seen):
                loaded[folder] = one
        gone = [one.name for folder, one in self._loaded.items() if folder not in loaded]
        changed = loaded != self._loaded
        self._seen = states
        self._forget(loaded)
        if changed:
            self._loaded = dict(sorted(loaded.items()))
            self._models = self._all_models()
        for name in gone:
            log.info("The %s %s is let go, as its folder is gone.", self._noun, name)
        return changed

    def _why_kept(self, _name: str) -> str:
        """Say why a model goes on though its folder is gone; empty if it does not."""
        return ""

    def _next(
        self, folder: Path, state: FolderState, there: Container[Path], *, at_once: bool
    ) -> _Loaded[Model] | None:
        """Return what is to be served of a folder now, if anything; ``there`` are all folders that there are."""
        before = self._loaded.get(folder)
        if state.current is not None and not state.wanted:
            self._refuse(folder / CURRENT, state.current, str(no_such_version(folder, state)))
        for path in state.wanted:
            signature = state.versions[path]
            if before is not None and (path, signature) == (before.path, before.signature):
                self._forgive(path)
                return before
            is_refused = path in self._refused and self._refused[path][0] == signature
            if at_once or (not is_refused and self._was(folder, path) == signature):
                try:
                    return self._load(folder, path, signature, there)
                except PassingError as error:
                    self._refuse(path, None, str(error))
                except ArtifactError as error:
                    self._refuse(path, signature, str(error))
            if before is not None and path == before.path:  # an older one is not served where a newer one is damaged
                break
        return before

    def _was(self, folder: Path, path: Path) -> Signature | None:
        """Return the state of a version's folder when it was last looked at."""
        state = self._seen.get(folder)
        return None if state is None else state.versions.get(path)

    def _load(self, folder: Path, path: Path, signature: Signature, there: Container[Path]) -> _Loaded[Model]:
        """Load a version beside those that are served.

        Raises:
            ArtifactError: It cannot be used.
        """
        name = self._folders.name(folder, path)
        before = self._loaded.get(folder)
        if before is not None and before.name != name:
            raise ArtifactError(
                f"{path / MANIFEST} is of the model {name}, not {before.name}; put it into a folder of its own."
            )
        others = [one.path for at, one in self._loaded.items() if one.name == name and at != folder and at in there]
        other = next(iter(others), None)
        if other is not None or name in self._others:
            raise PassingError(
                f"{path} holds a {self._noun} {name}, as {other or 'a file'} does; rename or remove one."
            )
        model = self._folders.load_version(folder, path)
        self._forgive(path)
        log.info("The %s %s is served from %s.", self._noun, name, path)
        return _Loaded(model.name, path, signature, model)

    def _first_name(self, folder: Path, state: FolderState) -> str:
        """Return the name of the model of a folder, of the first version whose manifest can be read."""
        return self._first_that(folder, state, lambda path: self._folders.name(folder, path))[0]

    def _first(self, folder: Path, state: FolderState) -> _Loaded[Model]:
        """Load the first version of a folder that can be used."""

        def load(path: Path) -> _Loaded[Model]:
            model = self._folders.load_version(folder, path)
            return _Loaded(model.name, path, state.versions[path], model)

        found, error = self._first_that(folder, state, load)
        if error is not None:
            log.error("%s Instead, %s is served.", error, found.path)
        return found

    def _first_that(
        self, folder: Path, state: FolderState, get: Callable[[Path], Result]
    ) -> tuple[Result, ArtifactError | None]:
        """Return what the first version gives that can be used, and what is wrong with the one before, if any is.

        Raises:
            ArtifactError: None can be used.
        """
        first: ArtifactError | None = None
        for path in state.wanted:
            try:
                return get(path), first
            except ArtifactError as error:
                first = first or error
                self._refused[path] = state.versions[path], str(error)
        raise first or no_such_version(folder, state)

    def _refuse(self, path: Path, state: object, sentence: str) -> None:
        """Note what cannot be used, and say it once."""
        if self._refused.get(path) != (state, sentence):
            self._refused = {**self._refused, path: (state, sentence)}  # another thread may be reading the old one
            log.error("%s", sentence)

    def _forgive(self, path: Path) -> None:
        self._refused = {other: refused for other, refused in self._refused.items() if other != path}

    def _forget(self, loaded: Mapping[Path, _Loaded[Model]]) -> None:
        """Forget what was refused and is gone, or is served now."""
        there = {path for state in self._seen.values() for path in state.versions}
        there |= {folder / CURRENT for folder, state in self._seen.items() if state.current and not state.wanted}
        there |= {folder for folder in loaded if folder not in self._seen}
        self._refused = {path: refused for path, refused in self._refused.items() if path in there}

    def _by_name(self, found: Iterable[tuple[str, Path]]) -> dict[str, Path]:
        names: dict[str, Path] = {}
        for name, path in found:
            if other := names.get(name):
                raise ArtifactError(f"{other} and {path} both hold a {self._noun} {name}; rename or remove one.")
            names[name] = path
        return names

    def _all_models(self) -> dict[str, Model]:
        return {one.name: one.model for one in self._loaded.values()} | self._others


def no_models(models_dir: Path) -> ArtifactError:
    """Describe a folder of models that is not there."""
    return ArtifactError(f"There is no folder {models_dir} of models; set MODELS_DIR to where they are.")


def no_such_version(folder: Path, state: FolderState) -> ArtifactError:
    """Describe a folder whose file :data:`CURRENT` names a version that is not there."""
    there_are = ", ".join(state.numbers) or "none"
    return ArtifactError(
        f"{folder / CURRENT} names the version {state.current}, which is not there (there is: {there_are}); "
        f"run `python -m app models use {folder.name} VERSION`."
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
