import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.files import delimited, sources, tables
from app.files.delimited import CsvTable, RowLimits
from app.files.errors import ColumnTaken, InputError, UnknownColumn
from app.files.json_lines import JsonLinesTable
from app.files.lines import json_text
from app.files.outputs import open_output
from app.files.parquet import ParquetTable
from app.files.sources import Source, open_source
from app.files.tables import AddedColumns, Cells, Chunk, Column, RowError, Table, Text, format_of, grouped

GOOD: Cells = ("positive", 0.75)
NOTHING: Cells = (None, None)


def added(prefix: str = "") -> AddedColumns:
    return AddedColumns(Column(f"{prefix}label", str), Column(f"{prefix}score", float))


def texts(table: Table[Any]) -> list[Text]:
    return [text for chunk in table.chunks() if chunk for text in chunk.texts]


def write(table: Table[Any], output: Path, cells: Cells = GOOD) -> None:
    """Write the table with the same cells for every text."""
    with open_output(output) as file, table.writer(file) as write:
        for chunk in table.chunks():
            if chunk:
                write(chunk.rows, [cells if text else NOTHING for text in chunk.texts])


def rewrite(
    kind: type[CsvTable] | type[JsonLinesTable],
    data: bytes,
    folder: Path,
    columns: AddedColumns | None = None,
    cells: Cells = GOOD,
    **options: Any,
) -> bytes:
    source, output = folder / "in", folder / "out"
    source.write_bytes(data)
    with open_source(str(source)) as opened:
        write(kind(opened, "text", columns or added(), **options), output, cells)
    return output.read_bytes()


def complaint(kind: type[CsvTable] | type[JsonLinesTable], data: bytes, folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        rewrite(kind, data, folder)
    assert not (folder / "out").exists()
    return str(caught.value).removeprefix(str(folder / "in"))


def read_csv(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "csv"),
        ("A.CSV", "csv"),
        ("a.tsv", "tsv"),
        ("a.jsonl.gz", "jsonl"),
        ("a.b.ndjson", "jsonl"),
        ("x/a.parquet", "parquet"),
        ("a.json", None),
        ("a.gz", None),
        ("csv", None),
        ("-", None),
    ],
)
def test_the_ending_tells_the_format(name: str, expected: str | None) -> None:
    assert format_of(name) == expected


CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['"', "a\rb", "a\nb", "a\r\nb", 'say "x", y', "\t", " a ", "\0", "\ufeff"]
)


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@settings(max_examples=60)
@given(data=st.data())
def test_csv_rows_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, delimiter: str, ending: str
) -> None:
    width = data.draw(st.integers(1, 4))
    header = ["text", *(f"column {index}" for index in range(1, width))]
    rows = data.draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8))
    file = io.StringIO(newline="")
    # QUOTE_ALL, since csv.writer of Python 3.11 leaves a lone carriage return bare.
    csv.writer(file, quoting=csv.QUOTE_ALL, delimiter=delimiter, lineterminator=ending).writerows([header, *rows])

    output = rewrite(CsvTable, file.getvalue().encode(), tmp_path_factory.mktemp("csv"), delimiter=delimiter)

    found = [["positive", "0.75"] if row[0] else ["", ""] for row in rows]
    expected = [[*row, *cells] for row, cells in zip(rows, found, strict=True)]
    assert read_csv(output, delimiter) == [[*header, "label", "score"], *expected]
    assert output.endswith(ending.encode())


def test_csv_keeps_its_line_endings_and_quotes_no_more_than_needed(tmp_path: Path) -> None:
    assert rewrite(CsvTable, b'id,text\r\n1,"good, film"\r\n2,fine', tmp_path) == (
        b'id,text,label,score\r\n1,"good, film",positive,0.75\r\n2,fine,positive,0.75\r\n'
    )


