import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.files import parquet_apart
from app.files.errors import InputError, UnknownColumn
from app.files.parquet import ParquetTable
from app.files.parquet_apart import ParquetLimits, ParquetTableApart
from app.files.parquet_reader import size_of
from app.files.tables import AddedColumns, Chunk, Column, RowError
from tests.app.files import handmade

ADDED: Final = AddedColumns(Column("label", str))
LIMITS: Final = ParquetLimits(columns=10)
MOST: Final = 128
LINUX: Final = pytest.mark.skipif(sys.platform != "linux", reason="the limits are Linux'")

Make = Callable[..., str]
Apart = Callable[..., ParquetTableApart]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(columns: dict[str, Any] | bytes, **options: Any) -> str:
        path = tmp_path / "in.parquet"
        if isinstance(columns, bytes):
            path.write_bytes(columns)
        else:
            pq.write_table(pa.table(columns), path, **{"compression": "zstd", "store_schema": False, **options})
        return str(path)

    return make


@pytest.fixture
def apart() -> Iterator[Apart]:
    opened: list[Any] = []

    def apart(
        path: str, limits: ParquetLimits = LIMITS, *, only_texts: bool = False, characters: int = 1_000
    ) -> ParquetTableApart:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
        opened.append(file)
        table = ParquetTableApart(
            file, "text", ADDED, name="It", most=MOST, characters=characters, limits=limits, only_texts=only_texts
        )
        opened.append(table)
        return table

    yield apart
    for each in reversed(opened):
        each.close()
    assert psutil.Process().children() == []


def chunks(found: ParquetTable) -> list[Chunk[Any]]:
    return [chunk for chunk in found.chunks() if chunk is not None]


def texts(found: ParquetTable) -> list[Any]:
    return [text for chunk in chunks(found) for text in chunk.texts]


def refusal(open_table: Callable[[], ParquetTable]) -> str:
    with pytest.raises(InputError) as caught:
        chunks(open_table())
    return str(caught.value)


def rewritten(found: ParquetTable) -> Any:
    output = io.BytesIO()
    with found.writer(output) as write:
        for chunk in chunks(found):
            write(chunk.rows, [("x",)] * len(chunk.texts))
    return pq.read_table(io.BytesIO(output.getvalue()))


# What is as it should be.


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"store_schema": True},
        {"data_page_version": "2.0", "row_group_size": 7},
        {"use_dictionary": False, "column_encoding": {"n": "DELTA_BINARY_PACKED", "more": "DELTA_BYTE_ARRAY"}},
        {"data_page_size": 10, "write_batch_size": 3, "compression": "none"},
    ],
    ids=str,
)
def test_an_ordinary_file_is_read_as_one_of_ones_own(make: Make, apart: Apart, options: dict[str, Any]) -> None:
    words = [f"word {index}" if index % 3 else None for index in range(500)]
    path = make({"text": words, "n": range(500), "more": words[::-1], "raw": [b"0123"] * 500}, **options)
    own = ParquetTable(path, "text", ADDED, most=MOST)
    assert rewritten(apart(path)).equals(rewritten(own))
    found = chunks(apart(path, only_texts=True))
    assert [text for chunk in found for text in chunk.texts] == words
    assert found[-1].position == 500
    assert found[0].rows[0].schema.names == ["text"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())])
@pytest.mark.parametrize("only_texts", [True, False])
def test_texts_of_any_type(make: Make, apart: Apart, kind: pa.DataType, *, only_texts: bool) -> None:
    path = make({"text": pa.array(["a", None, "b", "a"] * 300).cast(kind), "n": range(1200)}, store_schema=True)
    assert texts(apart(path, only_texts=only_texts)) == ["a", None, "b", "a"] * 300


@pytest.mark.parametrize("inner", [[{"a": 1}], [[1, 2]], [{"a": [None]}], [[None]]])
def test_a_column_that_is_nested_is_not_written_again(make: Make, apart: Apart, inner: list[Any]) -> None:
    path = make({"text": ["good"], "inner": inner}, store_schema=True)
    assert refusal(lambda: apart(path)) == (
        "It has a column 'inner' of lists or structs, which is not written again here; an answer in NDJSON needs the "
        "column of the texts only."
    )
    assert texts(apart(path, only_texts=True)) == ["good"]


