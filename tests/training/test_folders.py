import errno
from pathlib import Path

import pytest

from training.folders import replacing


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
