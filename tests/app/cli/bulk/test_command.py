"""What goes with `--ray`, what it says where Ray is missing, and what an actor does, without a cluster."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.cli.bulk import command
from app.cli.bulk.blocks import blocks
from app.cli.bulk.scorer import Job, Model, Outcome, Scorer
from app.cli.bulk.stores import Store, find
from app.cli.main import main
from app.files.tables import format_of
from app.sentiment.classifier import Classifier
from tests.folders import LECTURE


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(LECTURE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    path.mkdir()
    (path / "a.jsonl").write_text('{"text": "A lovely film"}\n{"text": null}\n')
    (path / "b.csv").write_text("text\nAn awful plot\n")
    pq.write_table(pa.table({"text": ["a dull story", "great"]}), path / "c.parquet")
    return path


def job(classifier: Classifier, folder: Path, output: Path, column: str = "text") -> Job:
    store, files = find(str(folder))
    found = [block for file in files for block in blocks(store, file, format_of(file.relative) or "csv")]
    parts = [block.part([]) for block in found]
    return Job(Model.of(classifier), classifier.labels, column, "my_", store, Store.at(str(output)), found, parts)


def score(job: Job) -> dict[str, Any]:
    return Scorer(lambda: job)({"index": range(len(job.blocks))})


def test_a_block_becomes_a_part(classifier: Classifier, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    found = score(job(classifier, folder, output))
    assert (found["rows"], found["missing"]) == ([2, 1, 2], [1, 0, 0])
    assert found["damage"] == found["refusal"] == [""] * 3
    lines, table, parquet = sorted(output.iterdir())
    first, second = map(json.loads, lines.read_text().splitlines())
    assert first["my_label"] == classifier.classify("A lovely film")[0].label
    assert second == {"text": None, "my_label": None, "my_score": None, "my_warnings": None}
    assert table.read_text().splitlines()[0] == "text,my_label,my_score,my_warnings"
    assert pq.read_table(parquet)["my_label"].to_pylist() == [
        classifier.classify(text)[0].label for text in ("a dull story", "great")
    ]


def test_damage_and_wrong_options_are_told_apart(classifier: Classifier, folder: Path, tmp_path: Path) -> None:
    (folder / "c.parquet").write_bytes(b"PAR1 and no more PAR1")
    (folder / "a.jsonl").write_text('{"text": "A lovely film"}\nno JSON\n')
    found = score(job(classifier, folder, tmp_path / "out"))
    assert [bool(damage) for damage in found["damage"]] == [True, False, True]
    assert "a.jsonl, line 2" in found["damage"][0]
    assert "c.parquet cannot be read as Parquet" in found["damage"][2]
    assert len(list((tmp_path / "out").iterdir())) == 1
    refused = score(job(classifier, folder, tmp_path / "out", column="body"))["refusal"]
    assert "has no column 'body'" in refused[1]
    assert refused[1].endswith("Name it with `--column`.")


def test_only_the_first_rows_of_a_file_need_the_column(
    monkeypatch: pytest.MonkeyPatch, classifier: Classifier, tmp_path: Path
) -> None:
    monkeypatch.setattr("app.cli.bulk.blocks.SMALLEST", 1000)
    monkeypatch.setattr("app.cli.bulk.blocks.BLOCKS", 4)
    folder = tmp_path / "in"
    folder.mkdir()
    lines = ['{"text": "A lovely film"}\n'] * 50 + ['{"other": "no text here"}\n'] * 2500
    (folder / "a.jsonl").write_text("".join(lines))
    todo = job(classifier, folder, tmp_path / "out")
    assert len(todo.blocks) == 4
    found = score(todo)
    assert found["refusal"] == found["damage"] == [""] * 4
    assert (sum(found["rows"]), sum(found["missing"])) == (2550, 2500)
    refused = score(job(classifier, folder, tmp_path / "out", column="body"))["refusal"]
    assert "has no column 'body'" in refused[0]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("The actor died unexpectedly.\n\tclass_name: Scorer\n", "The actor died unexpectedly"),
        ('ray::Scorer.go() (pid=1)\n  File "x.py", line 1, in go\nOSError: No space left.\n', "OSError: No space left"),
        (
            'ray::Scorer.go()\n  File "x.py", line 1\nOSError: No space left\n\n'
            "The above exception was the direct cause of the following exception:\n\n"
            '  File "y.py", line 2\nUserCodeException: It failed.\nTo change that, read.\n',
            "OSError: No space left",
        ),
        ("", "Exception"),
    ],
)
def test_the_cause_is_the_line_that_says_why(message: str, said: str) -> None:
    assert command._cause(Exception(message)) == said


def test_a_file_that_is_damaged_behind_its_first_blocks_is_skipped_in_part(
    classifier: Classifier, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    todo = job(classifier, folder, tmp_path / "out")
    twice = replace(todo, blocks=[todo.blocks[0], todo.blocks[0], todo.blocks[1]])
    totals = command.Totals()
    arguments = argparse.Namespace(skip_damaged=True)
    command._take(Outcome(0, 1.0, rows=2), twice, arguments, totals)
    command._take(Outcome(1, 1.0, damage="a.jsonl is damaged."), twice, arguments, totals)
    command._take(Outcome(2, 1.0, damage="b.csv is damaged."), twice, arguments, totals)
    command._report(totals, 0)
    said = capfd.readouterr().err.splitlines()
    assert said[:2] == ["skipped in part: a.jsonl is damaged.", "skipped: b.csv is damaged."]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--ray"], "--ray goes with --file, a file, a folder or a pattern, and with --output, a folder."),
        (["--ray", "--file", "x.csv"], "--ray goes with --file"),
        (["--ray", "--file", "-", "--output", "out"], "--ray reads files, not standard input."),
        (["--ray", "--file", "x", "--output", "out", "--server", "http://x"], "Give --ray or --server, not both."),
        (["--file", "x.csv", "--skip-damaged"], "--skip-damaged goes with --ray."),
        (["--file", "x.csv", "--output", "s3://a/b"], "s3://a/b is in a store; --ray writes there."),
    ],
)
def test_what_does_not_go_together_is_said(
    options: list[str], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["classify", *options]) == 2
    assert sentence in capfd.readouterr().err


def test_without_ray_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["classify", "--ray", "--file", str(folder), "--output", str(tmp_path / "out")]) == 2
    said = capfd.readouterr().err
    assert said == "error: --ray needs Ray, which is not installed; install the extra `ray`.\n"
