import json
from pathlib import Path
from typing import Any

import pytest

from app.artifacts.manifest import (
    MANIFEST,
    ArtifactError,
    Manifest,
    read_manifest,
    require,
    sha256,
    signed,
    write_manifest,
)

BARE = Manifest(name="a-1.b", version="1", kind="k", recipe={}, data={}, serving={}, figures={"accuracy": 0.5})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.bin").write_bytes(b"one")
    (tmp_path / "two.txt").write_text("zwei")
    write_manifest(tmp_path, BARE)
    return tmp_path


def test_a_manifest_is_read_as_it_was_written(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest.model_copy(update={"files": {}}) == BARE
    assert manifest.files == {name: sha256(folder / name) for name in ("one.bin", "two.txt")}
    assert sha256(folder / "one.bin") == "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"


def test_writing_again_takes_the_files_as_they_are(folder: Path) -> None:
    (folder / "one.bin").write_bytes(b"other")
    with pytest.raises(ArtifactError, match=r"one\.bin is not the file"):
        read_manifest(folder)
    write_manifest(folder, BARE)
    assert read_manifest(folder).files["one.bin"] == sha256(folder / "one.bin")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ("{}", r"is damaged \(name: "),
        (b"\xff", "is damaged"),
        ({"name": "../evil"}, r"is damaged \(name: "),
        ({"extra": 1}, r"is damaged \(extra: "),
        ({"files": {"one.bin": 1}}, r"is damaged \(files\.one\.bin: "),
        ({"format": 2}, "has format 2"),
        ({"files": {"../one.bin": "0"}}, "not a file of its folder"),
        ({"files": {"/etc/passwd": "0"}}, "not a file of its folder"),
        ({"files": {"folder.bin": "0"}}, r"folder\.bin cannot be read"),
    ],
)
def test_a_damaged_manifest_is_refused(folder: Path, content: Any, sentence: str) -> None:
    path = folder / MANIFEST
    (folder / "folder.bin").mkdir()
    if isinstance(content, dict):
        content = signed({**json.loads(path.read_text()), **content})
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ArtifactError, match=sentence) as caught:
        read_manifest(folder)
    assert str(caught.value).endswith(".")


def test_a_file_may_be_absent_unless_it_is_required(folder: Path) -> None:
    (folder / "one.bin").unlink()
    manifest = read_manifest(folder)
    require(folder, manifest, ["two.txt"])
    with pytest.raises(ArtifactError, match=r"one\.bin is missing"):
        require(folder, manifest, ["two.txt", "one.bin"])
    with pytest.raises(ArtifactError, match=r"manifest\.json lists no three\.txt"):
        require(folder, manifest, ["three.txt"])


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"manifest\.json cannot be read"):
        read_manifest(tmp_path / "nowhere")
