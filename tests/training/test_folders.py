import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.artifacts.manifest import Manifest, write_manifest
from training import folders
from training.folders import ModelOutput, OutputError, replacing, require_writable


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def write_and_raise(path: Path, error: type[BaseException]) -> None:
    path.write_text("half")
    raise error


@pytest.fixture(params=["new", "replaced", "nested"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "replaced":
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "old.txt").write_text("old")
    return tmp_path / "a" / "b" / "model" if request.param == "nested" else tmp_path / "model"


def test_a_folder_is_replaced_whole(folder: Path) -> None:
    with replacing(folder) as partial:
        assert contents(partial) == {}
        (partial / "new.txt").write_text("new")
        assert "new.txt" not in (contents(folder) if folder.exists() else {})
    assert contents(folder) == {"new.txt": "new"}
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_error_everything_is_as_before(folder: Path, error: type[BaseException]) -> None:
    before = contents(folder) if folder.exists() else None
    with pytest.raises(error), replacing(folder) as partial:
        write_and_raise(partial / "new.txt", error)
    assert (contents(folder) if folder.exists() else None) == before
    assert list(folder.parent.iterdir()) == ([folder] if before else [])


def test_an_error_between_the_renames_puts_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    rename = Path.rename

    def rename_but_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", rename_but_new)
    with pytest.raises(OSError, match="Input/output"), replacing(folder) as partial:
        (partial / "new.txt").write_text("new")
    assert contents(folder) == {"old.txt": "old"}
    assert list(tmp_path.iterdir()) == [folder]


def test_what_a_killed_process_left_beside_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    left = replacing(folder)
    (left.__enter__() / "half.txt").write_text("half")
    with replacing(folder) as partial:
        (partial / "new.txt").write_text("new")
    assert contents(folder) == {"new.txt": "new"}
    left.__exit__(ValueError, ValueError(), None)


def test_others_may_read_the_folder(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    with replacing(tmp_path / "model"):
        pass
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "usual").stat().st_mode


# What is found out before a training.


def model(folder: Path, name: str = "tiny", kind: str = "forecast") -> Path:
    folder.mkdir(parents=True)
    manifest = Manifest(name=name, version="1.0.0", kind=kind, recipe={}, data={}, serving={}, figures={})
    write_manifest(folder, manifest)
    return folder


def output(folder: Path) -> ModelOutput:
    return ModelOutput(folder, "forecast", "tiny")


def test_a_folder_of_the_same_model_may_be_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = model(tmp_path / "forecast-tiny")
    model(tmp_path / "forecast-other", "other")
    model(tmp_path / "vectors-tiny", kind="vectors")
    before = sorted(tmp_path.rglob("*"))
    output(folder).check()
    output(tmp_path / "nested" / "deeper" / "tiny").check()
    assert sorted(tmp_path.rglob("*")) == before
    assert capsys.readouterr().err == ""


def test_a_folder_of_another_name_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output(tmp_path / "mine").check()
    assert (
        capsys.readouterr().err
        == f"note: {tmp_path / 'mine'} will hold the model tiny: requests pick it by that name.\n"
    )


@pytest.mark.parametrize(("name", "kind"), [("other", "forecast"), ("tiny", "vectors")])
def test_the_folder_of_another_model_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    folder = model(tmp_path / "forecast-tiny", name, kind)
    with pytest.raises(OutputError, match=f"holds another model, {name} of the kind {kind}, which is not replaced"):
        output(folder).check()


def test_a_second_folder_of_one_name_is_refused(tmp_path: Path) -> None:
    first = model(tmp_path / "forecast-tiny")
    with pytest.raises(OutputError, match=f"{first} is a model named tiny already, and of two folders of one name"):
        output(tmp_path / "forecast-again").check()


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b"\xff"])
def test_a_damaged_folder_is_mended_where_it_is_and_nowhere_else(tmp_path: Path, content: bytes) -> None:
    for name in ("forecast-tiny", "elsewhere"):
        (model(tmp_path / name) / "manifest.json").write_bytes(content)
    output(tmp_path / "forecast-tiny").check()
    with pytest.raises(OutputError, match="elsewhere holds something else, which is not replaced"):
        output(tmp_path / "elsewhere").check()


def test_what_is_no_model_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file exists and is not a model folder but a file; name another --output"):
        output(tmp_path / "file").check()
    with pytest.raises(OutputError, match="exists and is not a model folder; name another --output"):
        output(tmp_path).check()


def test_below_a_file_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written \(File exists\); name another --output"):
        output(tmp_path / "file" / "forecast-tiny").check()


def test_a_read_only_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(**_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(folders, "TemporaryFile", read_only)
    with pytest.raises(OutputError, match=r"cannot be written \(Read-only file system\); name another --output"):
        output(tmp_path / "new" / "forecast-tiny").check()
    assert list(tmp_path.iterdir()) == []


def test_a_full_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=folders.ROOM - 1))
    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\); name another --output"):
        require_writable(tmp_path / "forecast-tiny")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=folders.ROOM))
    require_writable(tmp_path / "forecast-tiny")


def test_what_fails_while_it_is_written_names_the_checkpoint() -> None:
    with pytest.raises(OutputError) as caught, output(Path("/models/x")).writing(Path("/ck")):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(caught.value) == (
        "/models/x cannot be written (No space left on device); the training is kept in /ck, and the same command goes "
        "on from there."
    )
