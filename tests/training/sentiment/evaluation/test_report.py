from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from app.sentiment.labels import BINARY
from tests import toys
from tests.training.conftest import Workplace
from training import cli
from training.corpora import imdb
from training.corpora.imdb import Review, Reviews
from training.sentiment.evaluation import choice, report
from training.sentiment.evaluation.bag_of_words import BagOfWords
from training.sentiment.evaluation.development import DevelopmentSet
from training.sentiment.evaluation.short_texts import ShortTexts
from training.sentiment.general.recipe import LABELS

WORDS = ShortTexts(["wonderful", "awful"], np.array([1, 0], dtype=np.int8))


def test_the_bag_of_words_learns_which_words_are_good() -> None:
    reviews = toys.reviews()
    model = BagOfWords.fit(reviews.texts, reviews.labels)
    wonderful, awful, unknown = model.predict(["A wonderful film!", "An awful plot", "zzz"])
    assert 0 <= awful < 0.4 < 0.6 < wonderful <= 1
    assert awful < unknown < wonderful


def test_the_bag_of_words_sees_pairs_of_words() -> None:
    texts = ["not good", "good", "good", "not bad", "bad", "bad"] * 30
    model = BagOfWords.fit(texts, np.array([0, 1, 1, 1, 0, 0] * 30, dtype=np.int8))
    assert (model.predict(["not good", "good", "not bad", "bad"]) > 0.5).tolist() == [False, True, True, False]


def test_vader_knows_words_and_negations() -> None:
    found = report.vader(["great", "awful", "not great", "a film"])
    great, awful, not_great, nothing = found[:, 2] / (found[:, 0] + found[:, 2])
    assert awful < 0.5 < great
    assert not_great < 0.5
    assert nothing == 0.5
    assert choice.best(found).tolist() == [2, 0, 0, 1]


def test_each_contender_is_measured_on_the_same_reviews(trained_folder: Path) -> None:
    test = toys.reviews("A {adjective} {thing}.")
    rows = report.compare(
        report.contenders(report.model_folders(trained_folder.parent), toys.reviews()), test, {"words": WORDS}
    )
    assert [row.contender.name for row in rows] == ["VADER", "bag of words", "sentiment-tiny"]
    for row in rows:
        right = (row.scores >= 0.5) == test.labels
        assert row.figures.accuracy == pytest.approx(right.mean(), abs=1e-6)
        assert row.milliseconds > 0
        assert len(row.short) == 1
    assert rows[1].figures.accuracy > 0.9
    assert rows[1].short == [1]


def sides(is_positive: Callable[[str], bool]) -> report.Answer:
    return lambda texts: np.array([[0.0, 1.0] if is_positive(text) else [1.0, 0.0] for text in texts])


def test_a_model_is_measured_on_the_sets_whose_labels_it_has() -> None:
    sets = [
        DevelopmentSet("two", ["good", "bad", "good"], BINARY, np.array([1, 0, 0])),
        DevelopmentSet("three", ["good", "bad", "so"], LABELS, np.array([2, 0, 1])),
    ]

    def answer(texts: Sequence[str]) -> np.ndarray:
        known = {"good": [0.1, 0.6, 0.3], "bad": [0.5, 0.1, 0.4], "so": [0.1, 0.8, 0.1]}
        return np.array([known[text] for text in texts])

    test = toys.reviews("so")
    contenders = [
        report.Contender("of two", "", sides(lambda text: text == "good")),
        report.Contender("of three", "", answer, labels=LABELS),
    ]
    of_two, of_three = report.compare(iter(contenders), test, {}, sets)
    assert list(of_two.sets) == ["two"]
    assert of_two.sets["two"] == of_three.sets["two"] == (2 / 3, None)
    accuracy, macro_f1 = of_three.sets["three"]
    # "good" is neutral to it, so nothing is positive.
    assert (accuracy, macro_f1) == (2 / 3, (1 + 2 / 3 + 0) / 3)
    np.testing.assert_allclose(of_three.scores, 0.5)
    np.testing.assert_allclose(of_two.scores, 0)


