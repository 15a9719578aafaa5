"""The model card of a sentiment model: ``README.md`` and its plots."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import ArtifactError, Manifest, read_manifest, write_manifest
from app.sentiment.classifier import KIND
from training.folders import replacing
from training.sentiment.card import general, lecture, own, plots, sections, tables
from training.sentiment.evaluation.error_analysis import ErrorAnalysis
from training.sentiment.evaluation.figures import Figures, Floats
from training.sentiment.trained import Trained

README: Final = "README.md"


@dataclass(frozen=True)
class Tested:
    """What was measured on the test reviews.

    Attributes:
        labels: Their labels, shape (n,).
        probabilities: What the model gave for positive, among negative and positive; shape (n,).
        figures: How good that is.
        parity: How far ONNX and Keras are apart, by :class:`training.sentiment.model_folder.Parity`.
        errors: Where the model errs.
    """

    labels: NDArray[np.int8]
    probabilities: Floats
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
    if trained.calibration is not None:
        plots.reliability_of_sets(trained.calibration.sets, folder / sections.CALIBRATION_PLOT)
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

    The card of its kind of recipe is filled in with the fields of the recipe, the ``train`` entry of its data, the
    figures of the test reviews and of the parity, ``corpus`` and ``epochs_table``.

    Raises:
        app.artifacts.manifest.ArtifactError: The model is of no recipe of this version.
    """
    if "own" in manifest.recipe:
        return own.card(manifest)
    figures = manifest.figures
    kinds = {"films": general.card, "units": lecture.card}
    made = next((card for field, card in kinds.items() if field in manifest.recipe), None)
    if made is None:
        raise ArtifactError(f"{manifest.name} was trained by a recipe of an earlier version; train it again.")
    values = {**manifest.recipe, **figures["test"], **figures["onnx_against_keras"], **manifest.data["train"]}
    values |= {"reviews": figures["test"]["reviews"], "epochs_table": tables.epochs(figures["epochs"])}
    values["corpus"] = tables.corpus(manifest.data["name"])
    return made(manifest, values)
