"""The model card of a sentiment model: ``README.md`` and its plots."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from app.artifacts.manifest import ArtifactError, Manifest, read_manifest, write_manifest
from app.sentiment.classifier import KIND
from training.corpora.imdb import NAME, REFERENCE
from training.folders import replacing
from training.sentiment.card import distillation, lecture, plots, remarks, sections
from training.sentiment.evaluation.calibration import Calibration, scaled
from training.sentiment.evaluation.error_analysis import ErrorAnalysis
from training.sentiment.evaluation.figures import Figures
from training.sentiment.trained import Trained

README: Final = "README.md"


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


def write(folder: Path, manifest: Manifest, trained: Trained, tested: Tested) -> None:
    """Write the card and its plots into a model folder.

    Args:
        folder: The model folder.
        manifest: The manifest that will lie beside it.
        trained: The model.
        tested: What was measured.
    """
    plots.learning_curve(trained.history, trained.best_epoch, folder / "learning-curve.png")
    plots.confusion_matrix(tested.figures, folder / "confusion-matrix.png")
    plots.roc_curve(tested.labels, tested.probabilities, folder / "roc-curve.png")
    plots.reliability_diagram(tested.labels, tested.probabilities, folder / "reliability-diagram.png")
    calibration = _calibration(manifest)
    if calibration is not None and trained.held_out is not None:
        held_out = trained.held_out
        before, after = (scaled(held_out.logits, divisor) for divisor in (1.0, calibration.temperature))
        plots.reliability_before_and_after(held_out.labels, before, after, folder / sections.CALIBRATION_PLOT)
        plots.accuracy_by_kind(tested.errors, folder / sections.ACCURACY_PLOT)
    (folder / README).write_text(text(manifest), encoding="utf-8")


def rewrite(folder: Path) -> None:
    """Write the text of the card of a model folder anew, and its checksum; the model and the plots stay.

    Args:
        folder: The model folder; replaced whole or not at all.

    Raises:
        app.artifacts.manifest.ArtifactError: The folder is damaged, or not of a sentiment model.
    """
    manifest = read_manifest(folder)
    if manifest.kind != KIND:
        raise ArtifactError(f"{folder} is of the kind {manifest.kind}; only {KIND} models have such a card.")
    with replacing(folder) as new:
        shutil.copytree(folder, new, dirs_exist_ok=True)
        (new / README).write_text(text(manifest), encoding="utf-8")
        write_manifest(new, manifest)


def text(manifest: Manifest) -> str:
    """Return the card of a model, which follows from its manifest alone.

    The card of its kind of recipe is formatted with the fields of the recipe, the ``train`` entry of its data, the
    figures of the test reviews and of the parity, ``corpus`` and ``epochs_table``. The sections on calibration and
    errors follow if the model is calibrated.
    """
    figures = manifest.figures
    values = {**manifest.recipe, **figures["test"], **figures["onnx_against_keras"], **manifest.data["train"]}
    values |= {"reviews": figures["test"]["reviews"], "epochs_table": _epochs(figures["epochs"])}
    values["corpus"] = corpus(manifest.data["name"])
    if "student" in manifest.recipe:
        parts = [distillation.card(figures["teachers"]).format_map(values)]
    else:
        parts = [lecture.card(manifest).format_map(values)]
    calibration = _calibration(manifest)
    if calibration is not None:
        errors = TypeAdapter(ErrorAnalysis).validate_python(figures["errors"])
        parts += [sections.calibration(calibration), sections.errors(errors, remarks.load())]
    return "\n".join(parts)


def corpus(name: str) -> str:
    """Return how a card names the data, with a reference where they are published."""
    return f"the {name} ({REFERENCE})" if name == NAME else name


def _calibration(manifest: Manifest) -> Calibration | None:
    # Manifests of before there was a calibration do not have the entry.
    found = manifest.figures.get("calibration")
    return None if found is None else Calibration(**found)


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
