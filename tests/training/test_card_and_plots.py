import json
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.artifacts.manifest import ArtifactError, Manifest, read_manifest, write_manifest
from app.sentiment.tokenizer import Tokenizer
from tests.conftest import ROOT
from tests.training.conftest import TINY
from tests.training.sentiment.card import known
from tests.training.sentiment.card.known import CALIBRATION
from training import cli
from training.corpora.imdb import NAME, REVIEWS_SHA256
from training.sentiment.card import ablation, card, general, plots, seeds
from training.sentiment.card import lecture as lecture_card
from training.sentiment.card import sections as card_sections
from training.sentiment.evaluation.error_analysis import ErrorAnalysis, Group, WorstError
from training.sentiment.evaluation.figures import measure
from training.sentiment.lecture import build
from training.sentiment.recipes import LECTURE
from training.sentiment.trained import Trained

LABELS = np.array([0, 1, 0, 1, 1], dtype=np.int8)
PROBABILITIES = np.array([0.1, 0.9, 0.6, 0.4, 1.0], dtype=np.float32)
HISTORY = [
    {"loss": 0.7, "accuracy": 0.5, "val_loss": 0.6, "val_accuracy": 0.7},
    {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.65, "val_accuracy": 0.6},
]
ANALYSIS = ErrorAnalysis(
    reviews=25000,
    errors=1234,
    by_length=[Group("< 100", 2400, 0.95), Group("100–149", 100, 0.5)],
    by_stars=[Group("4", 3, 0.0), Group("7", 7, 1.0)],
    by_unknown=[Group("≥ 10 %", 100, 0.8)],
    worst=[WorstError("neg/7_4", 4, 1567, 0.999999), WorstError("pos/8_7", 7, 33, 0.25)],
)

PLOTS: dict[str, Callable[[Path], None]] = {
    "learning curve": lambda path: plots.learning_curve(HISTORY, 1, path),
    "learning curve of one epoch": lambda path: plots.learning_curve(HISTORY[:1], 1, path),
    "confusion matrix": lambda path: plots.confusion_matrix(measure(LABELS, PROBABILITIES), path),
    "confusion matrix of 25,000": lambda path: plots.confusion_matrix(
        measure(np.tile(LABELS, 5000), np.tile(PROBABILITIES, 5000)), path
    ),
    "ROC curve": lambda path: plots.roc_curve(LABELS, PROBABILITIES, path),
    "reliability diagram": lambda path: plots.reliability_diagram(LABELS, PROBABILITIES, path),
    "reliability diagram of one bin": lambda path: plots.reliability_diagram(
        LABELS, np.full(5, 0.5, dtype=np.float32), path
    ),
    "reliability of sets": lambda path: plots.reliability_of_sets(CALIBRATION.sets, path),
    "reliability of four sets": lambda path: plots.reliability_of_sets(dict.fromkeys("abcd", known.LARGE), path),
    "accuracy by kind": lambda path: plots.accuracy_by_kind(ANALYSIS, path),
    "accuracy by kind where the interval ends at the accuracy": lambda path: plots.accuracy_by_kind(
        replace(ANALYSIS, by_length=[Group("< 100", count, 1.0) for count in range(1, 60)]), path
    ),
}


