from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NoReturn

import numpy as np
import pytest

from tests.training.sentiment.encoder import tiny as tiny_encoder
from tests.training.sentiment.general import tiny
from tests.training.sentiment.general.tiny import TINY_BEST
from training.checkpoint import Checkpoint
from training.sentiment import calibrated
from training.sentiment.calibrated import VERSION
from training.sentiment.data import TrainingData
from training.sentiment.distillation import inference
from training.sentiment.distillation import train as films
from training.sentiment.distillation.corpus import START_ID
from training.sentiment.encoder import pretrained
from training.sentiment.encoder.pretrained import MissingWeights
from training.sentiment.evaluation import calibration, development
from training.sentiment.general import texts, train
from training.sentiment.general.learner import GeneralLearner
from training.sentiment.general.recipe import BEST, LABELS, MINILM, GeneralRecipe
from training.sentiment.general.train import General, make

SEED: Final = 2
NETWORKS: Final = (*BEST.teachers, BEST.student)
DATA: Final = TrainingData(tiny.reviews(), tiny.unlabelled(), tiny.further(tiny.reviews()))
pytestmark = pytest.mark.slow


def go_through(checkpoint: Checkpoint, recipe: GeneralRecipe = TINY_BEST) -> General:
    assert DATA.unlabelled is not None
    assert DATA.further is not None
    return make(recipe, DATA.reviews, DATA.unlabelled, DATA.further, seed=SEED, checkpoint=checkpoint)


