"""Look at the model folders, check them, and choose the version of a model that is served.

`list` shows each folder with its version, whether it is what a service serves now, and its labels or what is wrong with
it. `check` says the same of what is wrong and ends with the status 1 if anything is. `use` has a version be served from
now on, by services that run too: it checks the version and writes its number into the file `current` of the folder.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from app.artifacts.manifest import ArtifactError, parse_manifest
from app.artifacts.registry import ModelFolders, Named, UnknownName, no_models, no_such_version
from app.artifacts.versions import CURRENT, FolderState, is_version, look, use_version, version_of
from app.forecasts.forecaster import KIND as FORECAST
from app.forecasts.forecaster import Forecaster
from app.sentiment.classifier import KIND as SENTIMENT
from app.sentiment.classifier import Classifier
from app.settings import Settings, settings_from
from app.vectors.folder import KIND as VECTORS
from app.vectors.folder import load_folder

DAMAGED: Final = 1
"""The exit status of a check that found something."""


class Checked(NamedTuple):
    """A folder that was looked at.

    Attributes:
        folder: Its path, below that of all models.
        version: The version of its model; empty if it cannot be told.
        is_served: Whether a service that looks now serves it.
        labels: Those of a sentiment model.
        wrong: A sentence that says what is wrong with it; empty if nothing is.
        name: That of the model; empty if it cannot be told.
    """

    folder: str
    version: str
    is_served: bool
    labels: Sequence[str]
    wrong: str
    name: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Declare the commands, and return their parsers."""
    commands = parser.add_subparsers(required=True, metavar="command")
    listing = commands.add_parser("list", help="show the folders of all models, and what is served of them")
    listing.set_defaults(run=show)
    checking = commands.add_parser("check", help="verify the folders of all models, or of some")
    checking.add_argument("names", nargs="*", metavar="NAME", help="folders of models; default: all")
    checking.set_defaults(run=check)
    using = commands.add_parser("use", help="have a version of a model be served")
    using.add_argument("name", metavar="NAME", help="the folder of the model, such as sentiment-mine")
    using.add_argument("number", metavar="VERSION", help="the number of the version, such as 2")
    using.set_defaults(run=use)
    return [listing, checking, using]


def show(arguments: argparse.Namespace) -> None:
    """Print a line for each folder.

    Raises:
        app.settings.SettingsError: A setting is wrong.
    """
    found = list(_checked(arguments, []))
    wide = max((len(one.folder) for one in found), default=0)
    for one in found:
        state = "served" if one.is_served else ""
        about = one.wrong or ", ".join(one.labels)
        sys.stdout.write(f"{one.folder:{wide}}  {one.version or '?':8}{state:8}{about}".rstrip() + "\n")


def check(arguments: argparse.Namespace) -> int:
    """Print what is wrong with folders, and return the exit status.

    Raises:
        app.settings.SettingsError: A setting is wrong.
        UnknownName: There is no such folder.
    """
    found = list(_checked(arguments, arguments.names))
    wrong = [one.wrong for one in found if one.wrong]
    for sentence in wrong:
        sys.stdout.write(f"{sentence}\n")
    sys.stdout.write(f"{len(found) - len(wrong)} of {len(found)} folders can be served.\n")
    return DAMAGED if wrong else 0


def use(arguments: argparse.Namespace) -> None:
    """Have a version be served from now on.

    Raises:
        app.settings.SettingsError: A setting is wrong.
        UnknownName: There is no such model.
        ArtifactError: The version is not there or cannot be used.
    """
    settings = settings_from(arguments)
    name, number = arguments.name, arguments.number
    folder = settings.models_dir / name
    kind = next((kind for kind in _kinds(settings) if folder in kind.look()), None)
    if kind is None:
        raise _unknown(name, settings)
    if number in look(folder).numbers:
        kind.load_version(folder, folder / number)
    use_version(folder, number)
    sys.stdout.write(f"Version {number} of {name} is served from now on.\n")


def _kinds(settings: Settings) -> list[ModelFolders[Named]]:
    classifier = partial(Classifier, engine=settings.engine)
    loaders: dict[str, Callable[[Path], Named]] = {
        SENTIMENT: classifier,
        VECTORS: load_folder,
        FORECAST: Forecaster,
    }
    return [ModelFolders(settings.models_dir, kind, load) for kind, load in loaders.items()]


def _checked(arguments: argparse.Namespace, names: Sequence[str]) -> Iterator[Checked]:
    """Look at the versions of all folders, or of those of some names.

    Raises:
        ArtifactError: There is no folder of models.
        UnknownName: There is no folder of such a name.
    """
    settings = settings_from(arguments)
    if not settings.models_dir.is_dir():
        raise no_models(settings.models_dir)
    found = [(kind, folder, state) for kind in _kinds(settings) for folder, state in kind.look().items()]
    for name in names:
        if name not in [folder.name for _, folder, _ in found]:
            raise _unknown(name, settings)
    bearers: dict[tuple[str, str], Path] = {}
    for kind, folder, state in found:
        for one in _versions(kind, folder, state):
            other = bearers.setdefault((kind.kind, one.name), folder) if one.name else folder
            if other != folder:
                wrong = f"{other} and {folder} both hold a model {one.name}; rename or remove one."
                one = one._replace(is_served=False, wrong=wrong)
            if not names or folder.name in names:
                yield one


def _versions(kind: ModelFolders[Named], folder: Path, state: FolderState) -> Iterator[Checked]:
    above = folder.parent
    if state.current is not None and not state.wanted:
        yield Checked(f"{folder.name}/{CURRENT}", "", False, (), str(no_such_version(folder, state)))
    is_chosen = False
    for path in state.versions:
        shown = str(path.relative_to(above))
        try:
            model = kind.load_version(folder, path)
        except ArtifactError as error:
            yield Checked(shown, path.name if is_version(path.name) else "", False, (), str(error))
            continue
        labels = model.labels if isinstance(model, Classifier) else ()
        is_served = path in state.wanted and not is_chosen
        is_chosen |= is_served
        yield Checked(shown, version_of(path, parse_manifest(path)), is_served, labels, "", model.name)


def _unknown(name: str, settings: Settings) -> UnknownName:
    return UnknownName(
        f"There is no model folder {name} in {settings.models_dir}; `python -m app models list` shows which there are."
    )