def test_dictionaries_are_written_again_as_their_values(make: Make, apart: Apart) -> None:
    words = pa.array(["a", None, "b", "a"])
    path = make({"text": words.dictionary_encode(), "n": pa.array([7, 7, 8, 7]).dictionary_encode()}, store_schema=True)
    found = rewritten(apart(path))
    assert found.drop_columns(["label"]).to_pydict() == {"text": ["a", None, "b", "a"], "n": [7, 7, 8, 7]}
    assert [field.type for field in found.schema][:2] == [pa.string(), pa.int64()]


def test_each_row_group_has_a_dictionary_of_its_own(make: Make, apart: Apart) -> None:
    words = [f"word {index}" for index in range(90)]
    path = make({"text": pa.array(words).dictionary_encode()}, row_group_size=10, store_schema=True)
    assert texts(apart(path)) == words
    assert texts(apart(path, only_texts=True)) == words


def test_a_file_without_rows(make: Make, apart: Apart) -> None:
    path = make({"text": pa.array([], pa.string()), "n": pa.array([], pa.int64())})
    assert rewritten(apart(path)).schema.names == ["text", "n", "label"]
    assert texts(apart(path, only_texts=True)) == []


def test_rows_that_take_much_are_sent_in_parts(make: Make, apart: Apart) -> None:
    values = [bytes([index]) * 400_000 for index in range(100)]
    path = make({"text": ["good"] * 100, "raw": values})
    found = [batch for chunk in chunks(apart(path, ParquetLimits(columns=10, ratio=10**6))) for batch in chunk.rows]
    assert max(batch.nbytes for batch in found) <= 2**22
    assert [value for batch in found for value in batch.column("raw").to_pylist()] == values


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_a_text_that_is_far_too_long_is_an_error_of_its_row(make: Make, apart: Apart, kind: pa.DataType) -> None:
    given = ["good", "é" * 2_000, "a" * 4_001, None]
    path = make({"text": pa.array(given).cast(kind)}, store_schema=True)
    error = RowError("the text has 4,001 bytes; at most 1,000 characters are taken.")
    for only_texts in (True, False):
        assert texts(apart(path, only_texts=only_texts)) == ["good", given[1], error, None]
    assert texts(ParquetTable(path, "text", ADDED)) == given


def test_a_text_that_stands_in_many_rows_is_sent_once(make: Make, apart: Apart) -> None:
    dictionary, data = handmade.repeated(b"a" * 5_000_000, 400)
    path = make(handmade.parquet(dictionary + data, rows=400, dictionary=len(dictionary)))
    found = texts(apart(path, ParquetLimits(columns=10, ratio=10**6), only_texts=True))
    assert len(found) == 400
    assert all(isinstance(text, RowError) for text in found)


def test_rows_that_share_a_long_text_are_few_at_a_time(make: Make, apart: Apart) -> None:
    text = "good film " * 3_000
    path = make({"text": [text] * 1_000})
    limits = ParquetLimits(columns=10, ratio=10**6)
    found = chunks(apart(path, limits, only_texts=True, characters=10**6))
    assert [one for chunk in found for one in chunk.texts] == [text] * 1_000
    assert max(len(chunk.texts) for chunk in found) * len(text) < 2**21
    assert min(chunk.characters for chunk in found) >= len(text)


# What is not.


def test_the_column_is_missing_or_of_numbers(make: Make, apart: Apart) -> None:
    path = make({"other": ["good"]})
    with pytest.raises(UnknownColumn, match="It has no column 'text'; it has 'other'"):
        apart(path)
    assert refusal(lambda: apart(make({"text": [1]}))) == "It: the column 'text' holds int64, not text."
    assert "has a column 'label' already" in refusal(lambda: apart(make({"text": ["a"], "label": ["b"]})))


def test_rows_before_a_damaged_page_are_given(make: Make, apart: Apart) -> None:
    path = make({"text": ["good"] * 30}, row_group_size=10)
    start = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    data = bytearray(Path(path).read_bytes())
    data[start : start + 8] = b"\xff" * 8
    Path(path).write_bytes(data)
    found: list[Any] = []
    with pytest.raises(InputError, match=r"It cannot be read as Parquet \("):
        found.extend(text for chunk in apart(path).chunks() if chunk for text in chunk.texts)
    assert found in (["good"] * 10, ["good"] * 20)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"text\nno parquet at all\n", b"PAR1" + b"\xff" * 50 + b"PAR1"])
def test_what_is_no_parquet(make: Make, apart: Apart, content: bytes) -> None:
    assert refusal(lambda: apart(make(content))).startswith("It cannot be read as Parquet (")


def test_a_table_that_is_too_wide(make: Make, apart: Apart) -> None:
    path = make({"text": ["good"], **{f"c{index}": [1] for index in range(10)}})
    assert refusal(lambda: apart(path)) == "It has more than 10 columns."