def test_several_strings_are_one_field_of_csv_and_a_list_elsewhere(tmp_path: Path) -> None:
    columns = AddedColumns(Column("codes", tuple))
    for cells, in_csv, in_json in (
        ((("a",),), b"a", b'["a"]'),
        ((("a", "b"),), b'"a,b"', b'["a", "b"]'),
        (((),), b"", b"[]"),
    ):
        assert rewrite(CsvTable, b"text\nx\n", tmp_path, columns, cells) == b"text,codes\nx," + in_csv + b"\n"
        found = rewrite(JsonLinesTable, b'{"text": "x"}\n', tmp_path, columns, cells)
        assert found == b'{"text": "x", "codes": ' + in_json + b"}\n"

    pq.write_table(pa.table({"text": ["x", None, "y"]}), tmp_path / "in.parquet")
    table = ParquetTable(str(tmp_path / "in.parquet"), "text", columns)
    with (tmp_path / "out.parquet").open("wb") as output, table.writer(output) as writer:
        for chunk in filter(None, table.chunks()):
            writer(chunk.rows, [(("a", "b"),), (None,), ((),)])
    assert pq.read_table(tmp_path / "out.parquet")["codes"].to_pylist() == [["a", "b"], None, []]


def test_csv_without_text_has_no_label(tmp_path: Path) -> None:
    assert rewrite(CsvTable, b"text,n\n,1\n\nx,2\n", tmp_path) == b"text,n,label,score\n,1,,\nx,2,positive,0.75\n"


def test_csv_keeps_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbftext,n\ncaf\xe9,\xff\n"
    assert rewrite(CsvTable, data, tmp_path) == b"text,n,label,score\ncaf\xe9,\xff,positive,0.75\n"
    with open_source(str(tmp_path / "in")) as source:
        assert texts(CsvTable(source, "text", added())) == ["caf\N{REPLACEMENT CHARACTER}"]


def test_csv_takes_fields_longer_than_the_module_allows_by_itself(tmp_path: Path) -> None:
    assert len(rewrite(CsvTable, b"text\n" + b"x" * 200_000 + b"\n", tmp_path)) > 200_000


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", " is empty; it should begin with a row of column names."),
        (b"a,b\n1,2\n", " has no column 'text'; it has 'a', 'b'."),
        (b"text,n\na,1\nb\n", ", line 3: the row has 1 fields, the header 2."),
        (b'text,n\n"a\nb",1\nb,1,2\n', ", line 4: the row has 3 fields, the header 2."),
        (b"text,label\na,1\n", " has a column 'label' already; it is not overwritten."),
    ],
)
def test_csv_that_is_wrong(tmp_path: Path, data: bytes, expected: str) -> None:
    assert complaint(CsvTable, data, tmp_path) == expected


def test_a_quote_left_open_does_not_swallow_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "FIELD_CHARACTERS", 1000)
    found = complaint(CsvTable, b'text\nfine\n"open\n' + b"x\n" * 1000, tmp_path)
    assert found == ", line 3: field larger than field limit (1000), which is what a quote left open looks like."


def test_many_columns_are_not_all_listed() -> None:
    found = str(UnknownColumn("f", "x", [f"column{'x' * 99}{index}" for index in range(70)]))
    assert len(found) < 4000
    assert " and 20 more." in found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=4), children, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60)
@given(
    rows=st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("abcd"), JSON, max_size=4),
            st.fixed_dictionaries({}, optional={"text": st.none() | st.text(max_size=12)}),
        ).map(lambda parts: {**parts[0], **parts[1]}),
        max_size=8,
    ),
    compact=st.booleans(),
    ascii_only=st.booleans(),
)
def test_json_lines_come_out_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], compact: bool, ascii_only: bool
) -> None:
    rows = [{"text": "first"}, *rows]
    separators = (",", ":") if compact else (", ", ": ")
    # Surrogates, which JSON can escape but UTF-8 not hold, come only escaped.
    lines = [json.dumps(row, separators=separators, ensure_ascii=ascii_only) for row in rows]
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")

    output = rewrite(JsonLinesTable, data, tmp_path_factory.mktemp("jsonl")).splitlines()

    for before, after in zip(data.splitlines(), output, strict=True):
        fields = json.loads(before)
        found = {"label": "positive", "score": 0.75} if fields.get("text") else {"label": None, "score": None}
        assert json.loads(after) == {**fields, **found}
        assert list(json.loads(after)) == [*fields, "label", "score"]
        assert after.startswith(before.removesuffix(b"}"))


