"""Classifying on the command line with models of other labels, and among some labels."""

import csv
import json
from pathlib import Path

import pytest

from app.cli.main import main
from app.sentiment.classifier import Classifier
from app.sentiment.serialization import plain_text
from tests import toys

THREE = tuple(toys.THREE_LABELS)
TEXTS = ["", "zzz", "What a superb plot.", "What a plain film.", "dull " * 30, "awful passable lovely film"]


@pytest.fixture(scope="module")
def three(labelled_models_dir: Path) -> Classifier:
    return Classifier(labelled_models_dir / "sentiment-three")


@pytest.fixture
def options(labelled_models_dir: Path) -> list[str]:
    return ["classify", f"--models-dir={labelled_models_dir}", "--model=sentiment-three"]


def test_texts(options: list[str], three: Classifier, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*options, *TEXTS]) == 0
    found = three.classify_all(TEXTS)[0]
    assert capfd.readouterr().out == "".join(f"{plain_text(one)}\n" for one in found)


def test_texts_as_json(options: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*options, "--json", "What a plain film."]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["label"] == "neutral"
    assert list(answer["probabilities"]) == list(THREE)

    assert main([*options, "--json", "--labels=positive,negative", "What a plain film."]) == 0
    assert list(json.loads(capfd.readouterr().out)["probabilities"]) == ["negative", "positive"]


def test_a_csv_file(options: list[str], tmp_path: Path, three: Classifier) -> None:
    texts = [text for text in TEXTS if text]
    source, target = tmp_path / "texts.csv", tmp_path / "labelled.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in texts)])

    for choice, labels in (([], THREE), (["--labels=neutral,negative"], ("negative", "neutral"))):
        assert main([*options, f"--file={source}", f"--output={target}", *choice]) == 0
        rows = list(csv.DictReader(target.read_text().splitlines()))
        found = [one.among(labels) for one in three.classify_all(texts)[0]]
        assert [(row["label"], float(row["score"])) for row in rows] == [
            (one.label, round(one.score, 6)) for one in found
        ]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("negative,glad", "names 'glad', which the model does not have; it has negative, neutral, positive."),
        ("negative", "names fewer than two"),
        ("neutral,neutral", "names a label twice."),
        ("", "names ''"),
    ],
)
def test_a_wrong_choice_is_refused(
    options: list[str], names: str, reason: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main([*options, f"--labels={names}", "film"]) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: --labels {reason}")
