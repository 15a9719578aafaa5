"""A file is cut between rows, alike each time, and none of its rows is in two blocks or in none."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli.bulk import blocks as module
from app.cli.bulk.blocks import Block, blocks
from app.cli.bulk.scorer import _table
from app.cli.bulk.stores import Store, find
from app.cli.scoring import added_columns
from app.files.tables import Format

ROWS = 300


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SMALLEST", 2000)
    monkeypatch.setattr(module, "LARGEST", 4000)


def texts() -> list[str | None]:
    chance = np.random.default_rng(5)
    some = ["short", 'a "quoted", one', "two\nlines", "old\rmac", "é" * 40, "tab\there", "x" * 700]
    return [some[chance.integers(len(some))] + str(number) if number % 7 else None for number in range(ROWS)]


def write(path: Path, **options: Any) -> None:
    rows = [(number, text) for number, text in enumerate(texts())]
    if path.suffix == ".parquet":
        table = pa.table({"id": [one for one, _ in rows], "text": [text for _, text in rows]})
        pq.write_table(table, path, **options)
        return
    if path.suffix == ".jsonl":
        content = "".join(json.dumps({"id": one, "text": text}) + "\n" for one, text in rows)
    else:
        file = io.StringIO(newline="")
        writer = csv.writer(
            file, delimiter="\t" if path.suffix == ".tsv" else ",", quoting=csv.QUOTE_NONNUMERIC, **options
        )
        writer.writerow(["id", "text"])
        writer.writerows((one, text or "") for one, text in rows)
        content = file.getvalue()
    path.write_bytes(content.encode())


def cut(path: Path) -> tuple[Store, list[Block]]:
    store, (file,) = find(str(path))
    kind: Format = path.suffix[1:]  # type: ignore[assignment]
    return store, blocks(store, file, kind)


class _Job:
    column = "text"


def read(store: Store, block: Block) -> list[str | None]:
    with store.open(block.file) as stream:
        table = _table(_Job(), block, stream, "it", added_columns(None))  # type: ignore[arg-type]
        return [text for chunk in table.chunks() if chunk is not None for text in chunk.texts]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.jsonl", {}),
        ("a.csv", {}),
        ("a.csv", {"lineterminator": "\n"}),
        ("a.csv", {"lineterminator": "\r"}),
        ("a.tsv", {"lineterminator": "\n"}),
        ("a.parquet", {"row_group_size": 40}),
        ("a.parquet", {"row_group_size": 7}),
        ("a.parquet", {"compression": "none"}),
        ("a.parquet", {"row_group_size": 100, "use_dictionary": False, "compression": "none"}),
    ],
)
def test_blocks_are_the_file(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    path = tmp_path / name
    write(path, **options)
    store, found = cut(path)
    assert len(found) > 1
    assert [block.number for block in found] == list(range(len(found)))
    assert [text for block in found for text in read(store, block)] == texts()
    assert cut(path)[1] == found
    assert len({block.part(["model"]) for block in found}) == len(found)


def test_a_file_without_a_line_feed_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    write(path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    store, found = cut(path)
    assert [text for block in found for text in read(store, block)] == texts()


def test_what_is_packed_or_damaged_is_one_block(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write(path)
    packed = tmp_path / "b.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()) + bytes(4000))
    store, (file,) = find(str(packed))
    assert [block.ranges for block in blocks(store, file, "csv")] == [()]
    damaged = tmp_path / "c.parquet"
    damaged.write_bytes(b"PAR1" + bytes(9000))
    assert len(cut(damaged)[1]) == 1


def test_a_part_is_named_after_what_it_was_made_of(tmp_path: Path) -> None:
    path = tmp_path / "day.1.csv"
    write(path)
    first = cut(path)[1][1]
    assert first.part(["a", "b"]).startswith("day.1.00001-")
    assert first.part(["a", "b"]).endswith(".csv")
    others = {first.part(["a", "b"]), first.part(["a", "c"])}
    path.write_bytes(path.read_bytes().replace(b"short", b"shirt"))
    others.add(cut(path)[1][1].part(["a", "b"]))
    assert len(others) == 3
