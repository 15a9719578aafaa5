"""``python -m training sentiment --data FILE`` and ``python -m training evaluate``, from rows to a served model."""

import csv
import json
import re
import shlex
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.artifacts.manifest import read_manifest
from app.cli.main import main as app_main
from app.sentiment.classifier import Classifier
from app.sentiment.registry import SentimentModels
from tests.training.sentiment.own.conftest import ROWS, TINY_ADAPT, TINY_BEST, TINY_LECTURE
from tests.training.sentiment.own.conftest import base as base
from tests.training.sentiment.own.conftest import base_folder as base_folder
from training import cli
from training.checkpoint import Progress
from training.commands import arguments
from training.commands import own as own_command
from training.corpora import own
from training.corpora.own import Row
from training.sentiment.card import card
from training.sentiment.own import recipe as recipes

REPOSITORY = Path(cli.__file__).parent.parent


def write(path: Path, rows: list[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "customer", "part"])
        writer.writerows([row.text, row.label, row.group, "even" if len(row.text) % 2 == 0 else "odd"] for row in rows)
    return path


@pytest.fixture
def root(tmp_path: Path, base_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root folder with a tiny base model, a file of rows, and recipes of seconds."""
    tiny = {recipe.name: recipe for recipe in (TINY_ADAPT, TINY_BEST, TINY_LECTURE)}
    monkeypatch.setattr(recipes, "RECIPES", tiny)
    monkeypatch.setattr(arguments, "ROOT", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    shutil.copytree(base_folder, tmp_path / "models" / "sentiment-best")
    write(tmp_path / "mine.csv", ROWS)
    return tmp_path


def train(root: Path, *options: str, data: str = "mine.csv") -> int:
    return cli.main(["sentiment", "--data", str(root / data), *options])


def test_rows_become_a_served_model_that_knows_them(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(root, "--group", "customer", "--curve", "--test-share", "0.25") == 0
    printed = capsys.readouterr()
    assert "mine.csv: 60 labelled rows, texts in the column 'text', labels in 'label'." in printed.err
    assert "linear model of word pairs on the same rows: accuracy" in printed.out
    assert "against the base as it was:" in printed.out
    folder = root / "models" / "sentiment-mine"
    assert printed.out.endswith(f"wrote {folder}\n")

    models = SentimentModels(root / "models", "sentiment-mine")
    assert models.default.labels == ("negative", "positive")
    results, _ = models.default.classify_all([row.text for row in ROWS])
    assert sum(found.label == row.label for found, row in zip(results, ROWS, strict=True)) > 54

    manifest = read_manifest(folder)
    assert manifest.name == "sentiment-mine"
    assert manifest.data["name"] == "mine.csv"
    assert manifest.data["test"] == {"rows": 16, "held_out": True}
    assert manifest.figures["onnx_against_keras"]["largest_difference"] < 1e-6
    assert manifest.recipe["own"]["base"] == {"name": "sentiment-best", "version": "1.0.0", "data": "nothing"}
    assert manifest.environment["libraries"]
    assert [point["rows"] for point in manifest.figures["curve"]][-1] == 13
    readme = (folder / card.README).read_text()
    assert readme == card.text(manifest)
    for heading in ("## Label by label", "## Calibration", "## Learning curve", "## What it gets wrong"):
        assert heading in readme
    assert all(row.text not in readme for row in ROWS)

    # Trained again, the folder is replaced; a model that was not trained on own texts is not.
    assert train(root, "--recipe", "lecture") == 0
    assert Classifier(folder).manifest.recipe["name"] == "lecture"


def test_the_base_is_not_replaced(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(root, "--output", str(root / "models" / "sentiment-best")) == 2
    assert "holds a model that was not trained on texts of your own; name another --output" in capsys.readouterr().err


def test_labels_of_any_names_are_learnt_from_nothing_and_the_training_goes_on(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"negative": "Beschwerde", "positive": "Lob"}
    rows = [row._replace(label=names[row.label]) for row in ROWS]
    rows += [Row("", f"Wo finde ich Nummer {number}?", "Frage") for number in range(30)]
    write(root / "mine.csv", rows)
    output = root / "models" / "sentiment-mine" / "1"
    arguments = ("--recipe", "best", "--output", str(output), "--quote")
    with pytest.MonkeyPatch.context() as patch:
        real = Progress.add

        def add(self: Progress, *given: Any) -> None:
            real(self, *given)
            if (self.epoch, self.step) == (1, 2):
                signal.raise_signal(signal.SIGINT)

        patch.setattr(Progress, "add", add)
        assert train(root, *arguments) == 130
    assert not output.exists()
    assert "The same command goes on from there." in capsys.readouterr().err
    assert train(root, *arguments) == 0
    model = Classifier(output)
    assert model.name == "sentiment-mine"
    assert model.manifest.version == "1"
    assert model.labels == ("Beschwerde", "Frage", "Lob")
    assert model.serving.language is None
    # The card quotes what the model gets wrong, and the manifest, which the service answers with, does not.
    card, manifest = ((output / name).read_text() for name in ("README.md", "manifest.json"))
    quoted = [row.text for row in rows if row.text in card]
    assert quoted
    assert not [text for text in quoted if text in manifest]
    # A version beside another is no second model of its name.
    assert train(root, "--recipe", "lecture", "--output", str(output.with_name("2"))) == 0
    assert not list((root / "cache").rglob("state.json"))


def test_no_training_goes_on_with_another_one_s_state(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def add(_progress: Progress, *_given: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Progress, "add", add)
    options = [(), ("--group", "customer"), ("--seed", "7"), ("--test-share", "0.4"), ("--label", "part")]
    for given in [*options, ()]:
        assert train(root, "--recipe", "lecture", *given) == 130
    kept = [path.relative_to(root / "cache").parts for path in (root / "cache").rglob("state.json")]
    assert len(kept) == len(options)


def test_a_base_that_has_seen_rows_needs_others_to_be_tested_with(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_command, "trained_by", lambda _: "own")
    assert train(root) == 2
    assert "was trained on texts of your own, and rows that it has seen would flatter" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(root / "mine.csv", [*ROWS, ROWS[0]])
    assert train(root, "--dry-run") == 0
    assert "- duplicates: 1 row has the text of an earlier row;" in capsys.readouterr().out
    assert {path.name for path in root.iterdir()} == {"models", "mine.csv"}
    assert [path.name for path in (root / "models").iterdir()] == ["sentiment-best"]


def test_a_model_that_the_linear_one_beats_says_so(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    never = replace(TINY_LECTURE, learning_rate=1e-9)
    recipes.RECIPES["lecture"] = never  # type: ignore[index]
    write(root / "test.csv", [row._replace(text=f"{row.text} today") for row in ROWS])
    assert train(root, "--recipe", "lecture", "--test", str(root / "test.csv")) == 0
    assert "The network does not beat the linear model: for these rows, that is the better choice." in (
        capsys.readouterr().out
    )
    readme = (root / "models" / "sentiment-mine" / card.README).read_text()
    assert "**The network does not beat it here**" in readme
    assert "The test rows are a file of their own" in readme


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--text", "review"], "has no column 'review'"),
        (["--stars"], "No column of"),
        (["--corpora", "x"], "--corpora is for the reviews of IMDb; leave it out with files of your own."),
        (["--sample", "5"], "--sample is for the reviews of IMDb"),
        (["--recipe", "best", "--base", "x"], "--base is for the recipe adapt; best starts from nothing."),
        (["--test", "x.csv", "--test-share", "0.1"], "Give either --test FILE or --test-share, not both."),
        (["--base", "nowhere"], "manifest.json cannot be read"),
        (["--output", "models/mine"], "--output should be a folder named sentiment-…,"),
        (["--output", "models/sentiment-mine/01"], "--output should be a folder named sentiment-…,"),
        (["--output", "models/sentiment-best/2"], "sentiment-best is a model without versions"),
        (["--test", "none.csv"], "There is no none.csv."),
    ],
)
def test_what_does_not_go_together_is_one_sentence(
    root: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert train(root, *options) == 2
    lines = capsys.readouterr().err.splitlines()
    assert said in lines[-1]
    assert lines[-1].startswith("error: ")
    assert not (root / "models" / "sentiment-mine").exists()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS[:3], "Nothing can be trained on these rows: a training begins with 20 rows."),
        (ROWS[::2], "there is nothing to tell apart"),
        (
            [row._replace(label=f"label-{number % 21}") for number, row in enumerate(ROWS + ROWS)],
            "There are 21 labels and a model has 20 at most",
        ),
    ],
)
def test_rows_that_cannot_be_trained_on_are_refused(
    root: Path, capsys: pytest.CaptureFixture[str], rows: list[Row], said: str
) -> None:
    write(root / "mine.csv", [row._replace(text=f"{row.text} {number}") for number, row in enumerate(rows)])
    assert train(root) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dry-run"], "--dry-run is for texts of your own; name their files with --data FILE."),
        (["--recipe", "adapt"], "The recipe adapt is for texts of your own; name their files with --data FILE."),
    ],
)
def test_options_for_own_texts_need_a_file(
    root: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert cli.main(["sentiment", *options]) == 2
    assert said in capsys.readouterr().err
    assert train(root, *options, data="models") == 2


def evaluate(root: Path, *options: str) -> int:
    plot = root / "build" / "plot.png"
    return cli.main(["evaluate", "--data", str(root / "mine.csv"), "--plot", str(plot), *options])


def test_any_model_is_evaluated_on_any_rows(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(root / "models" / "sentiment-best")
    assert evaluate(root, model, "--by", "part", "--json") == 0
    printed = capsys.readouterr()
    assert "The models choose among negative, positive, the labels of the rows." in printed.err
    (found,) = json.loads(printed.out)["models"]
    assert found["rows"] == 60
    assert sum(map(sum, found["confusion_matrix"])) == 60
    assert sum(part["rows"] for part in found["parts"]) == 60
    assert {part["name"] for part in found["parts"]} == {"even", "odd"}
    assert (root / "build" / "plot.png").read_bytes().startswith(b"\x89PNG")

    assert evaluate(root, model) == 0
    text = capsys.readouterr().out
    assert f"accuracy {found['accuracy']:.4f} (" in text
    assert "precision   recall" in text


def test_two_models_are_compared(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(root) == 0
    capsys.readouterr()
    models = [str(root / "models" / name) for name in ("sentiment-best", "sentiment-mine")]
    assert evaluate(root, "--compare", *models) == 0
    text = capsys.readouterr().out
    assert "sentiment-mine against sentiment-best: accuracy +0." in text
    assert "sentiment-mine is better." in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Name either one MODEL or two with --compare A B."),
        (["{model}", "--compare", "{model}", "{model}"], "Name either one MODEL or two"),
        (["nowhere"], "manifest.json cannot be read"),
        (["{model}", "--by", "film"], "has no column 'film'"),
        (["{model}", "--plot", "x.txt"], "should end in .png, .svg or .pdf."),
        (["{model}", "--label", "customer"], "has no label 'customer_0'; it has negative, neutral, positive."),
    ],
)
def test_what_cannot_be_evaluated_is_one_sentence(
    root: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    model = str(root / "models" / "sentiment-best")
    assert evaluate(root, *(option.format(model=model) for option in options)) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def documented() -> list[list[str]]:
    """The commands of the page on texts of one's own, without the interpreter."""
    page = (REPOSITORY / "docs" / "your-own-data.md").read_text()
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    return [shlex.split(line)[2:] for line in lines]


def test_the_page_has_all_commands() -> None:
    assert [command[:2] for command in documented()] == [
        ["training", "sentiment"],
        ["training", "sentiment"],
        ["training", "evaluate"],
        ["training", "evaluate"],
        ["app", "classify"],
    ]


def test_the_commands_of_the_page_run_one_after_the_other(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(REPOSITORY / "training" / "examples", root / "training" / "examples")
    monkeypatch.chdir(root)
    monkeypatch.setenv("MODELS_DIR", str(root / "models"))
    monkeypatch.setenv("DEFAULT_MODEL", "sentiment-best")
    for module, *options in documented():
        assert (cli.main if module == "training" else app_main)(options) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[0] in ("negative", "neutral", "positive")


def test_the_example_is_clean_and_has_three_labels_of_five_areas() -> None:
    path = REPOSITORY / "training" / "examples" / "tickets.csv"
    found = own.read([path], own.Columns(part="area"))
    assert {(row.part, row.label) for row in found.rows} == {
        (area, label)
        for area in ("support", "shop", "app", "restaurant", "travel")
        for label in ("negative", "neutral", "positive")
    }
    assert len({row.text for row in found.rows}) == len(found) == 300
