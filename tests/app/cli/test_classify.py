import csv
import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli.main import main
from app.cli.scoring import AHEAD, in_order
from app.files.sources import Source
from app.files.tables import CHUNK_ROWS
from app.sentiment.classifier import Classifier
from app.sentiment.schemas import SentimentResponse
from app.sentiment.serialization import sentiment_json
from tests.conftest import ROOT, Serve

TEXTS = ["A wonderful film!", "boring, dull and bad", "Nothing that it knows: zzz", "café", " ", "a great plot\ta day"]


@pytest.fixture(scope="module")
def classifier(models_dir: Path) -> Classifier:
    return Classifier(next(models_dir.glob("sentiment-*")))


@pytest.fixture
def options(models_dir: Path, classifier: Classifier) -> list[str]:
    return ["classify", f"--models-dir={models_dir}", f"--model={classifier.name}"]


@pytest.fixture
def give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Put bytes into standard input."""
    path = tmp_path / "standard input"
    path.touch()

    def write(data: bytes) -> None:
        path.write_bytes(data)

    with path.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        yield write


def lines(classifier: Classifier, texts: list[str]) -> str:
    found = (classifier.classify(text)[0] for text in texts)
    return "".join(f"{' '.join([one.label, f'{one.score:.4f}', *joined(one.warnings)])}\n" for one in found)


def joined(warnings: Sequence[str]) -> list[str]:
    return [",".join(warnings)] if warnings else []


def answer(classifier: Classifier, text: str) -> SentimentResponse:
    return SentimentResponse.model_validate_json(sentiment_json(classifier.classify(text)[0], classifier.id))


def cells(classifier: Classifier, text: str) -> list[object]:
    found = answer(classifier, text)
    return [found.label, found.score, found.warnings]


def csv_cells(classifier: Classifier, text: str) -> list[str]:
    label, score, warnings = cells(classifier, text)
    return [str(label), str(score), *(joined(cast("list[str]", warnings)) or [""])]


def error(capfd: pytest.CaptureFixture[str]) -> str:
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.endswith(".\n")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("error: ").strip()


def test_texts(options: list[str], classifier: Classifier, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*options, *TEXTS, ""]) == 0
    assert capfd.readouterr() == (lines(classifier, [*TEXTS, ""]), "")


def test_texts_as_json(options: list[str], classifier: Classifier, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "--json", *TEXTS]) == 0
    answers = [SentimentResponse.model_validate_json(line) for line in capfd.readouterr().out.splitlines()]
    assert answers == [answer(classifier, text) for text in TEXTS]


def test_arguments_that_are_not_utf8(options: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "caf\udce9"]) == 0
    assert capfd.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_lines_of_standard_input(
    options: list[str],
    classifier: Classifier,
    give: Callable[[bytes], None],
    capfd: pytest.CaptureFixture[str],
    ending: bytes,
) -> None:
    texts = ["", *TEXTS, "", "", "the end"]
    give(ending.join(text.encode() for text in texts))
    assert main(options) == 0
    assert capfd.readouterr() == (lines(classifier, texts), "")


def test_many_lines_stay_in_order(
    options: list[str], classifier: Classifier, give: Callable[[bytes], None], capfd: pytest.CaptureFixture[str]
) -> None:
    texts = (TEXTS * CHUNK_ROWS)[: 3 * CHUNK_ROWS + 7]
    give("\n".join(texts).encode() + b"\n")
    assert main([*options, "--threads", "3"]) == 0
    assert capfd.readouterr().out == lines(classifier, texts)


def test_no_lines_at_all(options: list[str], give: Callable[[bytes], None], capfd: pytest.CaptureFixture[str]) -> None:
    give(b"")
    assert main(options) == 0
    assert capfd.readouterr() == ("", "")


def test_bytes_that_are_not_utf8(
    options: list[str], classifier: Classifier, give: Callable[[bytes], None], capfd: pytest.CaptureFixture[str]
) -> None:
    give(b"caf\xe9 wonderful\n")
    assert main(options) == 0
    assert capfd.readouterr().out == lines(classifier, ["caf\N{REPLACEMENT CHARACTER} wonderful"])


def test_a_csv_file_to_standard_output(
    options: list[str], classifier: Classifier, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "reviews.csv"
    both = "zebra " * 12
    path.write_text(f'id,review\n1,"wonderful, lovely"\n2,\n3,awful\n4,zebra\n5,{both}\n')
    assert main([*options, "--file", str(path), "--column", "review"]) == 0
    captured = capfd.readouterr()
    assert list(csv.reader(io.StringIO(captured.out))) == [
        ["id", "review", "label", "score", "warnings"],
        ["1", "wonderful, lovely", *csv_cells(classifier, "wonderful, lovely")],
        ["2", "", "", "", ""],
        ["3", "awful", *csv_cells(classifier, "awful")],
        ["4", "zebra", *csv_cells(classifier, "zebra")],
        ["5", both, *csv_cells(classifier, both)],
    ]
    assert [csv_cells(classifier, text)[2] for text in ("awful", "zebra", both)] == [
        "",
        "unknown_words",
        "truncated,not_english",
    ]
    assert captured.err == "1 row has no text and so no label.\n"


def test_json_lines_to_a_file(
    options: list[str], classifier: Classifier, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, output = tmp_path / "reviews.ndjson", tmp_path / "labelled.jsonl"
    rows = [{"text": text, "n": number} for number, text in enumerate(TEXTS * 300)]
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"n": None}, {"text": None}]))
    assert main([*options, "--file", str(path), "--output", str(output)]) == 0
    assert capfd.readouterr() == ("", "2 rows have no text and so no label.\n")
    written = [json.loads(line) for line in output.read_text().splitlines()]
    expected = {text: dict(zip(("label", "score", "warnings"), cells(classifier, text), strict=True)) for text in TEXTS}
    none = {"label": None, "score": None, "warnings": None}
    assert written == [row | expected[str(row["text"])] for row in rows] + [{"n": None} | none, {"text": None} | none]


def test_a_parquet_file(options: list[str], classifier: Classifier, tmp_path: Path) -> None:
    path, output = tmp_path / "reviews.parquet", tmp_path / "labelled.parquet"
    table = pa.table({"text": TEXTS * 300, "label": range(len(TEXTS) * 300)})
    pq.write_table(table, path)
    assert main([*options, "--file", str(path), "--prefix", "predicted_", "--output", str(output)]) == 0
    written = pq.read_table(output)
    assert written.select(["text", "label"]).equals(table)
    expected = [cells(classifier, text) for text in TEXTS] * 300
    assert [list(row) for row in zip(*map(pa.ChunkedArray.to_pylist, written.columns[2:]), strict=True)] == expected


def test_a_file_on_standard_input(
    options: list[str], give: Callable[[bytes], None], capfd: pytest.CaptureFixture[str]
) -> None:
    give(b"n\ttext\n1\tgood, bad\n")
    assert main([*options, "--file", "-", "--format", "tsv"]) == 0
    assert capfd.readouterr().out.startswith("n\ttext\tlabel\tscore\twarnings\n1\tgood, bad\t")


def test_progress(options: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("text\n" + "wonderful\n" * 2000)
    assert main([*options, "--file", str(path), "--output", str(tmp_path / "out.csv"), "--progress"]) == 0
    assert "100%" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--file", "a.csv", "text"], "Give texts or --file FILE, not both."),
        (["--column", "a"], "--column goes with --file FILE; `--file -` reads a file from standard input."),
        (["--prefix", "a"], "--prefix goes with --file FILE; `--file -` reads a file from standard input."),
        (["--file", "a.csv", "--json"], "--json is for texts and lines; a file is answered in its own format."),
        (["--file", "a.xls"], "The name a.xls does not say the format; give --format csv, tsv, jsonl, parquet."),
        (["--file", "-"], "The name - does not say the format; give --format csv, tsv, jsonl, parquet."),
        (["--file", "a.parquet"], "Parquet is not written to standard output; give --output FILE."),
        (["--file", "-", "--format=parquet"], "Parquet cannot be read from standard input; give --file FILE."),
        (
            ["--file", "a.csv", "--output", "a.jsonl"],
            "The output has the format of the input, csv; a.jsonl is named otherwise.",
        ),
        (["--file", "/nowhere/a.csv"], "/nowhere/a.csv cannot be read (No such file or directory)."),
        (["--file", "a\0.csv"], "a\0.csv cannot be read (embedded null byte)."),
        (["--output", "/nowhere/a", "text"], "/nowhere/a cannot be written (No such file or directory)."),
    ],
)
def test_what_cannot_be_done(
    options: list[str], arguments: list[str], expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*options, *arguments]) == 2
    assert error(capfd) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("n,review\n", " has no column 'text'; it has 'n', 'review'. Name it with `--column`."),
        (
            "text,label\n",
            " has a column 'label' already; name the new columns otherwise, such as with `--prefix predicted_`.",
        ),
    ],
)
def test_what_is_wrong_with_columns_is_told_with_the_option_that_helps(
    options: list[str], tmp_path: Path, data: str, expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(data)
    assert main([*options, "--file", str(path)]) == 2
    assert error(capfd) == f"{path}{expected}"


def test_columns_are_looked_at_in_every_line(
    options: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "reviews.jsonl"
    path.write_text('{"text": "a"}\n' * 3000 + '{"text": "a", "p_label": 1}\n')
    assert main([*options, "--file", str(path), "--prefix=p_", "--output", str(tmp_path / "out.jsonl")]) == 2
    assert error(capfd) == (
        f"{path}, line 3001 has a column 'p_label' already; name the new columns otherwise, "
        "such as with `--prefix predicted_`."
    )


@pytest.mark.parametrize("name", ["nope", "../models", ""])
def test_a_model_that_is_not_there(
    models_dir: Path, classifier: Classifier, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", f"--models-dir={models_dir}", f"--model={name}", "text"]) == 2
    assert error(capfd) == f"There is no model {name!r} in {models_dir}; there is: {classifier.name}."


def test_the_default_model_is_a_setting(
    models_dir: Path, classifier: Classifier, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_MODEL", classifier.name)
    assert main(["classify", f"--models-dir={models_dir}", "wonderful"]) == 0
    assert capfd.readouterr().out == lines(classifier, ["wonderful"])


def test_an_error_in_the_middle_leaves_no_output(
    options: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, output = tmp_path / "reviews.csv", tmp_path / "labelled.csv"
    path.write_text("n,text\n" + "1,good\n" * 3000 + "2\n")
    assert main([*options, "--file", str(path), "--output", str(output)]) == 2
    assert error(capfd) == f"{path}, line 3002: the row has 1 fields, the header 2."
    assert list(tmp_path.iterdir()) == [path]


def test_standard_input_that_is_closed(
    options: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert main(options) == 2
    assert error(capfd) == "Standard input is closed."


def start(options: list[str], *arguments: str) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own, which Ctrl-C ends even where it would not end the tests."""
    signal_before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "app", *options, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # With the first one set, Python would write through what the command has to flush.
            env={**os.environ, "PYTHONUNBUFFERED": "", "PYTHONWARNINGS": "error"},
        )
    finally:
        signal.signal(signal.SIGINT, signal_before)


