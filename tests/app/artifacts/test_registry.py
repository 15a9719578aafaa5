import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.artifacts.manifest import MANIFEST, ArtifactError, Manifest, read_manifest, write_manifest
from app.artifacts.registry import ModelFolders, Registry, UnknownName

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(folder: str, name: str) -> Path:
        path = tmp_path / folder
        path.mkdir()
        write_manifest(path, Manifest(name=name, version="1", kind="toy", recipe={}, data={}, serving={}, figures={}))
        return path

    return write


@dataclass
class Toy:
    """A model."""

    name: str
    folder: str


class Loader:
    """Loads what a manifest says, and remembers what it loaded."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, folder: Path) -> Toy:
        self.loaded.append(folder.name)
        return Toy(read_manifest(folder).name, folder.name)


def toys(models_dir: Path, load: Callable[[Path], Toy] | None = None, only: str | None = None) -> Registry[Toy]:
    return Registry("toy", ModelFolders(models_dir, "toy", load or Loader()), only=only)


def folders(registry: Registry[Toy]) -> list[str]:
    return [toy.folder for toy in registry]


def test_models_go_by_the_names_in_their_manifests(write: Write, tmp_path: Path) -> None:
    write("toy-b", "bear")
    write("toy-a", "ape")
    write("other-c", "cow")
    (tmp_path / "toy-file").touch()
    assert folders(toys(tmp_path)) == ["toy-a", "toy-b"]
    assert toys(tmp_path).get("bear").folder == "toy-b"


@pytest.mark.parametrize("name", ["toy-a", "cow", "", "../toy-a"])
def test_an_unknown_name_is_told_with_those_there_are(write: Write, tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownName, match=r"^There is no such toy; there is none\.$"):
        toys(tmp_path).get(name)
    write("toy-a", "ape")
    write("toy-b", "bear")
    write("other-c", "cow")
    with pytest.raises(UnknownName, match=r"^There is no such toy; there is ape, bear\.$"):
        toys(tmp_path).get(name)
    sentence = f"There is no toy {name!r} in {tmp_path}; there is: ape, bear."
    with pytest.raises(UnknownName, match=f"^{re.escape(sentence)}$"):
        toys(tmp_path, only=name)


def test_only_the_one_that_is_asked_for_is_loaded(write: Write, tmp_path: Path) -> None:
    for name in ("ape", "bear", "cow"):
        write(f"toy-{name}", name)
    load = Loader()
    registry = toys(tmp_path, load, only="bear")
    assert folders(registry) == load.loaded == ["toy-bear"]
    with pytest.raises(UnknownName, match="there is bear"):
        registry.get("ape")


@pytest.mark.parametrize("only", [None, "ape", "bear"])
def test_two_folders_of_one_name_are_refused(write: Write, tmp_path: Path, only: str | None) -> None:
    first, second = write("toy-a", "ape"), write("toy-b", "ape")
    write("toy-c", "bear")
    load = Loader()
    sentence = f"{first} and {second} both hold a toy ape; rename or remove one."
    with pytest.raises(ArtifactError, match=f"^{re.escape(sentence)}$"):
        toys(tmp_path, load, only)
    assert load.loaded == []


def test_a_folder_of_models_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none", tmp_path / "file"):
        sentence = f"There is no folder {path} of models; set MODELS_DIR to where they are."
        with pytest.raises(ArtifactError, match=f"^{re.escape(sentence)}$"):
            toys(path)


def test_a_folder_without_a_manifest_is_named(write: Write, tmp_path: Path) -> None:
    write("toy-a", "ape")
    (tmp_path / "toy-half").mkdir()
    with pytest.raises(ArtifactError, match=rf"toy-half/{re.escape(MANIFEST)} cannot be read"):
        toys(tmp_path)
