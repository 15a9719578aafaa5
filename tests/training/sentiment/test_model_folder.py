import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tensorflow.keras.preprocessing.sequence import pad_sequences
from tensorflow.keras.preprocessing.text import Tokenizer as KerasTokenizer

from app.artifacts.manifest import ArtifactError, read_manifest, sha256
from app.sentiment.classifier import Classifier
from app.sentiment.engines import TOKENIZER_KEY, VOCABULARY_KEY, OnnxEngine
from app.sentiment.tokenizer import Tokenizer
from tests.training import dataset
from tests.training.conftest import TINY
from tests.training.sentiment.card import known
from training import onnx_export
from training.corpora.imdb import Reviews
from training.parity import ParityError
from training.sentiment import model_folder
from training.sentiment.card import sections as card_sections
from training.sentiment.encoding import encode
from training.sentiment.evaluation import choice
from training.sentiment.evaluation.calibration import BeforeAndAfter, Scored, folds_of
from training.sentiment.evaluation.figures import measure
from training.sentiment.lecture import build
from training.sentiment.trained import Trained

FILES = [
    "README.md",
    "confusion-matrix.png",
    "learning-curve.png",
    "manifest.json",
    "model.keras",
    "model.onnx",
    "reliability-diagram.png",
    "roc-curve.png",
    "tokenizer.json",
]
TRAIN, TEST = Reviews(dataset.rows("train")), Reviews(dataset.rows("test"))
ODD_TEXTS = ["", " \n", "zzz unheard-of", "Wonderful!", "wonderful " * 40, "boring, " * 13, "film\x00 \ud800 \xa0"]


def keras_probabilities(folder: Path, texts: list[str]) -> Any:
    """From raw text with Keras alone: its tokenizer, its padding, its model."""
    tokenizer = KerasTokenizer(num_words=TINY.vocabulary_size - 1, oov_token="<unknown>")
    tokenizer.fit_on_texts(TRAIN.texts)
    # Keras' ids are 1 for unknown words and go on from 2; ours have the start of the text at 1 before them.
    sequences = [[1, *(index + 1 for index in ids)] for ids in tokenizer.texts_to_sequences(texts)]
    padded = pad_sequences(sequences, TINY.maxlen, padding="pre", truncating="pre")
    return keras.models.load_model(folder / "model.keras").predict(padded, verbose=0)[:, 0]


def untrained() -> Trained:
    tokenizer = Tokenizer.fit(TRAIN.texts, TINY.vocabulary_size)
    return Trained(
        recipe=TINY,
        seed=5,
        tokenizer=tokenizer,
        model=build(TINY, tokenizer.vocabulary_size),
        history=[{"loss": 0.7, "accuracy": 0.5, "val_loss": 0.7, "val_accuracy": 0.5}],
        best_epoch=1,
        data={"training": 1, "validation": 2},
    )


def test_the_folder_is_complete_and_verified(trained_folder: Path) -> None:
    assert sorted(path.name for path in trained_folder.iterdir()) == FILES
    manifest = read_manifest(trained_folder)
    assert sorted([*manifest.files, "manifest.json"]) == FILES


@pytest.mark.parametrize("name", [name for name in FILES if name != "manifest.json"])
def test_a_byte_flipped_in_any_file_is_found(trained_folder: Path, tmp_path: Path, name: str) -> None:
    folder = Path(shutil.copytree(trained_folder, tmp_path / "copy"))
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=name):
        read_manifest(folder)


def test_the_manifest_says_what_was_done(trained_folder: Path) -> None:
    manifest = read_manifest(trained_folder)
    assert (manifest.name, manifest.kind, manifest.version) == ("sentiment-tiny", "sentiment", "1.0.0")
    assert manifest.recipe["seed"] == TINY.seed
    assert manifest.recipe["units"] == TINY.units
    assert manifest.data["train"]["sha256"] == TRAIN.sha256
    assert manifest.data["train"]["reviews"] == len(TRAIN)
    assert manifest.data["train"]["training"] + manifest.data["train"]["validation"] == len(TRAIN)
    assert (manifest.data["test"]["sha256"], manifest.data["test"]["reviews"]) == (TEST.sha256, len(TEST))
    size = Tokenizer.load(trained_folder / "tokenizer.json").vocabulary_size
    expected = {"vocabulary_size": size, "maxlen": 12, "padding": "pre", "truncating": "pre"}
    assert manifest.serving == {**expected, "labels": ["negative", "positive"], "language": "en"}
    epochs = manifest.figures["epochs"]
    best = min(epochs, key=lambda epoch: epoch["val_loss"])
    assert len(epochs) == TINY.epochs
    assert manifest.recipe["best_epoch"] == 1 + epochs.index(best)
    assert manifest.figures["validation"] == {"accuracy": best["val_accuracy"], "log_loss": best["val_loss"]}


