import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.corpora import own
from training.corpora.imdb import DataError
from training.corpora.own import Columns, Row

ROWS = [
    ("The kettle leaks, and nobody answers.", "negative", "anna"),
    ('It comes in "red", blue\nand green.', "neutral", "ben"),
    ("Größe passt, alles gut ☺", "positive", "anna"),
]
EXPECTED = [(text, label) for text, label, _ in ROWS]


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def delimited(delimiter: str, ending: str = "\n") -> bytes:
    lines = [("text", "label", "customer"), *ROWS]
    return "".join(delimiter.join(map(quoted, line)) + ending for line in lines).encode()


def json_lines() -> bytes:
    return b"".join(
        json.dumps({"text": text, "label": label, "customer": who}).encode() + b"\n\n" for text, label, who in ROWS
    )


def parquet() -> bytes:
    sink = pa.BufferOutputStream()
    text, label, who = zip(*ROWS, strict=True)
    pq.write_table(pa.table({"other": [[1], [2], [3]], "text": text, "label": label, "customer": who}), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("csv", lambda: delimited(",")),
        ("csv", lambda: b"\xef\xbb\xbf" + delimited(",", "\r\n")),
        ("csv", lambda: delimited(";")),
        ("tsv", lambda: delimited("\t")),
        ("jsonl", json_lines),
        ("ndjson", json_lines),
        ("parquet", parquet),
    ],
)
def test_any_form_gives_the_same_rows(tmp_path: Path, ending: str, content: Callable[[], bytes], packed: bool) -> None:
    path = tmp_path / (f"mine.{ending}" + ".gz" * packed)
    path.write_bytes(gzip.compress(content()) if packed else content())
    found = own.read([path], Columns(group="customer"))
    assert [(row.text, row.label) for row in found.rows] == EXPECTED
    assert [row.group for row in found.rows] == ["anna", "ben", "anna"]
    assert [row.id for row in found.rows] == [f"{path.name}:{number}" for number in (1, 2, 3)]
    assert found.labels == ("negative", "neutral", "positive")
    assert found.name == path.name


def write(folder: Path, content: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def test_columns_are_guessed_for_each_file(tmp_path: Path) -> None:
    first = write(tmp_path, "id,Review Text,Sentiment\n1,fine,good\n")
    second = write(tmp_path, '{"text": "broken", "label": "bad", "model": "x"}\n', "feedback.jsonl")
    found = own.read([first, second], Columns())
    assert [(row.id, row.text, row.label) for row in found.rows] == [
        ("mine.csv:1", "fine", "good"),
        ("feedback.jsonl:1", "broken", "bad"),
    ]
    assert [(file.text, file.label, file.rows) for file in found.files] == [
        ("Review Text", "Sentiment", 1),
        ("text", "label", 1),
    ]


def test_named_columns_come_before_usual_ones(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label,subject,verdict\na,b,c,d\n")
    (row,) = own.read([path], Columns("subject", "verdict", part="label")).rows
    assert row == Row("mine.csv:1", "c", "d", None, "b")


def test_ids_of_files_of_one_name_differ(tmp_path: Path) -> None:
    paths = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        paths.append(write(tmp_path / name, "text,label\nx,y\n"))
    assert [row.id for row in own.read(paths, Columns()).rows] == ["a/mine.csv:1", "b/mine.csv:1"]


@pytest.mark.parametrize(
    ("stars", "labels"),
    [
        ("three", ["negative", "negative", "neutral", "positive", "positive"]),
        ("five", ["very_negative", "negative", "neutral", "positive", "very_positive"]),
    ],
)
def test_stars_become_labels(tmp_path: Path, stars: own.Stars, labels: list[str]) -> None:
    path = write(tmp_path, "review,rating\na,1\nb,2.0\nc,3\nd,4\ne,5\n")
    found = own.read([path], Columns(stars=stars))
    assert [row.label for row in found.rows] == labels
    assert found.labels == tuple(dict.fromkeys(labels))


def test_labels_can_be_numbers_and_truth_values(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\na,1.0\nb,0\nc,10\nd,2\n")
    assert own.read([path], Columns()).labels == ("0", "1", "2", "10")
    path = write(tmp_path, '{"text": "a", "label": true}\n{"text": "b", "label": false}\n', "x.jsonl")
    assert own.read([path], Columns()).labels == ("false", "true")


def test_rows_without_a_label_are_counted_and_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "text,label\na,good\nb,\n\nc, \n,bad\n")
    found = own.read([path], Columns())
    assert [(row.id, row.text, row.label) for row in found.rows] == [
        ("mine.csv:1", "a", "good"),
        ("mine.csv:4", "", "bad"),
    ]
    assert found.files[0].unlabelled == 2


def test_a_label_that_is_no_number_is_none(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"text": ["a", "b", "c"], "label": [1.0, float("nan"), None]}), path)
    found = own.read([path], Columns())
    assert [(row.text, row.label) for row in found.rows] == [("a", "1")]
    assert found.files[0].unlabelled == 2