def test_json_lines_keep_every_byte_of_a_line(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf {"text" : "caf\xe9",  "n": 1.0e5, "n": 2 } \r\n\n{ }\n{"text": "\\ud800"}'
    assert rewrite(JsonLinesTable, data, tmp_path).split(b"\n") == [
        b'{"text" : "caf\xe9",  "n": 1.0e5, "n": 2, "label": "positive", "score": 0.75}',
        b'{"label": null, "score": null}',
        b'{"text": "\\ud800", "label": "positive", "score": 0.75}',
        b"",
    ]
    with open_source(str(tmp_path / "in")) as source:
        found = texts(JsonLinesTable(source, "text", added()))
    assert found == ["caf\N{REPLACEMENT CHARACTER}", None, "\N{REPLACEMENT CHARACTER}"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"text": "a"}\n\n{"text": \n', ", line 3 is not JSON: Expecting value (character 9)."),
        (b'{"text": "a"}\n["a"]\n', ", line 2 is not a JSON object."),
        (b'{"text": "a"}\n{"text": 1}\n', ", line 2: 'text' is not a string."),
        (b'{"text": ["a"]}\n', ", line 1: 'text' is not a string."),
        (b'{"a": "x"}\n{"b": "y", "a": 1}\n', " has no column 'text'; it has 'a', 'b'."),
        (
            b'{"text": "a"}\n{"text": "a", "score": 1}\n',
            ", line 2 has a column 'score' already; it is not overwritten.",
        ),
    ],
)
def test_json_lines_that_are_wrong(tmp_path: Path, data: bytes, expected: str) -> None:
    assert complaint(JsonLinesTable, data, tmp_path) == expected


@pytest.mark.parametrize("data", [b'{"text": ' + b"[" * 100_000, b'{"text": "a", "n": ' + b"9" * 10_000 + b"}"])
def test_json_that_python_refuses(tmp_path: Path, data: bytes) -> None:
    assert complaint(JsonLinesTable, data, tmp_path).startswith(", line 1 is not JSON")


def test_a_column_that_is_missing_is_noticed_early(tmp_path: Path) -> None:
    data = b'{"a": 1}\n' * tables.CHUNK_ROWS + b"not read any more"
    assert "has no column 'text'" in complaint(JsonLinesTable, data, tmp_path)


def test_a_few_rows_may_lack_the_column(tmp_path: Path) -> None:
    output = rewrite(JsonLinesTable, b'{"a": 1}\n{"text": "x"}\n{"a": 2}\n', tmp_path, added("p_"))
    assert output.splitlines()[2] == b'{"a": 2, "p_label": null, "p_score": null}'


def test_an_empty_file_of_json_lines_is_empty(tmp_path: Path) -> None:
    assert rewrite(JsonLinesTable, b"", tmp_path) == b""


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
def test_parquet_rows_come_out_as_they_went_in(tmp_path: Path, kind: pa.DataType) -> None:
    rows = pa.table(
        {
            "n": pa.array(range(2000), pa.int16()),
            "text": pa.array(["good", None, "", "café"] * 500).cast(kind),
            "nested": [{"a": [1, 2]}] * 2000,
        }
    ).replace_schema_metadata({"made by": "hand"})
    pq.write_table(rows, tmp_path / "in.parquet")

    write(ParquetTable(str(tmp_path / "in.parquet"), "text", added("p_")), tmp_path / "out.parquet")

    written = pq.read_table(tmp_path / "out.parquet")
    assert written.drop_columns(["p_label", "p_score"]).equals(pq.read_table(tmp_path / "in.parquet"))
    assert written["p_label"].to_pylist() == ["positive", None, None, "positive"] * 500
    assert written["p_score"].to_pylist() == [0.75, None, None, 0.75] * 500
    assert written.schema.metadata[b"made by"] == b"hand"


def test_parquet_comes_out_in_row_groups_of_some_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ParquetTable, "group_bytes", 30_000)
    pq.write_table(pa.table({"text": ["0123456789"] * 5000}), tmp_path / "in.parquet")
    write(ParquetTable(str(tmp_path / "in.parquet"), "text", added()), tmp_path / "out.parquet")
    assert pq.ParquetFile(tmp_path / "out.parquet").num_row_groups == 5


def test_parquet_texts_that_are_not_utf8(tmp_path: Path) -> None:
    column = pa.array([b"caf\xe9"]).view(pa.string())
    pq.write_table(pa.table({"text": column}), tmp_path / "in.parquet")
    found = texts(ParquetTable(str(tmp_path / "in.parquet"), "text", added()))
    assert found == ["caf\N{REPLACEMENT CHARACTER}"]