def test_the_accuracy_by_length_is_that_of_each_quarter() -> None:
    rows = [Review(f"neg/{n}_1", f"tt{n}", "x" * (n + 1), n % 2) for n in range(8)]
    test = Reviews(list(reversed(rows)))
    short_ones = report.Contender("", "", sides(lambda text: len(text) < 5))
    (row,) = report.compare(iter([short_ones]), test, {})
    assert list(row.by_length) == [0.5, 0.5, 0.5, 0.5]
    right_ones = report.Contender("", "", sides(lambda text: len(text) % 2 == 0 or len(text) > 4))
    (row,) = report.compare(iter([right_ones]), test, {})
    assert list(row.by_length) == [1, 1, 0.5, 0.5]


def test_the_command(workplace: Workplace, trained_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workplace.data.parent / "build" / "report"
    assert cli.main(["report", "--data", str(workplace.data), "--models", str(trained_folder.parent)]) == 0
    out = capsys.readouterr().out
    assert out.endswith(f"wrote {folder}\n")
    table = out.removesuffix(f"wrote {folder}\n").strip()
    assert [line.split(" | ")[0] for line in table.splitlines()[2:]] == [
        "| VADER",
        "| bag of words",
        "| sentiment-tiny",
    ]
    assert " | phrases | edits | ms a review |" in table
    head, *lines = (
        [cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "---" not in line
    )
    places = [head.index("log loss"), head.index("calibration error")]
    # What VADER says is no probability, and so has neither.
    assert [[bool(line[place]) for place in places] for line in lines] == [[False] * 2, [True] * 2, [True] * 2]
    assert table in (folder / "README.md").read_text()
    assert (folder / "comparison.png").stat().st_size > 10_000


def test_the_command_with_further_corpora_has_a_second_table(
    workplace: Workplace, trained_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(workplace.data), "--models", str(trained_folder.parent)]
    assert cli.main(["report", *arguments, "--corpora", str(workplace.corpora), "--sample", "20"]) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.startswith("| | what it is |")
    head, line, *rows, _ = second.strip().splitlines()
    names = ["IMDb movies", "Treebank sentences", "edited reviews", "products", "comments, polar", "comments"]
    names += ["phrases", "edits", "everyday, polar", "everyday"]
    assert [cell.rpartition(" (")[0] for cell in head.strip("| ").split(" | ")] == names
    assert [row.split(" | ")[0] for row in rows] == ["| VADER", "| bag of words", "| sentiment-tiny"]
    assert rows[0].count("; F1 ") == 2
    assert rows[2].count("; F1 ") == 0
    text = (workplace.data.parent / "build" / "report" / "README.md").read_text()
    assert first in text
    assert "\n# On the development sets\n\n" + "\n".join([head, line, *rows]) in text


def test_further_corpora_that_are_not_there(
    workplace: Workplace, trained_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--data", str(workplace.data), "--models", str(trained_folder.parent)]
    assert cli.main(["report", *arguments, "--corpora", str(workplace.corpora / "none")]) == 2
    assert f"error: There is no folder {workplace.corpora / 'none'}." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nowhere", "data"])
def test_without_models_there_is_nothing_to_compare(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(imdb, "load", None)
    models = workplace.data.parent / name
    assert cli.main(["report", "--data", str(workplace.data), "--models", str(models)]) == 2
    captured = capsys.readouterr()
    expected = f"error: There is no model folder sentiment-… in {models}; train one or name another --models.\n"
    assert (captured.out, captured.err) == ("", expected)


def test_a_report_that_cannot_be_written_is_refused_before_any_work(
    workplace: Workplace, trained_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imdb, "load", None)
    output = workplace.data / "train.parquet"
    assert cli.main(["report", "--models", str(trained_folder.parent), "--output", str(output)]) == 2
    assert "train.parquet" in capsys.readouterr().err


def test_no_data(tmp_path: Path, trained_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "--data", str(tmp_path / "none"), "--models", str(trained_folder.parent)]) == 2
    assert "error: There is no folder or archive" in capsys.readouterr().err
