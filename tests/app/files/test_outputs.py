from pathlib import Path

import pytest

from app.files.errors import InputError
from app.files.outputs import open_output


def test_the_output_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")

    def fail() -> None:
        with open_output(path) as file:
            file.write(b"new")
            file.flush()
            assert path.read_bytes() == b"old"
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert [found.name for found in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_bytes() == b"old"
    with open_output(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_an_output_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with open_output(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "target").read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_a_device_is_written_to_and_not_replaced() -> None:
    with open_output(Path("/dev/null")) as file:
        file.write(b"gone")
    assert Path("/dev/null").is_char_device()


def test_outputs_that_cannot_be_written(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "out.csv"):
        with pytest.raises(InputError, match=r"cannot be written \("), open_output(path):
            pass