def test_parquet_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"

    def complain(column: str) -> str:
        with pytest.raises(InputError) as caught:
            texts(ParquetTable(str(path), column, added()))
        return str(caught.value).removeprefix(str(path))

    assert "No such file" in complain("text")
    path.write_bytes(b"text\nno parquet at all\n")
    assert complain("text").startswith(" cannot be read as Parquet (")
    pq.write_table(pa.table({"n": [1], "text": ["good"]}), path)
    assert complain("txt") == " has no column 'txt'; it has 'n', 'text'."
    assert complain("n") == ": the column 'n' holds int64, not text."
    damaged = bytearray(path.read_bytes())
    damaged[4:40] = bytes(36)
    path.write_bytes(damaged)
    assert complain("text").startswith(" cannot be read as Parquet (")
    pq.write_table(pa.table({"label": [1], "text": ["good"]}), path)
    assert complain("text").startswith(" has a column 'label' already")


def test_parquet_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "app.files.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match="install the extra `parquet`"):
        __import__("app.files.parquet")


class Endless(io.RawIOBase):
    """A pipe from which rows come without end."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        rows = b'{"text": "a"}\n' * (len(buffer) // 14)
        buffer[: len(rows)] = rows
        return len(rows)


@pytest.mark.parametrize("kind", [CsvTable, JsonLinesTable])
def test_reading_is_lazy(kind: type[CsvTable] | type[JsonLinesTable]) -> None:
    source = Source(Endless(), "rows")
    table = kind(source, '{"text": "a"}' if kind is CsvTable else "text", added())
    chunks = (chunk for chunk in table.chunks() if chunk)
    for _, chunk in zip(range(100), chunks, strict=False):
        assert len(chunk.texts) <= tables.CHUNK_ROWS
        assert source.position - chunk.position <= 2 * sources.BLOCK
    assert table.total is None


def test_chunks_of_long_texts_have_fewer_rows() -> None:
    rows = [(index, "x" * (tables.CHUNK_CHARACTERS // 2)) for index in range(5)]
    assert [len(chunk.rows) for chunk in grouped(iter(rows), None) if chunk] == [2, 2, 1]


def test_chunks_of_many_fields_have_fewer_rows() -> None:
    header = b",".join([b"text", *(b"%d" % number for number in range(900))])
    table = limited(header + b"\n" + b"a\n" * 100)
    chunks = [chunk for chunk in table.chunks() if chunk]
    fields = [sum(map(len, chunk.rows)) for chunk in chunks]
    assert sum(len(chunk.texts) for chunk in chunks) == 100
    assert max(fields) < 20_000
    assert chunks[0].characters > 2**16


def limited(data: bytes) -> CsvTable:
    """A table as requests have them."""
    source = Source(io.BytesIO(data), "Rows", size=len(data))  # type: ignore[arg-type]
    return CsvTable(source, "text", added(), lenient=True, limits=RowLimits(2_000_000, 1_000, 2**18))


WIDE = b"," * 300_000


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (WIDE + b"\ngood\n", [RowError("the row has more than 1,000 fields, the header 1."), "good"]),
        (b'"a\n"' + WIDE + b"\ngood\n", [RowError("the row has more than 1,000 fields, the header 1."), "good"]),
        (b'"' + WIDE[:200_000] + b'"\ngood\n', ["," * 200_000, "good"]),
        (b"," * 2_000 + b"\ngood\n", [RowError("the row has more than 1,000 fields, the header 1."), "good"]),
    ],
)
def test_csv_of_far_too_many_fields_is_not_read(rows: bytes, expected: list[Text]) -> None:
    table = limited(b"text\n" + rows)
    chunks = [chunk for chunk in table.chunks() if chunk]
    assert [text for chunk in chunks for text in chunk.texts] == expected
    assert {len(row) for chunk in chunks for row in chunk.rows} == {1}


def test_a_line_with_far_too_many_fields_does_not_reach_the_reader() -> None:
    lines = delimited._Lines(Source(io.BytesIO(WIDE), "Rows", size=0), ",", RowLimits(2_000_000, 9, 0))  # type: ignore[arg-type]
    assert next(lines) == "," * 9 + "\n"
    with pytest.raises(InputError, match=r"more than 1,000 columns"):
        limited(WIDE)


@pytest.mark.parametrize("value", ["1.5", '""', '{"a":1}', "[]"])
def test_a_line_of_json_with_far_too_many_values_is_not_parsed(value: str) -> None:
    line = '{"text":"a","x":[' + ",".join([value] * 100_000) + "]}"
    assert json_text(line.encode()) == RowError("the line has far more values than a text.")


@pytest.mark.parametrize("text", ["a, " * 100_000, "[{" * 100_000, '\\",' * 100_000, '"' * 100_000 + "," * 100_000])
def test_what_a_text_holds_counts_for_no_values(text: str) -> None:
    line = json.dumps({"text": text, "vector": [0.125] * 10_000, "after": "\\"})
    assert json_text(line.encode()) == text


def test_a_long_name_of_a_column_is_cut_in_messages() -> None:
    found = json_text(b"{}", "x" * 10_000)
    assert found == RowError(f"the object has no field {'x' * 50!r}.")
    assert len(str(UnknownColumn("The file", "x" * 10_000, []))) < 100


def test_a_pause_ends_a_chunk() -> None:
    rows = iter([(1, "a"), (2, None), None, None, (3, "c")])
    assert list(grouped(rows, None)) == [
        Chunk([1, 2], ["a", None], 0, 1), None, None, Chunk([3], ["c"], 0, 1),
    ]  # fmt: skip


def test_rows_that_trickle_in_do_not_wait_for_a_full_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(tables, "monotonic", lambda: next(clock))
    rows = ((index, "a") for index in range(100))
    assert [chunk.rows for chunk in grouped(rows, None) if chunk] == [[index] for index in range(100)]


def test_as_many_columns_are_added_as_are_wanted(tmp_path: Path) -> None:
    columns = AddedColumns(Column("a", float), Column('"b"', str), Column("c", str))
    cells: Cells = (1.5, "x, y", None)
    written = b'text,a,"""b""",c\nt,1.5,"x, y",\n'
    assert rewrite(CsvTable, b"text\nt\n", tmp_path, columns, cells) == written
    written = b'{"text": "t", "a": 1.5, "\\"b\\"": "x, y", "c": null}\n'
    assert rewrite(JsonLinesTable, b'{"text": "t"}\n', tmp_path, columns, cells) == written
    pq.write_table(pa.table({"text": ["t"]}), tmp_path / "in.parquet")
    write(ParquetTable(str(tmp_path / "in.parquet"), "text", columns), tmp_path / "out.parquet", cells)
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [{"text": "t", "a": 1.5, '"b"': "x, y", "c": None}]


def test_a_column_that_is_taken_is_told_with_its_place(tmp_path: Path) -> None:
    data = b'{"text": "a"}\n{"text": "a", "p_score": 1}\n'
    with pytest.raises(ColumnTaken) as caught:
        rewrite(JsonLinesTable, data, tmp_path, added("p_"))
    assert (caught.value.where, caught.value.column) == (f"{tmp_path / 'in'}, line 2", "p_score")


def test_gzip_is_unpacked_and_packed(tmp_path: Path) -> None:
    path = tmp_path / "in.csv.gz"
    path.write_bytes(gzip.compress(b"text\ngood\n"))
    with open_source(str(path)) as source:
        table = CsvTable(source, "text", added())
        write(table, tmp_path / "out.csv.gz")
        assert source.position == table.total == path.stat().st_size
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == b"text,label,score\ngood,positive,0.75\n"


@pytest.mark.parametrize("data", [gzip.compress(b'{"text": "a"}\n' * 100, mtime=0)[:-9], b"\x1f\x8bno gzip", b"x"])
def test_gzip_that_is_damaged(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(data)
    with open_source(str(path)) as source, pytest.raises(InputError, match=r"in\.jsonl\.gz cannot be read \("):
        texts(JsonLinesTable(source, "text", added()))


def test_the_output_may_replace_the_input(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"text\ngood\n")
    with open_source(str(path)) as source:
        write(CsvTable(source, "text", added()), path)
    assert path.read_bytes() == b"text,label,score\ngood,positive,0.75\n"


@pytest.fixture(autouse=True)
def _field_size_limit() -> Iterator[None]:
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)