def png_size(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB\x60\x82")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_is_a_png_and_the_same_each_time(name: str, tmp_path: Path) -> None:
    PLOTS[name](tmp_path / "first.png")
    PLOTS[name](tmp_path / "second.png")
    width, height = png_size(tmp_path / "first.png")
    assert min(width, height) > 300
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


@pytest.mark.parametrize(
    ("plot", "other"),
    [
        ("learning curve", lambda path: plots.learning_curve(HISTORY, 2, path)),
        ("ROC curve", lambda path: plots.roc_curve(1 - LABELS, PROBABILITIES, path)),
        ("reliability diagram", lambda path: plots.reliability_diagram(1 - LABELS, PROBABILITIES, path)),
        ("confusion matrix", lambda path: plots.confusion_matrix(measure(1 - LABELS, PROBABILITIES), path)),
        (
            "reliability of sets",
            lambda path: plots.reliability_of_sets({**CALIBRATION.sets, "edited reviews": known.LARGE}, path),
        ),
        (
            "reliability of sets",
            lambda path: plots.reliability_of_sets(
                {name: replace(one, bins_before=one.bins_after) for name, one in CALIBRATION.sets.items()}, path
            ),
        ),
        (
            "accuracy by kind",
            lambda path: plots.accuracy_by_kind(replace(ANALYSIS, by_unknown=[Group("≥ 10 %", 101, 0.8)]), path),
        ),
        (
            "accuracy by kind",
            lambda path: plots.accuracy_by_kind(replace(ANALYSIS, by_stars=[*ANALYSIS.by_stars[:1]] * 2), path),
        ),
    ],
)
def test_a_plot_shows_its_values(plot: str, other: Callable[[Path], None], tmp_path: Path) -> None:
    PLOTS[plot](tmp_path / "first.png")
    other(tmp_path / "second.png")
    assert (tmp_path / "first.png").read_bytes() != (tmp_path / "second.png").read_bytes()


def parts(text: str) -> str:
    return " ".join(text.split())


TESTED = card.Tested(
    LABELS,
    PROBABILITIES,
    measure(LABELS, PROBABILITIES),
    {"texts": 25000, "largest_difference": 3.4e-7, "labels_that_differ": 4},
    ANALYSIS,
)


def manifest_of(trained: Trained, corpus: str = NAME, reviews: str = "a") -> Manifest:
    """The manifest of a model whose every figure is known."""
    calibration = trained.calibration
    return Manifest(
        name=f"sentiment-{trained.recipe.name}",
        version=trained.version,
        kind="sentiment",
        recipe=json.loads(
            json.dumps({**asdict(trained.recipe), "seed": trained.seed, "best_epoch": trained.best_epoch})
        ),
        data={"name": corpus, "train": {"reviews": 25001, "sha256": reviews, **trained.data}, "test": {"sha256": "b"}},
        serving={},
        figures={
            "test": TESTED.figures.model_dump(),
            "onnx_against_keras": TESTED.parity,
            "epochs": trained.history,
            "calibration": asdict(calibration) if calibration is not None else None,
            "errors": asdict(ANALYSIS),
            **trained.figures,
        },
    )


def trained_lecture() -> Trained:
    recipe = replace(TINY, vocabulary_size=12345, maxlen=77, learning_rate=0.25)
    return Trained(
        recipe=recipe,
        seed=41,
        tokenizer=Tokenizer(["film", "a"]),
        model=build(recipe, 5),
        history=HISTORY,
        best_epoch=1,
        data={"training": 22500, "validation": 2501},
    )


@pytest.fixture
def text(tmp_path: Path) -> str:
    """The card of a model whose every figure is known."""
    trained = trained_lecture()
    card.write(tmp_path, manifest_of(trained), trained, TESTED)
    return (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def calibrated(tmp_path: Path) -> str:
    """The card of the recipe `best` for a model whose every figure is known."""
    trained = known.trained()
    card.write(tmp_path, manifest_of(trained), trained, TESTED)
    return (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "part",
    [
        "# sentiment-tiny",
        "--recipe tiny",
        "--seed 41",
        "12,345",
        "| accuracy | **0.6000** | 0.8694 |",
        "| area under the ROC curve | 0.8333 |",
        "3.4e-07",
        "4\nlabels differ",
        "25,000 reviews",
        "22,500 reviews",
        "2,501 reviews",
        "chose epoch 1 of 2",
        "learning rate of 0.25",
        "| 1 | 0.7000 | 0.5000 | 0.6000 | 0.7000 |\n| 2 | 0.5000 | 0.8000 | 0.6500 | 0.6000 |",
    ],
)
def test_the_card_says(part: str, text: str) -> None:
    assert parts(part) in parts(text)


def test_the_card_shows_the_plots_beside_it(text: str, tmp_path: Path) -> None:
    names = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert len(names) == 4
    for name in names:
        assert min(png_size(tmp_path / name)) > 300
    assert {path.name for path in tmp_path.iterdir()} == {*names, "README.md"}
    assert "{" not in text


@pytest.mark.parametrize(
    "part",
    [
        "# sentiment-tiny-best",
        "--recipe tiny-best --seed 41",
        "Embedding(12,345 × 67) → in windows of 6 words, Bidirectional(LSTM(2))",
        "| accuracy | **0.6000** |",
        "3.4e-07",
        "22,500 labelled reviews and 50,001 without labels",
        "One assistant in one generation",
        "2 networks of the same size, trained in one epoch each, 1 of them with GloVe's vectors beside its own, went",
        "was trained in one epoch on such texts, of which it reads 16 word pieces.",
        "Of what the teachers say of short texts, 70% is what it says.",
        "began as teacher 2, pruned to 2 units and 3 dimensions a word",
        "was trained in 2 epochs on the same texts",
        "grew to 12,345",
        "the target is 50% label",
        "the last 12 tokens count",
        "| IMDb movies | 2,501 | 2 | 0.9312 | 0.921–0.940 | 0.9301 |",
        "| everyday (our own) | 240 | 3 | 0.8833 |",
        "| questions | 20 | 0.85 |",
        "| comments | 0.987 (from 0.91) | 0.945 (from 0.72) | 0.901 (from 0.55) | 0.712 |",
        "Maas et al., ACL 2011 | 22,500 | 2,501 | movie | free for research",
        "Socher et al., EMNLP 2013 | 12,345 | 1,101 | split | none stated; published for research |",
        "Demszky et al., ACL 2020 | left out | 5,426 | split | Apache-2.0 |",
        "| texts | teacher 1; teacher 2; MiniLM; student; student on variants |",
        "| accuracy | teacher 1 | teachers together | this model |",
        "| comments | 0.7023 | 0.7023 | 0.7123 |",
        "| epoch | loss | held-out loss | held-out accuracy |\n|---|---|---|---|\n"
        "| 1 | 0.7000 | 0.6000 | 0.7000 |\n| 2 | 0.5000 | 0.6500 | 0.6000 |",
        card_sections.calibration(CALIBRATION),
        card_sections.bias(known.BIAS),
        "Of 25,000 test reviews, 1,234 get the wrong label.",
        "| `pos/8_7` | 7 | 33 | 0.250000 |",
        "Irony is out of its reach",
    ],
)
def test_the_card_of_the_recipe_best_says(part: str, calibrated: str) -> None:
    assert parts(part) in parts(calibrated)


def test_the_card_of_the_recipe_best_shows_all_its_plots(calibrated: str, tmp_path: Path) -> None:
    names = re.findall(r"!\[[^]]+\]\(([^)]+)\)", calibrated)
    assert sorted(names) == [
        "accuracy-by-kind.png",
        "calibration.png",
        "confusion-matrix.png",
        "learning-curve.png",
        "reliability-diagram.png",
        "roc-curve.png",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {*names, "README.md"}
    assert "{" not in calibrated
    headings = re.findall("^## (.*)$", calibrated, re.MULTILINE)
    assert headings == [
        "On other texts",
        "How right it is where it is sure",
        "How it was trained",
        "How good it is on film reviews",
        "Calibration",
        "Bias",
        "Where it errs",
        "Limits",
    ]


def test_the_card_says_what_the_model_did_without() -> None:
    trained = known.trained()
    recipe = replace(trained.recipe, without=("sst", "emotions"))
    text = parts(card.text(manifest_of(replace(trained, recipe=recipe))))
    assert "--recipe tiny-best --without sst,emotions --seed 41" in text


def test_the_card_of_a_model_without_the_transformer_does_not_name_it() -> None:
    trained = known.trained()
    text = card.text(manifest_of(replace(trained, recipe=replace(trained.recipe, without=("minilm",)))))
    assert "MiniLM" not in text
    assert "| texts | teacher 1; teacher 2; student; student on variants |" in text


def test_a_model_of_an_earlier_recipe_has_no_card() -> None:
    manifest = manifest_of(trained_lecture())
    manifest.recipe.pop("units")
    with pytest.raises(ArtifactError, match="was trained by a recipe of an earlier version"):
        card.text(manifest)


def test_each_corpus_has_its_terms() -> None:
    assert set(general.TERMS) == {"imdb", "sst", "edited", "products", "emotions", "written"}
    assert [name for name, one in general.TERMS.items() if one.terms.startswith("none stated")] == ["sst", "products"]


def test_the_card_of_another_model_has_no_calibration(text: str) -> None:
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["How it was trained", "How good it is", "Limits"]


def test_the_plot_of_the_calibration_is_of_the_sets(calibrated: str, tmp_path: Path) -> None:
    assert calibrated
    plots.reliability_of_sets(CALIBRATION.sets, tmp_path / "expected.png")
    assert (tmp_path / "calibration.png").read_bytes() == (tmp_path / "expected.png").read_bytes()


def test_the_card_of_a_trained_model_has_its_figures(trained_folder: Path) -> None:
    text = (trained_folder / "README.md").read_text(encoding="utf-8")
    figures = read_manifest(trained_folder).figures["test"]
    assert f"| accuracy | **{figures['accuracy']:.4f}** | {lecture_card.TEST_ACCURACY} |" in text
    assert f"| log loss | {figures['log_loss']:.4f} |" in text
    assert f"| Brier score | {figures['brier_score']:.4f} |" in text
    assert f"| expected calibration error | {figures['calibration_error']:.4f} |" in text


def test_the_card_names_the_corpus_that_was_trained_on() -> None:
    published = parts(card.text(manifest_of(trained_lecture())))
    assert "--seed 41` on the Large Movie Review Dataset v1.0 (Maas et al., *Learning Word Vectors" in published
    own = parts(card.text(manifest_of(trained_lecture(), corpus="the reviews in shop")))
    assert "--seed 41` on the reviews in shop." in own
    assert "Large Movie" not in own


# The range over seeds.


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> seeds.SeedRuns:
    """Three trainings of the model of `trained_lecture` on the same data, recorded by the command."""
    folders = []
    for seed, accuracy in ((41, 0.7), (3, 0.81), (5, 0.6543)):
        folder = tmp_path / str(seed) / "sentiment-tiny"
        folder.mkdir(parents=True)
        manifest = manifest_of(replace(trained_lecture(), seed=seed, best_epoch=1 + seed % 2))
        manifest.figures["test"]["accuracy"] = accuracy
        write_manifest(folder, manifest)
        folders.append(str(folder))
    monkeypatch.setattr(seeds, "FILE", tmp_path / "seeds.json")
    assert cli.main(["seeds", *folders]) == 0
    assert capsys.readouterr().out.startswith("seed 3: test accuracy 0.8100\nseed 5: ")
    return seeds.load()


def test_the_seeds_are_recorded_with_what_they_are_of(recorded: seeds.SeedRuns) -> None:
    assert recorded.accuracies == {3: 0.81, 5: 0.6543, 41: 0.7}
    assert (recorded.of["train"], recorded.of["test"]) == ("a", "b")
    assert recorded.of["recipe"]["units"] == TINY.units
    assert recorded.processor["features"]


def test_the_card_shows_the_range_over_seeds(recorded: seeds.SeedRuns) -> None:
    assert len(recorded.accuracies) == 3
    shown = parts(card.text(manifest_of(trained_lecture())))
    assert "With the seeds 3, 5, 41, trained one after the other on one machine" in shown
    assert "the accuracy on the same test reviews is **0.6543 to 0.8100**" in shown
    assert "seed 41 gave 0.6000 where these weights were trained, 0.7000 where the 3 seeds were" in shown


@pytest.mark.parametrize("other", ["recipe", "data"])
def test_the_range_is_not_shown_for_another_recipe_or_other_data(recorded: seeds.SeedRuns, other: str) -> None:
    assert recorded.accuracies
    manifest = manifest_of(trained_lecture())
    if other == "recipe":
        manifest.recipe["units"] = 6
    else:
        manifest.data["train"]["sha256"] = "c"
    assert "How much of it is chance" not in card.text(manifest)


def test_trainings_that_differ_in_more_than_the_seed_are_not_recorded(
    recorded: seeds.SeedRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = seeds.FILE.read_bytes()
    manifest = manifest_of(replace(trained_lecture(), seed=9))
    manifest.recipe["units"] = 6
    other = tmp_path / "9"
    other.mkdir()
    write_manifest(other, manifest)
    one = str(tmp_path / "3" / "sentiment-tiny")
    for folders in ([one, str(other)], [one, one]):
        assert cli.main(["seeds", *folders]) == 2
        assert "must be of one recipe and the same data, each with a seed of its own." in capsys.readouterr().err
    assert recorded == seeds.load()
    assert seeds.FILE.read_bytes() == before


def test_the_recorded_seeds_are_of_the_lectures_recipe() -> None:
    runs = seeds.load()
    expected = {name: value for name, value in asdict(LECTURE).items() if name != "seed"}
    assert runs.of["recipe"] == expected
    assert len(runs.accuracies) == 5
    assert LECTURE.seed in runs.accuracies


# A card written anew.


def test_a_card_is_written_anew_from_the_manifest_alone(trained_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(trained_folder, tmp_path / "sentiment-tiny"))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / "README.md").write_text("stale")
    write_manifest(folder, Manifest(**manifest))
    assert cli.main(["card", str(folder)]) == 0
    assert read_manifest(folder) == read_manifest(trained_folder)
    for path in trained_folder.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("name", ["sentiment-best", "sentiment-lecture"])
def test_the_committed_cards_are_those_of_their_manifests(name: str) -> None:
    folder = ROOT / "models" / name
    if name == "sentiment-best" and read_manifest(folder).version == "1.0.0":
        pytest.skip("it is of an earlier recipe; train it again")
    assert (folder / "README.md").read_text(encoding="utf-8") == card.text(read_manifest(folder))


def test_the_card_of_another_kind_of_model_is_not_written(models_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["card", str(models_dir / "vectors-toy")]) == 2
    assert "is of the kind vectors; only sentiment models have such a card." in capsys.readouterr().err
    with pytest.raises(ArtifactError):
        card.rewrite(models_dir / "vectors-toy")


def test_the_lecture_is_compared_with_its_own_figure() -> None:
    assert lecture_card.TEST_ACCURACY == 0.8694
    assert LECTURE.name == "lecture"


def test_the_section_on_calibration_says_what_was_measured() -> None:
    section = card_sections.calibration(replace(CALIBRATION, test=replace(known.LARGE, texts=25_000)))
    assert section.startswith("## Calibration\n")
    assert "| IMDb movies | 2,501 | 0.3100 | 0.2900 | 0.0410 | 0.0120 |" in section
    assert "| edited reviews | 245 | 0.3100 | 0.2900 | see below | see below |" in section
    assert "| IMDb's test split | 25,000 | 0.3100 | 0.2900 | 0.0410 | 0.0120 |" in section
    assert "with the least log loss is 1.250 (Guo" in parts(section)
    assert "It is fitted on IMDb movies and comments, each" in parts(section)
    assert "falls from 0.5123 to 0.5012, so the logits are divided by it" in parts(section)
    assert f"]({card_sections.CALIBRATION_PLOT})" in section
    assert "{" not in section


@pytest.mark.parametrize(("temperature", "verdict"), [(1.1, "too sure of itself"), (0.9, "less sure of itself")])
def test_the_section_on_calibration_says_which_way_it_was_wrong(temperature: float, verdict: str) -> None:
    section = parts(card_sections.calibration(replace(CALIBRATION, temperature=temperature)))
    assert f"the model is {verdict}" in section


def test_the_section_on_calibration_says_that_it_is_left_out() -> None:
    section = parts(card_sections.calibration(replace(CALIBRATION, used=False, log_loss_after=0.5223)))
    assert "does not fall, but goes from 0.5123 to 0.5223, so it is left out" in section


def test_the_section_on_bias_names_terms_and_groups() -> None:
    section = card_sections.bias(known.BIAS)
    assert "| names | 80 | 12 | 12 | 0.12 | 1.46 | 8 % |" in section
    assert "| names | Emre -0.50 | Turkish -0.20, English +0.10 |" in section


def test_the_section_on_errors_has_every_group_and_a_remark_for_each_error_that_has_one() -> None:
    section = card_sections.errors(ANALYSIS, {"pos/8_7": "Praise | in irony.", "pos/1_7": "Another."})
    assert section.startswith("## Where it errs\nOf 25,000 test reviews, 1,234 get")
    assert f"]({card_sections.ACCURACY_PLOT})" in section
    assert "| words | reviews | accuracy | 95 % interval |\n|---|---|---|---|\n| < 100 | 2,400 | 0.9500 | " in section
    assert "| 100–149 | 100 | 0.5000 | 0.4038–0.5962 |" in section
    assert "| 4 | 3 | 0.0000 | 0.0000–" in section
    assert "| unknown words | reviews |" in section
    assert "| ≥ 10 % | 100 | 0.8000 | " in section
    assert "| `neg/7_4` | 4 | 1,567 | 0.999999 |  |\n" in section
    assert "| `pos/8_7` | 7 | 33 | 0.250000 | Praise \\| in irony. |\n" in section
    assert "Another" not in section
    assert "{" not in section


def test_without_errors_there_is_no_table_of_the_worst() -> None:
    section = card_sections.errors(replace(ANALYSIS, errors=0, worst=[]), {})
    assert "| 7 | 7 | 1.0000 | " in section
    assert "worst" not in section
    assert "| review |" not in section


@pytest.mark.parametrize(
    "section",
    [
        card_sections.calibration(CALIBRATION),
        card_sections.errors(ANALYSIS, {}),
        card_sections.bias(known.BIAS),
        card_sections.coverage(known.DEVELOPMENT),
        card_sections.development(known.DEVELOPMENT, known.KINDS),
    ],
    ids=["calibration", "errors", "bias", "coverage", "development"],
)
def test_each_table_of_a_section_has_as_many_cells_in_each_row(section: str) -> None:
    tables = [table for table in section.split("\n\n") if re.search(r"^\| ?---", table, re.MULTILINE)]
    assert tables
    for table in tables:
        assert len({line.count("|") for line in table.splitlines() if line.startswith("|")}) == 1


# What each corpus gives.


def ablated(folder: Path, *without: str, **changes: Any) -> Path:
    """The model folder of a training without some corpora."""
    trained = known.trained()
    recipe = replace(trained.recipe, without=without, **changes)
    figures = [asdict(replace(one, accuracy=one.accuracy - 0.01 * len(without))) for one in known.DEVELOPMENT]
    manifest = manifest_of(replace(trained, recipe=recipe, figures={**trained.figures, "development": figures}))
    folder.mkdir()
    write_manifest(folder, manifest)
    return folder


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that trainings are recorded in; the tiny recipe counts as the recipe `best`."""
    monkeypatch.setattr(ablation, "FILE", tmp_path / "ablation.json")
    monkeypatch.setattr(ablation, "BEST", known.trained().recipe)
    return tmp_path / "ablation.json"


def test_trainings_without_a_corpus_stand_in_the_card(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = manifest_of(known.trained())
    assert "What each corpus gives" not in card.text(manifest)
    folders = [ablated(tmp_path / "1", "products"), ablated(tmp_path / "2"), ablated(tmp_path / "3", "sst", "emotions")]
    assert cli.main(["ablation", *map(str, folders)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "all corpora: IMDb movies 0.9312, comments 0.7123, everyday 0.8833, comments, macro-F1 0.6987"
    )
    assert out.endswith(f"wrote {recording}\n")
    text = card.text(manifest)
    assert (
        "|  | IMDb movies | comments | everyday | comments, macro-F1 | everyday, macro-F1 |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| all corpora | 0.931 | 0.712 | 0.883 | 0.699 | 0.871 |\n"
        "| without sst, emotions | 0.911 | 0.692 | 0.863 | 0.699 | 0.871 |\n"
        "| without products | 0.921 | 0.702 | 0.873 | 0.699 | 0.871 |\n"
    ) in text
    assert "not as the recipe says" not in text
    assert "What each corpus gives" not in card.text(manifest_of(known.trained(), reviews="others"))


@pytest.mark.usefixtures("recording")
def test_short_trainings_from_their_figures_say_so(tmp_path: Path) -> None:
    paths = []
    for without in ([], ["sst"]):
        paths.append(tmp_path / f"{len(without)}.json")
        figures = {"loss": 0.4, "val_loss": 0.2, "products": 0.9 - 0.1 * len(without)}
        paths[-1].write_text(json.dumps({"without": without, "figures": figures}))
    told = "One epoch of a network of 64 units, without teachers."
    assert cli.main(["ablation", *map(str, paths), "--training", told]) == 0
    text = card.text(manifest_of(known.trained(), reviews=min(REVIEWS_SHA256)))
    assert f"They were trained for this table, not as the recipe says: {told}" in text
    assert "|  | products |\n| --- | --- |\n| all corpora | 0.900 |\n| without sst | 0.800 |\n" in text
    assert "What each corpus gives" not in card.text(manifest_of(known.trained()))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda place: [ablated(place / "1", "sst")], "must be of all corpora"),
        (lambda place: [ablated(place / "1"), ablated(place / "2")], "must be of all corpora"),
        (lambda place: [ablated(place / "1"), ablated(place / "2", "sst", label=0.5)], "must be of one recipe"),
        (lambda place: [ablated(place / "1", label=0.5)], "say by --training what they are"),
        (lambda place: [place / "none.json"], "is neither a model folder nor a JSON file"),
        (
            lambda place: [written(place, {"without": ["imdb?"], "figures": {}})],
            "'imdb?', which is none of imdb,",
        ),
        (lambda place: [written(place, {"figures": {}})], "is neither a model folder nor a JSON file"),
        (lambda place: [written(place, {"without": [], "figures": {"products": 1}})], "say by --training"),
    ],
)
def test_what_cannot_be_compared_is_not_recorded(
    recording: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], list[Path]],
    reason: str,
) -> None:
    assert cli.main(["ablation", *map(str, make(tmp_path))]) == 2
    assert reason in capsys.readouterr().err
    assert not recording.exists()


def written(place: Path, content: object) -> Path:
    (place / "figures.json").write_text(json.dumps(content))
    return place / "figures.json"