@pytest.mark.parametrize("engine", ["onnx", "tensorflow"])
def test_the_service_says_of_raw_text_what_keras_says(trained_folder: Path, engine: Any) -> None:
    classifier = Classifier(trained_folder, engine)
    texts = TRAIN.texts + TEST.texts + ODD_TEXTS
    expected = keras_probabilities(trained_folder, texts)
    assert np.ptp(expected) > 0.1
    found, _ = classifier.classify_all(texts)
    np.testing.assert_allclose([result.probability("positive") for result in found], expected, rtol=0, atol=1e-5)
    one_by_one = [classifier.classify(text)[0].probability("positive") for text in ODD_TEXTS]
    np.testing.assert_allclose(one_by_one, expected[-len(ODD_TEXTS) :], rtol=0, atol=1e-5)


def test_the_figures_are_those_of_keras_on_the_test_reviews(trained_folder: Path) -> None:
    probabilities = keras_probabilities(trained_folder, TEST.texts)
    figures = read_manifest(trained_folder).figures
    expected = measure(TEST.labels, probabilities).model_dump()
    assert figures["test"].pop("confusion_matrix") == expected.pop("confusion_matrix")
    assert figures["test"] == pytest.approx(expected, abs=2e-6)
    parity = figures["onnx_against_keras"]
    assert parity["texts"] == len(TEST)
    assert parity["labels_that_differ"] == 0
    assert 0 <= parity["largest_difference"] < 1e-5


def test_the_keras_model_is_saved_without_its_optimizer(trained_folder: Path) -> None:
    assert not keras.models.load_model(trained_folder / "model.keras").compiled


def test_the_graph_names_its_tokenizer(trained_folder: Path) -> None:
    engine = OnnxEngine(trained_folder / "model.onnx", TINY.maxlen)
    assert engine.tokenizer_sha256 == sha256(trained_folder / "tokenizer.json")
    assert engine.vocabulary_size == Tokenizer.load(trained_folder / "tokenizer.json").vocabulary_size
    assert {TOKENIZER_KEY, VOCABULARY_KEY} == {"tokenizer_sha256", "vocabulary_size"}


def test_an_existing_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "stale.bin").write_text("of the model before")
    model_folder.write(untrained(), TRAIN, TEST, tmp_path / "model")
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == FILES
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]
    assert read_manifest(tmp_path / "model").recipe["seed"] == 5


def test_a_model_of_three_labels_has_more_figures_and_plots(tmp_path: Path) -> None:
    trained = known.trained()
    model_folder.write(trained, TRAIN, TEST, tmp_path / "model")
    plots = [card_sections.CALIBRATION_PLOT, card_sections.ACCURACY_PLOT]
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == sorted([*FILES, *plots])
    manifest = read_manifest(tmp_path / "model")
    assert sorted([*manifest.files, "manifest.json"]) == sorted([*FILES, *plots])
    assert manifest.version == "2.3.0"
    assert manifest.serving["labels"] == ["negative", "neutral", "positive"]
    assert manifest.figures["teachers"] == trained.figures["teachers"]
    assert manifest.figures["errors"]["errors"] == manifest.figures["errors"]["reviews"] - round(
        manifest.figures["test"]["accuracy"] * len(TEST)
    )
    text = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    headings = re.findall("^## (.*)$", text, re.MULTILINE)
    assert headings[-4:] == ["Calibration", "Bias", "Where it errs", "Limits"]


