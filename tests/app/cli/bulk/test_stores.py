"""Files are found by pattern, and appear whole or not at all."""

import gc
import io
from pathlib import Path

import pytest

from app.cli.bulk.stores import PARTIAL, Ranges, Store, StoreError, find, finds_below
from app.files.errors import InputError

NAMES = [
    "a.csv",
    "b.csv",
    "c.jsonl",
    "day=1/a.csv",
    "day=2/deep/a.csv",
    "_SUCCESS",
    ".hidden.csv",
    "_old/a.csv",
    "[x].csv",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text\n")
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("", ["[x].csv", "a.csv", "b.csv", "c.jsonl", "day=1/a.csv", "day=2/deep/a.csv"]),
        ("/*.csv", ["[x].csv", "a.csv", "b.csv"]),
        ("/[!b].csv", ["a.csv"]),
        ("/?.jsonl", ["c.jsonl"]),
        ("/**/a.csv", ["a.csv", "day=1/a.csv", "day=2/deep/a.csv"]),
        ("/day=*/*.csv", ["day=1/a.csv"]),
        ("/day=*/**", ["day=1/a.csv", "day=2/deep/a.csv"]),
        ("/[x].csv", ["[x].csv"]),  # a file of that very name
    ],
)
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_files_are_found(folder: Path, pattern: str, names: list[str], scheme: str) -> None:
    if scheme and "[x]" in pattern:
        pytest.skip("an address is a pattern wherever it can be one")
    store, found = find(f"{scheme}{folder}{pattern}")
    root = Path(found[0].path.removesuffix(found[0].relative))
    assert sorted(str((root / file.relative).relative_to(folder)) for file in found) == names
    with store.open(found[0]) as stream:
        assert stream.read() == b"text\n"


@pytest.mark.parametrize("pattern", ["/none", "/*.parquet", "/_old"])
def test_nothing_found_is_said(folder: Path, pattern: str) -> None:
    if pattern == "/_old":  # asked for by name, it is read
        assert [file.relative for file in find(f"{folder}{pattern}")[1]] == ["a.csv"]
        return
    with pytest.raises(InputError, match="There are no files at"):
        find(f"{folder}{pattern}")


@pytest.mark.parametrize("name", ["[z-a].csv", "[!].csv"])
def test_a_wrong_pattern_is_said(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"\.csv is no pattern \(.+\); mend what is in"):
        find(f"{folder}/{name}")


@pytest.mark.parametrize(
    ("pattern", "output", "found"),
    [
        ("in", "in/scored", True),
        ("in", "in", True),
        ("in", "scored", False),
        ("in", "in/_scored", False),
        ("in/a.csv", "in/scored", False),
        ("in/*.csv", "in", True),
        ("in/*.csv", "in/scored", False),
        ("in/*/*.csv", "in/scored", True),
        ("in/day=*/*.csv", "in/scored", False),
        ("in/day=*/*.csv", "in/day=3", True),
        ("in/*/*.csv", "in/scored/deep", False),
        ("in/**/*.csv", "in/scored/deep", True),
        ("in/day=*/**", "in/scored", False),
        ("in/[a/b]*", "in/scored", False),
        ("in/a[!b]c", "in/a", False),
    ],
)
def test_an_output_may_lie_where_the_pattern_does_not_look(
    folder: Path, pattern: str, output: str, found: bool
) -> None:
    root = folder.parent
    assert finds_below(f"{root}/{pattern}", Store.at(f"{root}/{output}")) is found


def test_an_unknown_store_is_said() -> None:
    with pytest.raises(InputError, match="nowhere://bucket/x is no address of a store"):
        find("nowhere://bucket/x")


def test_a_file_is_put_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store.at(str(tmp_path / "out"))
    store.put(io.BytesIO(b"one"), "a/b.csv")
    store.put(io.BytesIO(b"two"), "a/b.csv")
    assert (tmp_path / "out" / "a" / "b.csv").read_bytes() == b"two"

    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(StoreError, match=r"out/a/b.csv cannot be written \(Input/output error\)"):
        store.put(Broken(), "a/b.csv")
    assert (tmp_path / "out" / "a" / "b.csv").read_bytes() == b"two"
    assert [file.relative for file in store.listed() if file.relative.endswith(PARTIAL)] == []
    store.delete("a/b.csv")
    store.delete("a/b.csv")
    assert store.listed() == []


class Objects:
    """An object store: an object is there once its stream is closed, which Python does with one that is forgotten."""

    type_name = "s3"

    def __init__(self) -> None:
        self.there: dict[str, bytes] = {}

    def open_output_stream(self, path: str) -> io.BytesIO:
        there = self.there

        class Upload(io.BytesIO):
            def close(self) -> None:
                if not self.closed:
                    there[path] = self.getvalue()
                super().close()

        return Upload()

    def move(self, source: str, target: str) -> None:
        self.there[target] = self.there.pop(source)

    def delete_file(self, path: str) -> None:
        del self.there[path]


class Ended(io.BytesIO):
    """A file in whose midst the process is told to end, as Ray does it."""

    def read(self, _size: int | None = -1) -> bytes:
        if self.tell():
            raise SystemExit(15)
        return super().read(3)


def test_an_upload_that_is_interrupted_leaves_nothing() -> None:
    objects = Objects()
    store = Store(objects, "bucket/out", "s3://bucket/out")
    store.put(io.BytesIO(b"whole"), "day=1/a.csv")
    assert objects.there == {"bucket/out/day=1/a.csv": b"whole"}
    with pytest.raises(SystemExit):
        store.put(Ended(b"never whole"), "b.csv")
    gc.collect()
    assert objects.there == {"bucket/out/day=1/a.csv": b"whole"}


def test_a_folder_holds_what_lies_in_it(tmp_path: Path) -> None:
    outer, inner, beside = (Store.at(str(tmp_path / name)) for name in ("a", "a/b", "ab"))
    assert outer.holds(outer)
    assert outer.holds(inner)
    assert not inner.holds(outer)
    assert not outer.holds(beside)


def test_ranges_are_read_one_after_the_other() -> None:
    file = io.BytesIO(b"0123456789")
    ranges = Ranges(file, ((0, 2), (5, 5), (7, 10)))  # type: ignore[arg-type]
    assert io.BufferedReader(ranges, 2).read() == b"01789"