def test_a_row_that_is_too_large(make: Make, apart: Apart) -> None:
    path = make({"text": ["good"] * 2, "raw": [b"a", b"b" * 2_000]})
    assert refusal(lambda: apart(path, ParquetLimits(columns=10, row=1_999))) == (
        "It has a row of 2,420 bytes; at most 1,999 are read."
    )
    assert texts(apart(path, ParquetLimits(columns=10, row=1_999), only_texts=True)) == ["good"] * 2


@pytest.mark.parametrize("name", [b"\xff\xfe", "\ud800".encode("utf-8", "surrogatepass")])
def test_a_column_whose_name_is_not_utf8(make: Make, apart: Apart, name: bytes) -> None:
    path = make(handmade.parquet(handmade.data_page(handmade.plain(b"fine")), names=[b"text", name]))
    assert refusal(lambda: apart(path)).startswith("It cannot be read as Parquet ('utf-8' codec can't decode")
    assert refusal(lambda: ParquetTable(path, "text", ADDED, name="It")).startswith("It cannot be read as Parquet (")


def test_more_rows_than_a_file_of_that_size_has(make: Make, apart: Apart) -> None:
    dictionary, data = handmade.repeated(b"fine", 2**30)
    path = make(handmade.parquet(dictionary + data, rows=2**30, dictionary=len(dictionary)))
    limits = ParquetLimits(columns=10, ratio=1)
    rows: list[int] = []
    with pytest.raises(InputError, match="It becomes more than 1 times larger when it is unpacked"):
        rows.extend(len(chunk.texts) for chunk in apart(path, limits, only_texts=True).chunks() if chunk)
    assert 2**16 - MOST < sum(rows) <= 2**16 + Path(path).stat().st_size


@pytest.mark.parametrize("only_texts", [True, False])
def test_a_text_that_unpacks_to_far_more_than_the_file(make: Make, apart: Apart, *, only_texts: bool) -> None:
    dictionary, data = handmade.repeated(b"a" * 10_000, 10_000)
    path = make(handmade.parquet(dictionary + data, rows=10_000, dictionary=len(dictionary)))
    table = apart(path, ParquetLimits(columns=10, ratio=10), only_texts=only_texts)
    rows: list[int] = []
    with pytest.raises(InputError, match="It becomes more than 10 times larger when it is unpacked"):
        rows.extend(len(chunk.texts) for chunk in table.chunks() if chunk)
    assert 0 < sum(rows) * 10_000 <= 2**22 + 10 * Path(path).stat().st_size


@LINUX
@pytest.mark.parametrize("only_texts", [True, False])
def test_what_takes_too_much_memory(make: Make, apart: Apart, *, only_texts: bool) -> None:
    any_size = ParquetLimits(columns=10, ratio=10**6)
    given = {"text": [f"{index} good film " * 1_000_000 for index in range(20)]}
    path = make(given, use_dictionary=False, write_statistics=False, data_page_size=2**30)
    assert Path(path).stat().st_size < 200_000
    assert refusal(lambda: apart(path, any_size, only_texts=only_texts)) == (
        "It takes too much memory to be read; write it with smaller pages and row groups."
    )
    # Where each has a page of its own there is no need to read several at once.
    path = make(given, use_dictionary=False, write_statistics=False, data_page_size=1, write_batch_size=1)
    if not only_texts:
        assert all(isinstance(text, RowError) for text in texts(apart(path, any_size)))


@LINUX
def test_what_takes_too_long(make: Make, apart: Apart) -> None:
    pages = handmade.page(handmade.INDEX, b"") * 3_000_000 + handmade.data_page(handmade.plain(b"fine"))
    path = make(handmade.parquet(pages))
    assert refusal(lambda: apart(path, ParquetLimits(columns=10, seconds=0))) == "It takes too long to be read."


def test_what_ends_its_reader(make: Make, apart: Apart) -> None:
    """What is said of the sizes of a column without levels has a histogram of five: some of pyarrow abort then."""
    sizes = handmade.inner(16, handmade.struct_of(handmade.numbers(3, [1] * 5)))
    path = make(handmade.parquet(handmade.data_page(handmade.plain(b"fine")), more=[sizes]))
    for only_texts in (True, False):
        try:
            assert texts(apart(path, only_texts=only_texts)) == ["fine"]
        except InputError as error:
            assert str(error).startswith("It cannot be read as Parquet (")  # noqa: PT017 - either is right