def test_lines_are_answered_as_they_come(options: list[str], classifier: Classifier) -> None:
    with start(options) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ["wonderful", "", "awful\r"]:
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode() == lines(classifier, [text.strip()])
        process.stdin.write(b"dull\n")
        process.stdin.flush()
        assert process.stdout.readline().decode() == lines(classifier, ["dull"])
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait() == 0


class Written(io.RawIOBase):
    """What has been written and is in no buffer any more."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.data += bytes(data)
        return len(data)


def test_answers_are_written_out_before_the_next_line_comes(
    options: list[str], classifier: Classifier, give: Callable[[bytes], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = Written()
    found: list[str] = []

    def typed(_source: Source) -> Iterator[bytes | None]:
        for text in TEXTS[:2]:
            yield text.encode()
            yield None
            found.append(written.data.decode())

    give(b"")
    monkeypatch.setattr(Source, "lines", typed)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(written)))
    assert main(options) == 0
    assert found == [lines(classifier, TEXTS[:1]), lines(classifier, TEXTS[:2])]


def test_nobody_reads_the_results_any_more(options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("text\n" + "wonderful\n" * 100_000)
    with start(options, "--file", str(path)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"text,label,score,warnings\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_ctrl_c_leaves_no_output(options: list[str], tmp_path: Path) -> None:
    with start(options, "--file=-", "--format=csv", "--output", str(tmp_path / "labelled.csv")) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(b"text\n" + b"wonderful\n" * 50_000)
        process.stdin.flush()
        wait_for(lambda: any(path.stat().st_size for path in tmp_path.iterdir()))
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == b""
    assert list(tmp_path.iterdir()) == []


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


@pytest.mark.parametrize("threads", [1, 4])
def test_results_are_in_order(threads: int) -> None:
    delays = [0.003 if index % 7 in {0, 1, 4} else 0 for index in range(60)]

    def work(item: tuple[int, float]) -> int:
        time.sleep(item[1])
        return -item[0]

    items = list(enumerate(delays))
    assert list(in_order(work, items, threads)) == [(item, -item[0]) for item in items]


def test_no_more_items_are_read_than_are_worked_on() -> None:
    threads, given, taken = 3, 0, 0

    def items() -> Iterator[int]:
        nonlocal given
        while given < 100:
            given += 1
            yield given

    for _ in in_order(lambda item: item, items(), threads):
        taken += 1
        assert given - taken < AHEAD * threads
    assert (given, taken) == (100, 100)


def test_all_results_are_given_before_a_pause() -> None:
    results: queue.SimpleQueue[int] = queue.SimpleQueue()
    more = threading.Event()

    def items() -> Iterator[int | None]:
        yield from (1, 2, None)
        assert more.wait(60)
        yield 3

    def consume() -> None:
        for _, result in in_order(lambda item: item, items(), 4):
            results.put(result)

    thread = threading.Thread(target=consume)
    thread.start()
    assert [results.get(timeout=60), results.get(timeout=60)] == [1, 2]
    more.set()
    assert results.get(timeout=60) == 3
    thread.join()


def test_an_error_ends_the_work() -> None:
    def fail(item: int) -> int:
        if item == 5:
            raise ValueError("five")
        return item

    seen: list[int] = []
    with pytest.raises(ValueError, match="five"):
        seen.extend(result for _, result in in_order(fail, range(100), 2))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("classify")]


# A service that classifies elsewhere.


@pytest.fixture
def quiet(serve: Serve) -> httpx.Client:
    """A client of the app, which logs no requests between the answers."""
    return serve(log_level="warning")


def test_a_service_gives_the_same(
    quiet: httpx.Client, options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,text\n1,awful\n2,\n3,great\n")
    server = ["classify", f"--server={quiet.base_url}"]
    for arguments in ([*TEXTS], ["--json", "awful"], [f"--file={path}"]):
        assert main([*options, *arguments]) == 0
        here = capsys.readouterr()
        assert main([*server, *arguments]) == 0
        assert capsys.readouterr() == here


def test_a_service_is_asked_for_a_model_and_labels(quiet: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    server = ["classify", "awful", f"--server={quiet.base_url}"]
    assert main([*server, "--model=sentiment-tiny", "--labels=positive,negative", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "sentiment-tiny"
    assert main([*server, "--model=none"]) == 2
    assert capsys.readouterr().err.startswith("error: The service answers 404")


def test_a_service_that_needs_a_key(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = ["classify", "awful", f"--server={serve(api_keys='secret', log_level='warning').base_url}"]
    assert main(server) == 2
    assert "401" in capsys.readouterr().err
    monkeypatch.setenv("SENTIMENT_API_KEY", "secret")
    assert main(server) == 0
    assert capsys.readouterr().out.startswith("negative ")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nowhere", "http://[", "ftp://a"])
def test_no_service(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "awful", f"--server={url}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_a_text_that_a_service_does_not_take(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "awful awful", f"--server={serve(max_characters=5, log_level='warning').base_url}"]) == 2
    assert "at most 5 are taken" in capsys.readouterr().err
