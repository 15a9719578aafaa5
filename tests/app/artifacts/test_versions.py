import os
import shutil
from pathlib import Path

import pytest

from app.artifacts.manifest import ArtifactError, Manifest, open_regular
from app.artifacts.versions import CURRENT, is_version, look, signature, use_version, version_of

MANIFEST = Manifest(name="toy", version="2.1.0", kind="toy", recipe={}, data={}, serving={}, figures={})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    for name in ("2", "10", "1", "1.partial", "01", "-3", "new"):
        (folder / name).mkdir(parents=True)
    (folder / "5").write_text("a file")
    return folder


@pytest.mark.parametrize("name", ["0", "1", "10", "20261126"])
def test_numbers_are_versions(name: str) -> None:
    assert is_version(name)


@pytest.mark.parametrize("name", ["", "01", "-1", "1.0", "v1", "1 ", "1\n", "²", "٣", "1" * 30, "current"])
def test_other_names_are_none(name: str) -> None:
    assert not is_version(name)


def test_a_version_goes_by_its_folder_or_else_by_its_manifest() -> None:
    assert version_of(Path("models/toy/7"), MANIFEST) == "7"
    assert version_of(Path("models/toy"), MANIFEST) == "2.1.0"


def test_versions_come_the_highest_first(folder: Path) -> None:
    state = look(folder)
    assert [path.name for path in state.versions] == [path.name for path in state.wanted] == ["10", "2", "1"]
    assert (state.current, state.numbers) == (None, ["1", "2", "10"])


def test_a_folder_without_numbers_is_its_own_version(tmp_path: Path) -> None:
    state = look(tmp_path)
    assert (state.wanted, state.numbers) == ([tmp_path], [])
    assert look(tmp_path / "none").wanted == [tmp_path / "none"]


@pytest.mark.parametrize("content", ["2", "2\n", " 2 \r\n"])
def test_the_file_names_the_version_that_is_wanted(folder: Path, content: str) -> None:
    (folder / CURRENT).write_text(content)
    assert look(folder).wanted == [folder / "2"]


@pytest.mark.parametrize("content", ["", "3", "new", "../toy/2", "\xff", "2" * 1000])
def test_it_may_name_none(folder: Path, content: str) -> None:
    (folder / CURRENT).write_text(content, encoding="latin-1")
    assert look(folder).wanted == []


def test_a_current_that_cannot_be_read_names_none(folder: Path) -> None:
    os.mkfifo(folder / CURRENT)
    assert look(folder).wanted == []


def test_use_writes_the_name_in_one_step(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_version(folder, "1")
    use_version(folder, "10")
    assert look(folder).wanted == [folder / "10"]
    with pytest.raises(ArtifactError, match=r"has no version 3 \(there is: 1, 2, 10\); name one of these\.$"):
        use_version(folder, "3")

    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ArtifactError, match=r"current cannot be written \(Permission denied\); run this where .*\.$"):
        use_version(folder, "2")
    assert look(folder).wanted == [folder / "10"]
    assert not list(folder.glob(".current*"))


def test_a_signature_tells_every_change(tmp_path: Path) -> None:
    file = tmp_path / "file"
    seen = {signature(tmp_path)}
    file.write_bytes(b"abc")
    seen.add(signature(tmp_path))
    times = file.stat()
    file.write_bytes(b"abd")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))  # as if it had not changed
    seen.add(signature(tmp_path))
    shutil.copy2(file, tmp_path / "copy")
    (tmp_path / "copy").rename(file)
    seen.add(signature(tmp_path))
    file.unlink()
    file.symlink_to(file.name)
    seen.add(signature(tmp_path))
    assert len(seen) == 5
    assert signature(tmp_path) == signature(tmp_path)
    assert signature(tmp_path / "none") != signature(file)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_nothing_but_files_is_opened(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "thing")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="no regular file"):
        open_regular(tmp_path / "thing")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