def test_a_reader_that_is_killed(make: Make, apart: Apart) -> None:
    table = apart(make({"text": [f"good {index}" * 100 for index in range(50_000)]}))
    given = table.chunks()
    assert str(next(chunk for chunk in given if chunk is not None).texts[0]).startswith("good 0")
    (child,) = psutil.Process().children()
    child.send_signal(signal.SIGABRT)
    with pytest.raises(InputError, match=r"It cannot be read as Parquet \(its reader ended with SIGABRT\)"):
        list(given)


@pytest.mark.parametrize("only_texts", [True, False])
def test_a_dictionary_that_no_row_needs_counts(make: Make, apart: Apart, *, only_texts: bool) -> None:
    """It would be sent, and read, with each row group."""
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100, pa.int32()), pa.array(["a", "b" * 1_000_000]))
    path = make({"text": long}, store_schema=True, row_group_size=10)
    assert texts(apart(path, ParquetLimits(columns=10, ratio=10**6), only_texts=only_texts)) == ["a"] * 100
    given = apart(path, ParquetLimits(columns=10, ratio=1), only_texts=only_texts)
    if only_texts:
        assert "It becomes more than 1 times larger" in refusal(lambda: given)
    else:
        assert texts(given) == ["a"] * 100


def test_nulls_take_room_where_they_are_written_again(make: Make, apart: Apart) -> None:
    path = make({"text": ["good"] * 20_000, **{f"c{index}": pa.nulls(20_000) for index in range(9)}})
    batches = [batch for chunk in chunks(apart(path)) for batch in chunk.rows]
    assert sum(batch.nbytes for batch in batches) < 200_000
    assert sum(map(size_of, batches)) > 4 * 10 * 20_000
    limits = ParquetLimits(columns=10, ratio=1, row=2**20)
    with_many = make({"text": ["good"] * 60_000, **{f"c{index}": pa.nulls(60_000) for index in range(39)}})
    assert "has more than 10 columns" in refusal(lambda: apart(with_many, limits))
    assert "It becomes more than 1 times larger" in refusal(lambda: apart(with_many, replace(limits, columns=40)))


# The process.


@pytest.mark.parametrize("begun", [True, False])
def test_it_ends_when_the_table_is_closed(make: Make, apart: Apart, *, begun: bool) -> None:
    table = apart(make({"text": ["good"] * 100_000}))
    (child,) = psutil.Process().children()
    given = table.chunks()
    if begun:
        with closing(given):
            next(given)
    table.close()
    assert not child.is_running()


def test_it_ends_when_this_one_has_gone(make: Make, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys\n"
        "from app.files.parquet_apart import ParquetLimits, ParquetTableApart\n"
        "from app.files.tables import AddedColumns\n"
        "file = open(sys.argv[1], 'rb')\n"
        "limits = ParquetLimits(columns=10)\n"
        "table = ParquetTableApart(file, 'text', AddedColumns(), name='It', most=128, characters=9, limits=limits, "
        "only_texts=True)\n"
        "print(table._frames._process.pid, flush=True)\n"
        "os._exit(0)\n"
    )
    path = make({"text": [f"good {index}" * 100 for index in range(100_000)]})
    root = Path(parquet_apart.__file__).parents[2]
    found = psutil.Popen(
        [sys.executable, str(program), path], stdout=-1, env={**os.environ, "PYTHONPATH": str(root)}, cwd=tmp_path
    )
    pid = int(found.stdout.readline())
    found.communicate()
    end = monotonic() + 60
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE and monotonic() < end:
        sleep(0.05)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_it_sees_no_keys(make: Make, apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "a-key-of-ours")
    apart(make({"text": ["good"] * 100_000}))
    (child,) = psutil.Process().children()
    assert child.environ()["ARROW_DEFAULT_MEMORY_POOL"] == "system"
    assert "API_KEYS" not in child.environ()


def test_nothing_is_imported_from_the_working_folder(
    make: Make, apart: Apart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make({"text": ["good"]})
    for name in ("json", "struct", "pyarrow"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert texts(apart(path)) == ["good"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_read_or_refused(make: Make, apart: Apart, data: st.DataObject) -> None:
    path = make({"text": ["good", None, "bad"] * 20, "n": range(60)}, row_group_size=20, compression="none")
    content = bytearray(Path(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 9))] = data.draw(st.integers(0, 255))
    Path(path).write_bytes(content)
    try:
        chunks(apart(path, only_texts=data.draw(st.booleans())))
    except InputError as error:
        assert str(error).startswith("It")  # noqa: PT017 - it may be read, too
