"""The model card of a sentiment model: ``README.md`` and its plots."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.sentiment.card import plots, remarks
from training.sentiment.card import sections as card_sections
from training.sentiment.evaluation.calibration import Calibration, scaled
from training.sentiment.evaluation.error_analysis import ErrorAnalysis
from training.sentiment.evaluation.figures import Figures
from training.sentiment.trained import HeldOut, Trained


@dataclass(frozen=True)
class Tested:
    """What was measured on the test reviews.

    Attributes:
        labels: Their labels, shape (n,).
        probabilities: What the model gave for them, shape (n,).
        figures: How good that is.
        parity: How far ONNX and Keras are apart, by :class:`training.sentiment.model_folder.Parity`.
        errors: Where the model errs.
    """

    labels: NDArray[np.int8]
    probabilities: NDArray[np.float32]
    figures: Figures
    parity: dict[str, Any]
    errors: ErrorAnalysis


def write(folder: Path, trained: Trained, tested: Tested, calibration: Calibration | None) -> None:
    """Write the card and its plots into a model folder.

    The card is ``trained.card``, formatted with the fields of the recipe, ``trained.data``, the figures of the test
    reviews and of the parity, ``seed``, ``best_epoch``, and ``epochs_table``. The sections on calibration and errors
    follow if the model is calibrated.

    Args:
        folder: The model folder.
        trained: The model.
        tested: What was measured.
        calibration: What the temperature did on the held-out reviews, if there is one.
    """
    plots.learning_curve(trained.history, trained.best_epoch, folder / "learning-curve.png")
    plots.confusion_matrix(tested.figures, folder / "confusion-matrix.png")
    plots.roc_curve(tested.labels, tested.probabilities, folder / "roc-curve.png")
    plots.reliability_diagram(tested.labels, tested.probabilities, folder / "reliability-diagram.png")
    values: dict[str, Any] = {**vars(trained.recipe), **tested.figures.model_dump(), **tested.parity, **trained.data}
    values |= {"seed": trained.seed, "best_epoch": trained.best_epoch, "epochs_table": _epochs(trained.history)}
    sections = [trained.card.format_map(values)]
    if calibration is not None and trained.held_out is not None:
        sections += _more(folder, trained.held_out, tested, calibration)
    (folder / "README.md").write_text("\n".join(sections), encoding="utf-8")


def _more(folder: Path, held_out: HeldOut, tested: Tested, calibration: Calibration) -> list[str]:
    before, after = (scaled(held_out.logits, divisor) for divisor in (1.0, calibration.temperature))
    plots.reliability_before_and_after(held_out.labels, before, after, folder / card_sections.CALIBRATION_PLOT)
    plots.accuracy_by_kind(tested.errors, folder / card_sections.ACCURACY_PLOT)
    return [card_sections.calibration(calibration), card_sections.errors(tested.errors, remarks.load())]


_COLUMNS: Final = {
    "loss": "loss",
    "accuracy": "accuracy",
    "val_loss": "held-out loss",
    "val_accuracy": "held-out accuracy",
}


def _epochs(history: list[dict[str, float]]) -> str:
    columns = {name: title for name, title in _COLUMNS.items() if name in history[0]}
    head = f"| epoch | {' | '.join(columns.values())} |\n|---|{'---|' * len(columns)}"
    rows = (
        f"| {number} | {' | '.join(f'{epoch[name]:.4f}' for name in columns)} |"
        for number, epoch in enumerate(history, start=1)
    )
    return "\n".join([head, *rows])
