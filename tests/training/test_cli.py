import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pyarrow.parquet as pq
import pytest

from app import __version__
from app.artifacts.manifest import read_manifest
from app.sentiment.classifier import Classifier
from app.sentiment.labels import NEGATIVE, NEUTRAL, POSITIVE
from app.sentiment.rules import EVERYDAY
from tests.training import dataset
from tests.training.conftest import Workplace
from tests.training.sentiment.general import tiny
from tests.training.sentiment.general.tiny import TINY_BEST
from training import cli, fitting, parity
from training.checkpoint import Progress
from training.corpora import imdb
from training.sentiment import model_folder
from training.sentiment.general import texts

ROOT = Path(cli.__file__).parent.parent


def left(root: Path) -> list[str]:
    """What lies where trainings write."""
    places = (root / "models", root / "build", root / "cache")
    return [str(path.relative_to(root)) for place in places for path in place.rglob("*") if not path.is_dir()]


def refused(workplace: Workplace, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert workplace.train(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    assert line.endswith(".")
    assert left(workplace.data.parent) == []
    return line


def stop_after(patch: pytest.MonkeyPatch, epoch: int, step: int, number: signal.Signals) -> None:
    real = Progress.add

    def add(self: Progress, *given: Any) -> None:
        real(self, *given)
        if (self.epoch, self.step) == (epoch, step):
            signal.raise_signal(number)

    patch.setattr(Progress, "add", add)


def assert_same_model(folder: Path, other: Path) -> None:
    for name in ("tokenizer.json", "model.onnx"):
        assert (folder / name).read_bytes() == (other / name).read_bytes()
    ours, theirs = (keras.models.load_model(place / "model.keras").get_weights() for place in (folder, other))
    for one, another in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, another)
    assert read_manifest(folder).figures == read_manifest(other).figures


@pytest.mark.slow
def test_an_interrupted_training_goes_on_to_the_same_model(
    workplace: Workplace, trained_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for epoch, step, number in [(0, 2, signal.SIGINT), (1, 1, signal.SIGTERM)]:
        with pytest.MonkeyPatch.context() as patch:
            stop_after(patch, epoch, step, number)
            assert workplace.train() == 130
        last = capsys.readouterr().err.splitlines()[-1]
        assert last == f"Stopped in epoch {epoch + 1} after step {step} of 3. The same command goes on from there."
        assert not workplace.model.exists()
        (checkpoint,) = workplace.checkpoints.iterdir()
        state = json.loads((checkpoint / "state.json").read_text())
        assert (state["epoch"], state["step"]) == (epoch, step)
    assert workplace.train() == 0
    assert list(workplace.checkpoints.iterdir()) == []
    assert_same_model(workplace.model, trained_folder)


def test_the_same_seed_gives_the_same_model_from_any_form_of_the_data(
    workplace: Workplace, trained_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = dataset.write_archive(workplace.data.parent / "data.tar.gz", dataset.files())
    output = workplace.data.parent / "here"
    output.mkdir()
    assert workplace.train("--data", str(archive), "--seed", "1", "--output", str(output)) == 0
    assert_same_model(output, trained_folder)
    assert not workplace.model.exists()

    captured = capsys.readouterr()
    assert f"note: {output} will hold the model sentiment-tiny" in captured.err
    assert "Evaluating on 18 test reviews." in captured.err
    figures = read_manifest(output).figures["test"]
    expected = f"test accuracy {figures['accuracy']:.4f}, log loss {figures['log_loss']:.4f}, "
    assert expected in captured.out
    assert re.search(r"largest difference \d\.\de[-+]\d\d, 0 of 18 labels differ\n", captured.out)
    assert captured.out.endswith(f"wrote {output}\n")


def test_a_sample_goes_into_build_and_replaces_no_model(workplace: Workplace) -> None:
    workplace.model.mkdir(parents=True)
    (workplace.model / "manifest.json").write_text("the real one")
    assert workplace.train("--sample", "14", "--seed", "0") == 0
    manifest = read_manifest(workplace.sample)
    assert manifest.data["train"]["reviews"] == 14
    assert manifest.data["test"]["reviews"] == 14
    assert manifest.recipe["seed"] == 0
    assert (workplace.model / "manifest.json").read_text() == "the real one"
    assert [path.name for path in workplace.model.parent.iterdir()] == [workplace.model.name]


# A dozen reviews with one word that tells them apart are too easy to stop at.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Liblinear failed to converge")
def test_a_sample_of_the_recipe_best_reads_all_corpora(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "JOINED", 60)
    arguments = ["--recipe", "tiny-best", "--corpora", str(workplace.corpora)]
    assert workplace.train(*arguments, "--sample", "26", "--without", "minilm,emotions,edited") == 0
    captured = capsys.readouterr()
    folder = workplace.data.parent / "build" / "without-edited-emotions-minilm" / "sentiment-tiny-best"
    assert captured.out.endswith(f"wrote {folder}\n")
    assert "Evaluating on 18 test reviews." in captured.err
    manifest = read_manifest(folder)
    assert (manifest.name, manifest.version) == ("sentiment-tiny-best", "2.3.0")
    assert manifest.recipe["without"] == ["edited", "emotions", "minilm"]
    train, further = manifest.data["train"], tiny.further()
    assert (train["reviews"], train["unlabelled"]["reviews"]) == (26, 12)
    assert {name: size["training"] for name, size in train["corpora"].items()} == {
        "sst": 26 + 26 + 1 - 10,
        "edited": 0,
        "products": 16,
        "emotions": 0,
        "written": 26,
    }
    assert train["corpora"]["products"]["sha256"] == further.sha256["products"]
    assert manifest.recipe["student"]["units"] == TINY_BEST.student.units
    assert len(manifest.figures["epochs"]) == manifest.recipe["best_epoch"] == 1
    assert sorted(manifest.figures["teachers"]) == [
        "networks together", "student", "student on variants", "teacher 1", "teachers together",
    ]  # fmt: skip
    assert manifest.figures["onnx_against_keras"]["largest_difference"] < 1e-5
    classifier = Classifier(folder)
    assert classifier.tokenizer.rule is EVERYDAY
    found = classifier.classify("It isn't baaad! :)")[0]
    assert found.labels == (NEGATIVE, NEUTRAL, POSITIVE)
    assert sum(found.probabilities) == pytest.approx(1)
    # The film stage stays: it is the same for trainings without other corpora.
    (stage,) = workplace.checkpoints.iterdir()
    assert stage.name.startswith("sentiment-films-")
    assert not workplace.model.parent.exists()


def test_the_recipe_of_the_lecture_does_without_the_reviews_without_labels(workplace: Workplace) -> None:
    (workplace.data / "unsup.parquet").unlink()
    assert workplace.train("--sample", "14") == 0


def test_the_recipe_best_needs_the_reviews_without_labels(
    workplace: Workplace, capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace.data / "unsup.parquet").unlink()
    assert str(workplace.data) in refused(workplace, capsys, "--recipe", "tiny-best")


def test_the_recipe_best_needs_its_corpora(workplace: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    (workplace.corpora / "emotions.parquet").unlink()
    arguments = ["--recipe", "tiny-best", "--corpora", str(workplace.corpora)]
    assert "nor a file emotions.parquet" in refused(workplace, capsys, *arguments)
    nowhere = str(workplace.corpora / "nowhere")
    assert f"There is no folder {nowhere}." in refused(workplace, capsys, *arguments[:-1], nowhere)


@pytest.mark.parametrize("arguments", [["--without", "sst"], ["--corpora", "somewhere"]], ids=" ".join)
def test_the_recipe_of_the_lecture_has_no_use_for_further_corpora(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(imdb, "load", None)
    line = refused(workplace, capsys, *arguments)
    assert line == f"error: The recipe tiny reads reviews alone; leave out {arguments[0]}."


def _nothing(_path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_nothing, "There is no folder or archive"),
        (lambda path: path.mkdir(), "There is no folder"),
        (lambda path: path.write_text("<html>"), "is cut or not the archive"),
        (lambda path: path.write_bytes(dataset_archive(path)[:-100]), "is cut or not the archive"),
        (lambda path: dataset.write_folder(path, train_only()), "There is no folder"),
        (lambda path: dataset.write_archive(path, train_only()), "There are no test reviews"),
    ],
    ids=["missing", "empty", "page", "cut", "no test folder", "no test reviews"],
)
def test_data_that_cannot_be_read_is_one_sentence_and_status_2(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], make: Callable[[Path], object], reason: str
) -> None:
    source = workplace.data.parent / "source"
    make(source)
    line = refused(workplace, capsys, "--data", str(source))
    assert reason in line
    assert str(source) in line


def dataset_archive(path: Path) -> bytes:
    return dataset.write_archive(path, dataset.files()).read_bytes()


def train_only() -> dict[str, bytes]:
    return {name: content for name, content in dataset.files().items() if name.startswith("train/")}


def test_a_sample_too_small_to_train_on_is_refused(workplace: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
    assert "take more" in refused(workplace, capsys, "--sample", "1")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--recipe", "unheard-of"], "invalid choice: 'unheard-of'"),
        (["--sample", "0"], "0 is not a positive number"),
        (["--sample", "few"], "invalid positive value"),
        (["--seed", "-1"], "-1 is not from 0 to 4294967295"),
        (["--seed", "4294967296"], "4294967296 is not from 0 to 4294967295"),
        (["--epochs", "3"], "unrecognized arguments"),
        (["--without", "sst,imdb"], "'imdb' is none of sst, edited, products, emotions, written, minilm"),
    ],
    ids=" ".join,
)
def test_wrong_arguments_are_refused_before_any_work(
    workplace: Workplace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    reason: str,
) -> None:
    monkeypatch.setattr(imdb, "load", None)
    with pytest.raises(SystemExit) as caught:
        workplace.train(*[argument.replace("DATA", str(workplace.data)) for argument in arguments])
    assert caught.value.code == 2
    assert reason in capsys.readouterr().err
    assert sorted(path.name for path in workplace.data.iterdir()) == ["test.parquet", "train.parquet", "unsup.parquet"]


@pytest.mark.parametrize(
    ("output", "reason"),
    [("data", "is not a model folder"), ("data/train.parquet", "is not a model folder but a file")],
)
def test_an_output_that_is_something_else_is_refused_before_any_work(
    workplace: Workplace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    output: str,
    reason: str,
) -> None:
    monkeypatch.setattr(imdb, "load", None)
    assert reason in refused(workplace, capsys, "--output", str(workplace.data.parent / output))
    assert sorted(path.name for path in workplace.data.iterdir()) == ["test.parquet", "train.parquet", "unsup.parquet"]


@pytest.mark.parametrize("command", [["sentiment", "--recipe", "tiny"], ["forecasts", "air-pollution"]])
def test_checkpoints_that_cannot_be_written_are_refused_before_any_work(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setattr(imdb, "load", None)
    checkpoints = workplace.data / "train.parquet"
    assert cli.main([*command, "--output", str(workplace.model.parent), "--checkpoints", str(checkpoints)]) == 2
    assert capsys.readouterr().err.endswith("cannot be written (File exists); name another --checkpoints.\n")


def test_a_second_folder_of_one_name_is_refused_before_any_work(
    workplace: Workplace, trained_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imdb, "load", None)
    output = trained_folder.parent / "sentiment-mine"
    line = refused(workplace, capsys, "--output", str(output))
    assert f"{trained_folder} is a model named sentiment-tiny already" in line
    assert not output.exists()


def test_reviews_without_a_rating_are_refused_before_the_training(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "fit", None)
    table = pq.read_table(workplace.data / "test.parquet")
    ids = [identifier.partition("_")[0] for identifier in table["id"].to_pylist()]
    pq.write_table(table.set_column(table.column_names.index("id"), "id", [ids]), workplace.data / "test.parquet")
    assert "of a review does not end with its rating." in refused(workplace, capsys)


def test_a_folder_that_cannot_be_written_after_all_loses_no_training(
    workplace: Workplace, trained_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_folder, "export", full)
        assert workplace.train() == 2
    (checkpoint,) = workplace.checkpoints.iterdir()
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (
        f"error: {workplace.model} cannot be written (No space left on device); the training is kept in {checkpoint}, "
        "and the same command goes on from there."
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting._KerasLearner, "train_step", None)
        assert workplace.train() == 0
    assert_same_model(workplace.model, trained_folder)


def test_a_graph_that_differs_from_keras_fails_and_loses_no_training(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "TOLERANCE", 0.0)
    assert workplace.train() == 2
    assert "error: The ONNX graph of sentiment-tiny differs from its Keras model by" in capsys.readouterr().err
    assert len(list(workplace.checkpoints.iterdir())) == 1
    assert list(workplace.model.parent.iterdir()) == []


def test_a_module_that_is_not_installed_is_one_sentence(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "training.sentiment.model_folder", None)
    monkeypatch.delattr("training.sentiment.model_folder")
    assert "is not installed; pip install -e '.[training]' brings it." in refused(workplace, capsys)


def test_building_the_parser_imports_nothing_that_trains() -> None:
    heavy = ("tensorflow", "keras", "sklearn", "gensim", "matplotlib", "scipy", "pyarrow", "onnx")
    code = (
        f"import sys; from training import cli; cli.parser(); print(*[name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


@pytest.mark.parametrize(
    "command", ["sentiment", "word2vec", "glove", "embedding", "forecasts", "report", "card", "seeds", "ablation"]
)
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: python -m training {command} ")


def test_an_interrupt_while_reading_is_status_130(
    workplace: Workplace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(imdb, "load", load)
    assert workplace.train() == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


def test_an_interrupt_while_evaluating_loses_no_training(
    workplace: Workplace, trained_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(model_folder, "measure", measure)
        assert workplace.train() == 130
    assert list(workplace.model.parent.iterdir()) == []
    with monkeypatch.context() as patch:
        patch.setattr(fitting._KerasLearner, "train_step", None)
        assert workplace.train() == 0
    assert_same_model(workplace.model, trained_folder)


def test_the_command_of_the_readme(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "sentiment", "--data", str(tmp_path / "nowhere")]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == f"error: There is no folder or archive {tmp_path / 'nowhere'}."


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"sentiment-service {__version__}\n"