def test_labels_are_spelt_as_the_service_can_name_them(tmp_path: Path) -> None:
    found = own.read([write(tmp_path, "text,label\na,not ok!\nb,ok\n")], Columns())
    assert found.labels == ("not_ok", "ok")
    assert found.renamed == {"not ok!": "not_ok"}


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        ("", Columns(), "is empty; it should begin with a row of column names."),
        ("text,label\n", Columns(), "has no row with a label in the column 'label'."),
        ("text,label\na,b\n", Columns(text="review"), "has no column 'review'; it has 'text', 'label'."),
        ("text,label\na,b\n", Columns(group="film"), "has no column 'film'; it has 'text', 'label'."),
        (
            "words,label\na,b\n",
            Columns(),
            "one of texts usually is; name it with --text: 'words', 'label'.",
        ),
        ("text,verdict\na,b\n", Columns(), "one of labels usually is; name it with --label: 'text', 'verdict'."),
        (
            "text,rating\na,5\n",
            Columns(),
            "no column of labels, but one named 'rating'; if it holds stars, add --stars.",
        ),
        ("text,label\na,b\n", Columns(label="text"), "the column 'text' cannot hold both the texts and the labels."),
        ("text,label\na,0.731\n", Columns(), "row 1: the label 0.731 is a number with a fraction;"),
        ("text,rating\na,6\n", Columns(stars="three"), "row 1: '6' is no number of stars, which is 1, 2, 3, 4 or 5."),
        ("text,rating\na,3.5\n", Columns(stars="five"), "row 1: '3.5' is no number of stars,"),
        ("text,label\na,b,c\n", Columns(), "line 2: the row has 3 fields, the header 2."),
        ("text,label\na,???\n", Columns(), "mine.csv:1: '???' cannot be a label,"),
        (f"text,label\na,{'x' * 65}\n", Columns(), "cannot be a label, which has up to 64 letters,"),
        ("text,label\na,a b\nb,a_b\n", Columns(), "The labels 'a b' and 'a_b' would both be named a_b; rename one."),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, content: str, columns: Columns, said: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        own.read([path], columns)
    assert said in str(caught.value)
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.csv", "text,label\nschön,gut\n".encode("latin-1"), "is not UTF-8 (near line 1); save it as UTF-8."),
        ("x.csv", "text,label\na,b\n".encode("utf-16"), "is UTF-16; save it as UTF-8."),
        ("x.jsonl", b'{"text": "\xff", "label": "a"}\n', "line 1 is not UTF-8; save the file as UTF-8."),
        ("x.jsonl", b'{"text": "a", \n', "line 1 is not JSON that can be read"),
        ("x.jsonl", b"[1]\n", "line 1 is not a JSON object."),
        ("x.jsonl", b'{"text": 3, "label": "a"}\n', "row 1: the column 'text' holds 3, which is no text."),
        ("x.jsonl", b"\n", "is empty."),
        ("x.parquet", b"PAR1", "cannot be read as Parquet"),
        ("x.csv.gz", b"text,label\n", "cannot be read (Not a gzipped file"),
        ("x.xlsx", b"PK", "does not say a format; it should end in .csv, .tsv, .jsonl, .parquet, or .gz then."),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        own.read([path], Columns())
    assert said in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no .*none\.csv\."):
        own.read([tmp_path / "none.csv"], Columns())


def test_a_model_has_two_to_twenty_labels() -> None:
    own.require_trainable(tuple(map(str, range(20))))
    with pytest.raises(DataError, match="There are 21 labels and a model has 20 at most"):
        own.require_trainable(tuple(map(str, range(21))))
    with pytest.raises(DataError, match="All rows have the one label 'a'"):
        own.require_trainable(("a",))


def test_feedback_about_other_models_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    kept = {"text": "a", "label": "bug", "model": "sentiment-mine", "version": "1", "time": "now"}
    path.write_text("".join(json.dumps(one) + "\n" for one in (kept, {**kept, "model": "sentiment-best"})))
    assert len(own.read([path], Columns(model="sentiment-mine"))) == 1
    assert len(own.read([path], Columns())) == 2
