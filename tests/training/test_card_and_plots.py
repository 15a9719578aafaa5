import re
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.artifacts import read_manifest
from app.sentiment.tokenizer import Tokenizer
from tests.training.conftest import TINY
from training import card, plots
from training.figures import measure
from training.fitting import State
from training.sentiment import LECTURE, Trained, build

LABELS = np.array([0, 1, 0, 1, 1], dtype=np.int8)
PROBABILITIES = np.array([0.1, 0.9, 0.6, 0.4, 1.0], dtype=np.float32)
HISTORY = [
    {"loss": 0.7, "accuracy": 0.5, "val_loss": 0.6, "val_accuracy": 0.7},
    {"loss": 0.5, "accuracy": 0.8, "val_loss": 0.65, "val_accuracy": 0.6},
]

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
    ],
)
def test_a_plot_shows_its_values(plot: str, other: Callable[[Path], None], tmp_path: Path) -> None:
    PLOTS[plot](tmp_path / "first.png")
    other(tmp_path / "second.png")
    assert (tmp_path / "first.png").read_bytes() != (tmp_path / "second.png").read_bytes()


@pytest.fixture
def text(tmp_path: Path) -> str:
    """The card of a model whose every figure is known."""
    tokenizer = Tokenizer(["film", "a"])
    recipe = replace(TINY, vocabulary_size=12345, maxlen=77, learning_rate=0.25)
    state = State(epoch=2, history=HISTORY)
    trained = Trained(recipe, 41, tokenizer, build(recipe, 5), state, {"training": 22500, "validation": 2501})
    parity = {"texts": 25000, "largest_difference": 3.4e-7, "labels_that_differ": 4}
    card.write(tmp_path, trained, measure(LABELS, PROBABILITIES), parity, LABELS, PROBABILITIES)
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
    assert " ".join(part.split()) in " ".join(text.split())


def test_the_card_shows_the_plots_beside_it(text: str, tmp_path: Path) -> None:
    names = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert len(names) == 4
    for name in names:
        assert min(png_size(tmp_path / name)) > 300
    assert {path.name for path in tmp_path.iterdir()} == {*names, "README.md"}
    assert "{" not in text


def test_the_card_of_a_trained_model_has_its_figures(trained_folder: Path) -> None:
    text = (trained_folder / "README.md").read_text(encoding="utf-8")
    figures = read_manifest(trained_folder).figures["test"]
    assert f"| accuracy | **{figures['accuracy']:.4f}** | {card.LECTURE_TEST_ACCURACY} |" in text
    assert f"| log loss | {figures['log_loss']:.4f} |" in text
    assert f"| Brier score | {figures['brier_score']:.4f} |" in text
    assert f"| expected calibration error | {figures['calibration_error']:.4f} |" in text


def test_the_lecture_is_compared_with_its_own_figure() -> None:
    assert card.LECTURE_TEST_ACCURACY == 0.8694
    assert LECTURE.name == "lecture"
