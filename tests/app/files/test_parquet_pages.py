import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.files import parquet_pages
from app.files.errors import InputError
from app.files.parquet import ParquetTable
from app.files.parquet_pages import Bounds, ColumnChunk, Pages, Sizes, check_footer
from app.files.tables import AddedColumns, Chunk, Column, RowError

ADDED: Final = AddedColumns(Column("label", str))
BOUNDS: Final = Bounds(characters=1_000, columns=10)
VALUE: Final = 2**20

Make = Callable[..., str]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(columns: dict[str, Any], **options: Any) -> str:
        path = tmp_path / "in.parquet"
        pq.write_table(pa.table(columns), path, **{"compression": "zstd", "store_schema": False, **options})
        return str(path)

    return make


def same(rows: int, size: int = VALUE) -> Any:
    """Return a column with one long value in each row, which its file has once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["a" * size]))


def table(path: str, bounds: Bounds | None = BOUNDS, **options: Any) -> ParquetTable:
    return ParquetTable(path, "text", ADDED, name="It", bounds=bounds, most=128, **options)


def chunks(found: ParquetTable) -> list[Chunk[Any]]:
    return [chunk for chunk in found.chunks() if chunk is not None]


def refusal(path: str, bounds: Bounds = BOUNDS, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        chunks(table(path, bounds, **options))
    return str(caught.value)


def rewritten(found: ParquetTable) -> Any:
    output = io.BytesIO()
    with found.writer(output) as write:
        for chunk in chunks(found):
            write(chunk.rows, [("x",)] * len(chunk.texts))
    return pq.read_table(io.BytesIO(output.getvalue()))


# Tables.


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"store_schema": True},
        {"data_page_version": "2.0", "row_group_size": 7},
        {"use_dictionary": False, "column_encoding": {"n": "DELTA_BINARY_PACKED"}},
        {"data_page_size": 10, "write_batch_size": 3, "compression": "none"},
    ],
    ids=str,
)
def test_an_ordinary_file_is_read_as_without_bounds(make: Make, options: dict[str, Any]) -> None:
    words = [f"word {index}" if index % 3 else None for index in range(500)]
    path = make({"text": words, "n": range(500), "more": words[::-1], "raw": [b"0123"] * 500}, **options)
    expected = chunks(table(path, None))
    found = chunks(table(path))
    assert [text for chunk in found for text in chunk.texts] == [text for chunk in expected for text in chunk.texts]
    # Small row groups become a chunk together.
    assert len(found) < 8
    assert found[-1].position == 500
    assert rewritten(table(path)).equals(rewritten(table(path, None)))


def test_a_dictionary_of_strings_comes_back_as_one(make: Make) -> None:
    path = make({"text": pa.array(["a", None, "b", "a"]).dictionary_encode()}, store_schema=True)
    [chunk] = chunks(table(path))
    assert chunk.texts == ["a", None, "b", "a"]
    assert pa.types.is_dictionary(chunk.rows[0].column("text").type)


@pytest.mark.parametrize("column", ["text", "more"])
def test_a_value_that_stands_in_each_row_is_not_unpacked_for_many_rows_at_once(make: Make, column: str) -> None:
    path = make({"text": ["good"] * 128, column: same(128)})
    assert Path(path).stat().st_size < 10_000
    before = pa.total_allocated_bytes()
    position = most = 0
    for chunk in table(path).chunks():
        assert chunk is not None
        position = chunk.position
        most = max(most, sum(batch.nbytes for batch in chunk.rows), pa.total_allocated_bytes() - before)
    assert position == 128
    assert most < 3 * BOUNDS.repeated


def test_a_length_that_each_row_takes_without_a_value(make: Make) -> None:
    path = make({"text": ["good"] * 128, "raw": pa.nulls(128, pa.binary(VALUE))})
    assert max(sum(batch.nbytes for batch in chunk.rows) for chunk in chunks(table(path))) < 2 * BOUNDS.repeated


def test_pages_that_are_too_large(make: Make) -> None:
    path = make({"text": ["good"], "more": ["a" * 10_000]})
    bounds = Bounds(characters=1_000, columns=10, pages=9_000)
    assert refusal(path, bounds).startswith("It has pages of 10,")
    assert [chunk.texts for chunk in chunks(table(path, bounds, only_texts=True))] == [["good"]]
    # One that has many values, of which each takes some room.
    path = make({"text": ["a", *map(str, range(2_000))]})
    assert "has pages of" in refusal(path, Bounds(characters=1_000, columns=10, pages=30_000))


def test_values_that_could_be_too_long_to_write_again(make: Make) -> None:
    path = make({"text": ["good"], "a": same(1, 10_000), "b": same(1, 10_000)})
    for bounds in ({"repeated": 9_000}, {"row": 15_000}):
        found = Bounds(characters=1_000, columns=10, **bounds)
        assert "ask for NDJSON" in refusal(path, found)
        assert chunks(table(path, found, only_texts=True))[0].texts == ["good"]


@pytest.mark.parametrize("encoding", ["DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_an_encoding_in_which_few_bytes_claim_many_values(make: Make, encoding: str, version: str) -> None:
    options: dict[str, Any] = {"use_dictionary": False, "data_page_version": version}
    path = make({"text": ["good"], "more": ["good"]}, column_encoding={"more": encoding}, **options)
    assert refusal(path) == (
        f"It cannot be read as Parquet (a page of the column 'more' is {encoding}, which is not read here; "
        "write it plain)."
    )
    assert chunks(table(path, only_texts=True))[0].texts == ["good"]


def test_a_column_that_is_nested(make: Make) -> None:
    path = make({"text": ["good"], "inner": [{"a": 1}], "many": [{"a": [1, 2]}]})
    assert refusal(path) == (
        "It: the column 'many.a.list.element' is nested, which is not read here; "
        "an answer in NDJSON needs the column of the texts only."
    )
    assert chunks(table(path, only_texts=True))[0].texts == ["good"]
    path = make({"text": ["good"], "inner": [{"a": 1}]})
    assert rewritten(table(path))["inner"].to_pylist() == [{"a": 1}]


def test_only_the_texts_are_read(make: Make) -> None:
    path = make({"text": ["good"], "text.more": ["x"], "more": ["y"]})
    [chunk] = chunks(table(path, only_texts=True))
    assert chunk.texts == ["good"]
    assert "more" not in chunk.rows[0].schema.names


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_a_text_that_is_far_too_long_is_an_error_of_its_row(make: Make, kind: pa.DataType) -> None:
    texts = ["good", "é" * 2_000, "a" * 4_001, None]
    path = make({"text": pa.array(texts).cast(kind)}, store_schema=True)
    error = RowError("the text has 4,001 bytes; at most 1,000 characters are taken.")
    assert chunks(table(path))[0].texts == ["good", texts[1], error, None]
    assert chunks(table(path, None))[0].texts == texts


def test_rows_before_a_damaged_page_are_given(make: Make) -> None:
    path = make({"text": ["good"] * 30}, row_group_size=10)
    start = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    data = bytearray(Path(path).read_bytes())
    data[start : start + 8] = b"\xff" * 8
    Path(path).write_bytes(data)
    found = table(path).chunks()
    chunk = next(found)
    assert chunk is not None
    assert len(chunk.texts) == 20
    with pytest.raises(InputError, match="a page of the column 'text' is damaged"):
        next(found)


# Footers.


def test_a_footer_that_is_too_large(make: Make) -> None:
    path = make({"text": ["good"]})
    assert "; at most 100 are read" in refusal(path, Bounds(characters=1_000, columns=10, footer=100))


def test_a_table_that_is_too_wide(make: Make) -> None:
    path = make({"text": ["good"], **{f"c{index}": [1] for index in range(10)}})
    assert "has more than 10 columns" in refusal(path)
    path = make({"text": ["good"], **{f"c{index}": [1] for index in range(30)}})
    assert "its footer has more than 10 columns" in refusal(path)


def test_a_footer_of_many_chunks(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make({"text": ["good"] * 10}, row_group_size=1)
    monkeypatch.setattr(parquet_pages, "CHUNKS", 9)
    assert "has more than 9 chunks of columns" in refusal(path)
    monkeypatch.setattr(parquet_pages, "ELEMENTS", 9)
    assert "has lists of more than 9 elements" in refusal(path)


@given(st.binary(max_size=200))
def test_any_footer_is_read_or_refused(data: bytes) -> None:
    file = io.BytesIO(b"PAR1" + data + len(data).to_bytes(4, "little") + b"PAR1")
    with contextlib.suppress(InputError):
        check_footer(file, "It", size=1_000, columns=10)


# Headers.


def number(value: int) -> bytes:
    value = (value << 1) ^ (value >> 31) if value < 0 else value << 1
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def page(kind: int, unpacked: int, packed: int, more: bytes = b"") -> bytes:
    return b"\x15" + number(kind) + b"\x15" + number(unpacked) + b"\x15" + number(packed) + more + b"\0"


def data(values: int, encoding: int = 0) -> bytes:
    """Return the header of data of the first version, to follow the sizes."""
    return b"\x2c\x15" + number(values) + b"\x15" + number(encoding) + b"\0"


def sizes(found: bytes, values: int = 1) -> Sizes:
    return Pages(io.BytesIO(found), "It").sizes(ColumnChunk(0, len(found), values), "text")


def test_sizes_are_those_of_the_largest_pages() -> None:
    dictionary = page(2, 50, 3, b"\x4c\x15" + number(7) + b"\0") + b"abc"
    found = dictionary + page(0, 1, 9, data(2)) + b"a" * 9 + page(0, 2**31 - 1, 0, data(1))
    assert sizes(found, 3) == Sizes(dictionary=50, entries=7, data=2**31 - 1)
    # What comes behind the last value is not read.
    assert sizes(found, 2) == Sizes(dictionary=50, entries=7, data=9)


def test_the_last_of_two_fields_counts_and_of_two_headers_the_one_of_the_type() -> None:
    second = b"\x3c\x15" + number(1_000) + b"\x35" + number(0) + b"\0"
    again = b"\x05" + number(2) + number(4_000)
    found = page(0, 5, 0, data(1) + second + again) + page(0, 6, 0, data(1))
    assert sizes(found, 2) == Sizes(data=4_000)
    # The numbers of fields wrap: behind 5, 65,538 is 2.
    assert sizes(page(0, 5, 0, data(1) + b"\xf1" * 4_368 + b"\xd5" + number(70))).data == 70


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        (b"", "is cut off, or has too long a header"),
        (page(0, 1, 1, data(1)), "is longer than the column"),
        (page(0, -1, 0, data(1)), "has a negative size"),
        (page(0, 0, -1, data(1)), "has a negative size"),
        (page(0, 0, 0, data(-1)), "has a negative size"),
        (b"\0", "has a negative size"),
        (page(0, 1, 0, data(1))[:-1], "is cut off, or has too long a header"),
        (page(0, 1, 0, b"\x1c" * 100), "is nested too deeply"),
        (page(0, 1, 0, b"\x19" + b"\x19" * 100), "is nested too deeply"),
        (b"\x1f\0", "is damaged"),
        (b"\x15" + b"\xff" * 11, "is damaged"),
        (b"\x18" + b"\xff\xff\xff\xff\x0f", "is damaged"),
        (b"\x18" + number(2**16), "is cut off, or has too long a header"),
    ],
)
def test_headers_that_are_wrong(found: bytes, detail: str) -> None:
    with pytest.raises(InputError, match=rf"^It cannot be read as Parquet \(a page of the column 'text' {detail}\)\.$"):
        sizes(found)


def test_a_header_that_is_too_long() -> None:
    long = b"\x28" + b"\x80\x80\x08" + b"a" * 2**17
    with pytest.raises(InputError, match="too long a header"):
        sizes(page(0, 1, 0, data(1) + long))


def test_more_pages_than_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pages, "PAGES", 3)
    assert sizes(page(0, 0, 0, data(1)) * 3, 3).data == 0
    with pytest.raises(InputError, match="has more than 3 before it"):
        sizes(page(0, 0, 0, data(0)) * 4)


@pytest.mark.parametrize(
    "place", [ColumnChunk(-1, 1, 1), ColumnChunk(0, -1, 1), ColumnChunk(0, 100, 1), ColumnChunk(50, 1, 1)]
)
def test_a_place_outside_the_file(place: ColumnChunk) -> None:
    with pytest.raises(InputError, match="lies outside the file"):
        Pages(io.BytesIO(b"0123456789"), "It").sizes(place, "text")


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda more: page(0, 5, 0, data(0)) + more))
def test_any_bytes_are_read_or_refused(found: bytes) -> None:
    with contextlib.suppress(InputError):
        sizes(found, 2)
