from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.sentiment.distillation.stage import Arrays, kept

ARRAYS: Arrays = {"one": np.arange(6, dtype=np.int32).reshape(2, 3), "other": np.array([0.5, np.nan])}


class Failed(Exception):
    """Stands for whatever ends a stage."""


def fail() -> Arrays:
    raise Failed


def assert_same(found: Arrays) -> None:
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "not yet there" / "some-stage.npz"


def test_a_stage_is_gone_through_once_and_read_later(path: Path) -> None:
    assert_same(kept(path, lambda: ARRAYS))
    assert_same(kept(path, fail))
    assert list(path.parent.iterdir()) == [path]


def test_a_stage_that_fails_is_gone_through_again(path: Path) -> None:
    with pytest.raises(Failed):
        kept(path, fail)
    assert not path.exists()
    assert_same(kept(path, lambda: ARRAYS))


def test_what_was_written_in_part_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_halfway(file: Path, **_arrays: Any) -> None:
        file.write_bytes(b"PK\x03\x04")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", stop_halfway)
        with pytest.raises(OSError, match="No space left"):
            kept(path, lambda: ARRAYS)
    assert not path.exists()
    assert_same(kept(path, lambda: ARRAYS))
    assert list(path.parent.iterdir()) == [path]