@pytest.fixture(scope="module", autouse=True)
def _small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    found = tiny_encoder.pretrained(tmp_path_factory.mktemp("pretrained"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "JOINED", 60)
        patch.setattr(pretrained, "find", lambda: found)
        yield


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return Checkpoint(tmp_path_factory.mktemp("best") / "checkpoint", {"seed": SEED})


@pytest.fixture(scope="module")
def general(checkpoint: Checkpoint) -> General:
    return go_through(checkpoint)


def test_it_goes_from_beginning_to_end(general: General) -> None:
    names = [one.name for one in general.development]
    assert names[:3] == ["IMDb movies", "Treebank sentences", "edited reviews"]
    assert names[-1] == "everyday"
    assert len(general.history) == TINY_BEST.varied.epochs
    for row in general.history:
        assert {*names, "loss", "val_loss", "val_accuracy", "comments, macro-F1", "everyday, macro-F1"} == set(row)
    assert list(general.teachers) == [
        "teacher 1", "teacher 2", "networks together", "encoder", "teachers together", "student", "student on variants",
    ]  # fmt: skip
    assert set(general.teachers["teachers together"]) == set(general.history[0]) - {"loss"}
    assert general.network.window == TINY_BEST.student.window
    assert general.network.dense.units == len(LABELS)


def test_its_figures_are_those_of_the_network_that_is_kept(general: General) -> None:
    (found,) = (one for one in general.development if one.name == "comments")
    ids = [np.array(general.tokenizer.encode(text).ids[1:], np.int32) for text in found.texts]
    given = found.chosen(inference.probabilities(general.network, ids, TINY_BEST.maxlen), LABELS)
    assert general.history[-1]["comments"] == pytest.approx(development.accuracy(found, given), abs=1e-4)


def test_each_stage_leaves_its_results(general: General, checkpoint: Checkpoint) -> None:
    assert general.history
    assert sorted(path.name for path in checkpoint.folder.iterdir()) == [
        "answers.npz", "encoder", "encoder-answers.npz", "student", "teacher-1", "teacher-2", "varied",
    ]  # fmt: skip
    (of_films,) = checkpoint.folder.parent.glob(f"{train.FILM_STAGE}-*")
    assert (of_films / "films.npz").is_file()


def test_no_stage_is_gone_through_twice(
    general: General, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def again(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("once more")

    for module, name in (
        (films, "distil"),
        (train, "_answers"),
        (train, "_encoder_answers"),
        (GeneralLearner, "train_step"),
    ):
        monkeypatch.setattr(module, name, again)
    same = go_through(checkpoint)
    assert same.history == general.history
    assert same.tokenizer.words == general.tokenizer.words
    for one, other in zip(same.network.variables, general.network.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_what_it_does_without_is_not_asked(
    general: General, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> NoReturn:
        raise AssertionError("looked for")

    monkeypatch.setattr(pretrained, "find", missing)
    monkeypatch.setattr(films, "distil", missing)
    other = Checkpoint(checkpoint.folder.parent / "without", {"seed": SEED})
    found = go_through(other, replace(TINY_BEST, without=(MINILM,)))
    assert "encoder" not in found.teachers
    assert found.teachers["teachers together"] == found.teachers["networks together"]
    assert found.teachers["teacher 1"] == general.teachers["teacher 1"]


def test_without_the_weights_nothing_begins(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> NoReturn:
        raise MissingWeights("not there")

    monkeypatch.setattr(pretrained, "find", missing)
    with pytest.raises(MissingWeights, match="not there"):
        go_through(Checkpoint(checkpoint.folder.parent / "nothing", {}))
    assert not (checkpoint.folder.parent / "nothing").exists()


def test_the_student_is_pruned_of_a_teacher_that_is_larger() -> None:
    assert BEST.teachers[BEST.pruned - 1].units > BEST.student.units


def test_every_network_has_a_seed_of_its_own() -> None:
    seeds = [how.seed for how in (*NETWORKS, BEST.encoder)]
    assert len(set(seeds)) == len(seeds)
    assert all(how.window < BEST.maxlen for how in NETWORKS)


# From the network to a model.


def test_it_is_calibrated_and_measured(general: General) -> None:
    found = calibrated.trained(TINY_BEST, general, DATA, seed=SEED)
    assert (found.labels, found.version, found.seed) == (LABELS, VERSION, SEED)
    assert found.best_epoch == TINY_BEST.varied.epochs
    scaling = found.calibration
    assert scaling is not None
    held_out = [one.name for one in general.development if not one.written]
    assert list(scaling.sets) == held_out
    assert scaling.fitted_on == [name for name in held_out if name != "comments, polar"]
    assert scaling.test is None
    figures = found.figures
    assert [one["name"] for one in figures["development"]] == [one.name for one in general.development]
    accuracies = {one["name"]: one["accuracy"] for one in figures["development"]}
    assert accuracies == pytest.approx({name: general.history[-1][name] for name in accuracies}, abs=1e-4)
    assert len(figures["everyday"]) == 12
    assert figures["bias"]
    assert figures["teachers"] == general.teachers


@pytest.mark.parametrize("power", [0.0, 0.25])
def test_the_model_divides_its_logits_by_the_temperature(
    general: General, power: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = calibration.calibrate

    def hot(*given: Any) -> Any:
        return replace(real(*given), temperature=2.0, length_power=power, used=True)

    monkeypatch.setattr(calibrated, "calibrate", hot)
    trained = calibrated.trained(TINY_BEST, general, DATA, seed=SEED)
    rows = np.array([[0, 0, START_ID, 5, 6, 7], [0, 0, 0, 0, START_ID, 8]], np.int32)
    padded = np.pad(rows, ((0, 0), (TINY_BEST.maxlen - 6, 0)))
    plain, divided = (
        np.log(model(padded).numpy()) for model in (general.network.serving_model(TINY_BEST.maxlen), trained.model)
    )
    by = 2 * np.array([[4.0], [2.0]]) ** power
    np.testing.assert_allclose(divided - divided[:, :1], (plain - plain[:, :1]) / by, atol=1e-5)
    assert sum(one["accuracy"] for one in trained.figures["development"]) > 0


def test_it_says_how_many_texts_were_learnt_from(general: General) -> None:
    data = calibrated.trained(TINY_BEST, general, DATA, seed=SEED).data
    assert DATA.further is not None
    assert list(data["corpora"]) == list(DATA.further.sha256)
    assert {name: size["sha256"] for name, size in data["corpora"].items()} == DATA.further.sha256
    dev = {pair.imdb_id for pair in DATA.further.pairs if pair.split == "dev"}
    kept, held_out = DATA.reviews.split_by_movie(TINY_BEST.films.validation, 0)
    assert data["training"] == sum(row.id not in dev for row in kept.rows) < len(kept)
    assert data["validation"] == len(held_out)
    assert data["corpora"]["sst"]["validation"] == sum(one.whole and one.split == "dev" for one in DATA.further.phrases)
