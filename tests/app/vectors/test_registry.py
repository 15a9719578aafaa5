import re
from pathlib import Path

import pytest

from app.artifacts.manifest import ArtifactError
from app.artifacts.registry import UnknownName
from app.vectors.registry import VectorSpaces


def test_spaces_come_from_folders_and_files(models_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("a 1 2\nb 2 1\n")
    spaces = VectorSpaces(models_dir, [tmp_path / "more.txt"])
    assert [space.name for space in spaces] == ["toy", "more"]
    assert spaces.get("more").similarity("a", "b") == pytest.approx(0.8)
    with pytest.raises(UnknownName, match=r"There is no such vector space; there is toy, more\."):
        spaces.get("glov")
    with pytest.raises(UnknownName, match="there is none"):
        VectorSpaces(tmp_path).get("toy")


def test_a_file_that_is_not_asked_for_is_not_read(models_dir: Path, tmp_path: Path) -> None:
    files = [tmp_path / "more.txt", tmp_path / "broken.txt"]
    files[0].write_text("a 1 2\nb 2 1\n")
    files[1].write_text("a 1 2\nb x y\n")
    assert [space.name for space in VectorSpaces(models_dir, files, only="more")] == ["more"]
    with pytest.raises(ArtifactError, match=r"broken\.txt, line 2"):
        VectorSpaces(models_dir, files)


def test_two_spaces_of_one_name(models_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "toy.txt"
    file.write_text("a 1 2\n")
    sentence = f"{models_dir / 'vectors-toy'} and {file} both hold a vector space toy; rename or remove one."
    with pytest.raises(ArtifactError, match=f"^{re.escape(sentence)}$"):
        VectorSpaces(models_dir, [file])
