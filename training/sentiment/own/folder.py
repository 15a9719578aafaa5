"""From a model of the user's own texts to its model folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.artifacts.manifest import Manifest, write_manifest
from app.sentiment.classifier import KIND
from app.sentiment.engines import ENGINES, OnnxEngine
from app.sentiment.padding import truncate
from training import environment
from training.corpora.own import OwnTexts, Row
from training.folders import replacing
from training.parity import require as require_parity
from training.sentiment import model_folder
from training.sentiment.card import labelled_plots
from training.sentiment.card import own as card
from training.sentiment.card.card import README
from training.sentiment.evaluation.calibration import BeforeAndAfter, Scored, folds_of, logits_of
from training.sentiment.evaluation.choice import best
from training.sentiment.evaluation.labelled import Comparison, LabelledFigures, compare, measure
from training.sentiment.own.inspection import Inspected
from training.sentiment.own.network import Floats
from training.sentiment.own.train import OwnModel, Sides

PARITY_TEXTS: Final = 200
"""Test rows for which Keras and ONNX are compared: Keras reads all of the longest possible text's windows."""
WORST: Final = 20
"""Errors that are listed."""
QUOTED: Final = 300
"""Characters of a text that is quoted."""


@dataclass(frozen=True)
class WrittenModel:
    """What was written of a model.

    Attributes:
        figures: Of the model, on the test rows.
        linear: Of the linear model, on the same rows.
        against_linear: The model compared with the linear one, which is the first of both.
        against_base: The model compared with its base, if that has all labels.
        parity: How far ONNX and Keras are apart.
    """

    figures: LabelledFigures
    linear: LabelledFigures
    against_linear: Comparison
    against_base: Comparison | None
    parity: model_folder.Parity

    @property
    def beats_linear(self) -> bool:
        """Whether the model gets more test rows right than the linear one."""
        return self.against_linear.difference > 0


def write(
    model: OwnModel,
    parted: Sides,
    inspected: Inspected,
    output: Path,
    *,
    name: str,
    version: str,
    base: Manifest | None,
    quote: bool,
) -> WrittenModel:
    """Measure a model on the test rows, once, and write its folder, whole or not at all.

    Args:
        model: The model.
        parted: The rows that it was trained on and those it was not.
        inspected: What was found before.
        output: The model folder; replaced if it exists.
        name: Of the model.
        version: Of the model.
        base: The manifest of the model that it began with.
        quote: Whether the card quotes texts that get the wrong label.

    Raises:
        training.parity.ParityError: ONNX and Keras are too far apart.
    """
    trained = model.trained
    test, labels = parted.test, parted.of(parted.test)
    texts = [row.text for row in test]
    with replacing(output) as folder:
        model_folder.write_models(trained, folder)
        some = texts[:PARITY_TEXTS]
        parity = model_folder.compare(trained, folder, some, model_folder.predict(trained, some))
        require_parity(name, parity.largest_difference)
        probabilities = _served(model, folder, texts)
        figures, linear = (measure(labels, one, trained.labels) for one in (probabilities, model.linear))
        written = WrittenModel(
            figures,
            linear,
            compare(labels, model.linear, probabilities),
            None if model.base is None else compare(labels, model.base, probabilities),
            parity,
        )
        manifest = _manifest(model, parted, inspected, written, probabilities, name, version, base, quote=quote)
        labelled_plots.confusion_matrix(figures, folder / "confusion-matrix.png")
        labelled_plots.evaluation({name: figures}, {name: []}, folder / "reliability-diagram.png")
        if model.curve:
            labelled_plots.learning_curve(card.curve_points(manifest), folder / "learning-curve.png")
        (folder / README).write_text(card.card(manifest), encoding="utf-8")
        write_manifest(folder, _without_quotes(manifest))
    return written


def _served(model: OwnModel, folder: Path, texts: Sequence[str]) -> Floats:
    trained = model.trained
    engine = OnnxEngine(folder / ENGINES["onnx"].file, trained.recipe.maxlen)
    recipe = trained.recipe
    ids = [truncate(trained.tokenizer.encode(text).ids, recipe.maxlen, recipe.truncating) for text in texts]
    return engine.predict(ids)


def _manifest(
    model: OwnModel,
    parted: Sides,
    inspected: Inspected,
    written: WrittenModel,
    probabilities: Floats,
    name: str,
    version: str,
    base: Manifest | None,
    *,
    quote: bool,
) -> Manifest:
    trained, test = model.trained, parted.test
    labels = parted.of(test)
    calibration = trained.calibration
    if calibration is not None:
        logits = logits_of(probabilities) * calibration.applied
        scored = Scored(logits, labels, folds_of([row.text for row in test]))
        calibration = replace(calibration, test=BeforeAndAfter.of(scored, calibration.temperature))
    figures: dict[str, Any] = {
        "test": asdict(written.figures),
        "linear": asdict(written.linear),
        "against_linear": asdict(written.against_linear),
        "against_base": None if written.against_base is None else asdict(written.against_base),
        "onnx_against_keras": asdict(written.parity),
        "epochs": trained.history,
        "calibration": None if calibration is None else asdict(calibration),
        "errors": _errors(test, labels, probabilities, parted, quote=quote),
        "curve": [asdict(point) for point in model.curve],
        **trained.figures,
    }
    source: OwnTexts = inspected.train
    data: dict[str, Any] = {
        "name": source.name,
        "files": [file._asdict() for file in source.files],
        "train": {"rows": len(parted.train), **trained.data},
        "test": {"rows": len(test), "held_out": parted.held_out},
        "findings": [{"name": one.name, "rows": one.rows} for one in inspected.findings if one.rows],
    }
    if inspected.test is not None:
        data["test"]["files"] = [file._asdict() for file in inspected.test.files]
    recipe = {**asdict(trained.recipe), "seed": trained.seed, "best_epoch": trained.best_epoch}
    recipe["own"] = {
        "base": None if base is None else {"name": base.name, "version": base.version, "data": base.data["name"]},
        "labels": [*trained.labels],
    }
    return Manifest(
        name=name,
        version=version,
        kind=KIND,
        recipe=recipe,
        data=data,
        serving=model_folder.serving(trained),
        figures=figures,
        environment=environment.describe(),
    )


def _without_quotes(manifest: Manifest) -> Manifest:
    """Leave out texts, as the service answers with the figures to whoever asks."""
    errors = [{key: value for key, value in one.items() if key != "text"} for one in manifest.figures["errors"]]
    return manifest.model_copy(update={"figures": {**manifest.figures, "errors": errors}})


def _errors(
    rows: Sequence[Row], labels: Any, probabilities: Floats, parted: Sides, *, quote: bool
) -> list[dict[str, Any]]:
    """Name the errors with the largest probability of the wrong label, worst first."""
    chosen = best(probabilities)
    sure = probabilities.max(axis=1)
    wrong = np.flatnonzero(chosen != labels)
    worst = wrong[np.argsort(-sure[wrong], kind="stable")][:WORST]
    found = []
    for index in worst.tolist():
        row = rows[index]
        error: dict[str, Any] = {
            "row": row.id,
            "label": row.label,
            "predicted": parted.labels[chosen[index]],
            "probability": round(float(sure[index]), 6),
        }
        if quote:
            error["text"] = row.text[:QUOTED]
        found.append(error)
    return found