@pytest.mark.parametrize("used", [True, False])
def test_a_model_of_three_labels_is_tested_among_negative_and_positive(tmp_path: Path, used: bool) -> None:
    trained = known.trained(calibration=replace(known.CALIBRATION, used=used, temperature=1.25))
    figures, parity = model_folder.write(trained, TRAIN, TEST, tmp_path / "model")
    outputs = trained.model.predict(encode(trained.tokenizer, trained.recipe, TEST.texts), verbose=0).astype(np.float64)
    among = choice.among(outputs, trained.labels, ("negative", "positive"))
    expected = measure(TEST.labels, among[:, 1])
    assert figures.confusion_matrix == expected.confusion_matrix
    matrix = {"confusion_matrix"}
    assert figures.model_dump(exclude=matrix) == pytest.approx(expected.model_dump(exclude=matrix), abs=2e-6)
    assert parity.largest_difference < 1e-5
    test = read_manifest(tmp_path / "model").figures["calibration"]["test"]
    # The weights have the temperature already, where it is used.
    logits = np.log(among) * (1.25 if used else 1)
    found = BeforeAndAfter.of(Scored(logits, TEST.labels.astype(np.intp), folds_of(TEST.texts)), 1.25)
    for name in ("log_loss_before", "log_loss_after", "error_before", "error_after"):
        assert test[name] == pytest.approx(getattr(found, name), abs=2e-6)
    served = test["log_loss_after" if used else "log_loss_before"]
    assert served == pytest.approx(figures.log_loss, abs=2e-6)


def test_parity_is_that_of_all_outputs(tmp_path: Path) -> None:
    trained = known.trained()
    model_folder.write_models(trained, tmp_path)
    outputs = trained.model.predict(encode(trained.tokenizer, trained.recipe, TEST.texts), verbose=0)
    assert model_folder.compare(trained, tmp_path, TEST.texts, outputs).largest_difference < 1e-5
    outputs[0, 1] += 0.25
    assert model_folder.compare(trained, tmp_path, TEST.texts, outputs).largest_difference == pytest.approx(
        0.25, abs=1e-5
    )


@pytest.mark.parametrize("difference", [1.1e-5, float("nan")])
def test_a_graph_that_differs_from_keras_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, difference: float
) -> None:
    monkeypatch.setattr(model_folder, "compare", lambda *_: model_folder.Parity(18, difference, 0))
    with pytest.raises(ParityError, match=r"The ONNX graph of sentiment-tiny differs .* more than 1e-05; it was not"):
        model_folder.write(untrained(), TRAIN, TEST, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_the_manifest_says_where_it_was_trained(trained_folder: Path) -> None:
    found = read_manifest(trained_folder).environment
    assert found["libraries"]["keras"] == keras.__version__
    assert found["libraries"]["numpy"] == np.__version__
    assert found["processor"]["features"]


def test_the_data_have_the_names_of_their_corpora(tmp_path: Path) -> None:
    train, test = (replace(reviews, corpus=f"the {name}") for reviews, name in ((TRAIN, "one"), (TEST, "other")))
    model_folder.write(untrained(), train, test, tmp_path / "model")
    assert read_manifest(tmp_path / "model").data["name"] == "the one and the other"
    text = " ".join((tmp_path / "model" / "README.md").read_text(encoding="utf-8").split())
    assert "--seed 5` on the one and the other." in text
    assert "Maas" not in text


def test_a_model_that_is_not_calibrated_says_so(trained_folder: Path) -> None:
    assert read_manifest(trained_folder).figures["calibration"] is None


@pytest.mark.parametrize("failing", ["export", "measure", "write_manifest"])
def test_what_fails_leaves_the_folder_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "stale.bin").write_text("of the model before")

    def fail(*_: object, **__: object) -> None:
        raise onnx_export.ExportError("no")

    monkeypatch.setattr(model_folder, failing, fail)
    with pytest.raises(onnx_export.ExportError):
        model_folder.write(untrained(), TRAIN, TEST, tmp_path / "model")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["stale.bin"]
    assert list(tmp_path.iterdir()) == [tmp_path / "model"]


def test_parity_counts_differences_of_another_model(trained_folder: Path) -> None:
    trained = untrained()
    expected = keras_probabilities(trained_folder, TEST.texts)
    parity = model_folder.compare(trained, trained_folder, TEST.texts, 1 - expected[:, None])
    assert parity.texts == len(TEST)
    assert parity.labels_that_differ == len(TEST)
    assert parity.largest_difference == pytest.approx(np.abs(1 - 2 * expected).max(), abs=1e-5)
