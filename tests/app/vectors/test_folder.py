import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.artifacts.manifest import ArtifactError, Manifest, write_manifest
from app.vectors.folder import load_folder
from tests import toys


@pytest.fixture
def folder(models_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(models_dir / "vectors-toy", tmp_path / "vectors-toy"))


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / "manifest.json").read_text())
    edit(document)
    write_manifest(folder, Manifest(**document))


def test_a_folder_gives_what_was_written(folder: Path) -> None:
    space = load_folder(folder)
    assert space.name == "toy"
    assert (space.about.source, space.about.licence) == ("the tests", "none")
    assert list(space.vocabulary) == list(toys.WORDS)
    expected = np.array([*toys.WORDS.values()], dtype=np.float32)
    np.testing.assert_array_equal([space.vector(row) for row in range(len(space))], expected)


def test_its_card_shows_neighbours(folder: Path) -> None:
    card = (folder / "README.md").read_text()
    nearest = load_folder(folder).neighbors("king", 1)[0]
    assert f"| king | {nearest.word} {nearest.similarity:.2f}, " in card
    assert "nobody" not in card


@pytest.mark.parametrize("name", ["words.txt", "order.npy", "vectors.npy"])
def test_a_damaged_file_is_named(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(ArtifactError, match=rf"{name} is not the file that manifest.json describes"):
        load_folder(folder)


@pytest.mark.parametrize("name", ["words.txt", "order.npy", "vectors.npy"])
def test_a_manifest_without_a_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    change(folder, lambda _: None)
    with pytest.raises(ArtifactError, match=rf"manifest.json lists no {name}"):
        load_folder(folder)


@pytest.mark.parametrize("name", ["words.txt", "order.npy", "vectors.npy"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match=rf"{name} is missing"):
        load_folder(folder)


def test_the_card_may_be_absent(folder: Path) -> None:
    (folder / "README.md").unlink()
    assert load_folder(folder).about.name == "toy"


def test_files_that_do_not_fit_together(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.ones((3, 4)))
    change(folder, lambda _: None)
    with pytest.raises(ArtifactError, match=r"do not fit together: there are 11 words and 3 vectors; restore them"):
        load_folder(folder)
    np.save(folder / "vectors.npy", np.ones((11, 5)))
    change(folder, lambda _: None)
    with pytest.raises(ArtifactError, match=r"its shape is \(11, 5\), not \(words, 4\)"):
        load_folder(folder)


def test_pickles_are_not_read(folder: Path) -> None:
    np.save(folder / "vectors.npy", np.array([{}] * 11), allow_pickle=True)
    change(folder, lambda _: None)
    with pytest.raises(ArtifactError, match="do not fit together"):
        load_folder(folder)


def test_a_manifest_of_something_else(folder: Path) -> None:
    change(folder, lambda document: document.update(kind="sentiment"))
    with pytest.raises(ArtifactError, match="is of kind sentiment, not vectors"):
        load_folder(folder)
    change(folder, lambda document: document.update(kind="vectors", serving={"dimensions": 0}))
    with pytest.raises(ArtifactError, match=r"lacks settings for serving \(3 are wrong\), such as dimensions; train"):
        load_folder(folder)


def packaged(**changes: str) -> dict[str, str]:
    return {"package": "no_such_package", "distribution": "no-such-package", "file": "x.npy", "sha256": ""} | changes


@pytest.mark.parametrize(
    ("matrix", "sentence"),
    [
        (packaged(), "vectors-toy needs the package no-such-package, which is not installed; pip install it"),
        (packaged(package="app", distribution="this"), "needs the package this, which is not installed"),
        (packaged(package="app", file="main.py"), "main.py is not the file that .*manifest.json describes; reinstall"),
    ],
)
def test_a_package_that_does_not_have_the_matrix(folder: Path, matrix: dict[str, str], sentence: str) -> None:
    change(folder, lambda document: document["serving"].update(matrix=matrix))
    with pytest.raises(ArtifactError, match=sentence):
        load_folder(folder)
