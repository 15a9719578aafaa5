from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.training import dataset
from tests.training.conftest import TINY
from tests.training.sentiment.general import tiny
from tests.training.sentiment.general.tiny import TINY_BEST
from training.corpora.imdb import DataError, Reviews
from training.sentiment.data import TrainingData, load, quick
from training.sentiment.general.recipe import BEST

DATA = TrainingData(tiny.reviews(), tiny.unlabelled(), tiny.further(tiny.reviews()))


def test_the_recipe_of_the_lecture_reads_labelled_reviews_alone(tmp_path: Path) -> None:
    found = load(TINY, dataset.write_parquet(tmp_path))
    assert found == TrainingData(Reviews(dataset.rows("train"), found.reviews.corpus))
    assert found.sha256 == [found.reviews.sha256]


def test_the_recipe_best_reads_all(tmp_path: Path) -> None:
    found = load(TINY_BEST, dataset.write_parquet(tmp_path / "data"), tiny.write(tmp_path / "corpora"))
    assert found.unlabelled is not None
    assert found.further is not None
    assert found.further.products == tiny.further().products
    assert found.sha256 == [found.reviews.sha256, found.unlabelled.sha256, *found.further.sha256.values()]


def test_further_corpora_must_be_in_a_folder(tmp_path: Path) -> None:
    data = dataset.write_parquet(tmp_path / "data")
    with pytest.raises(DataError, match=r"There is no folder .*elsewhere\."):
        load(TINY_BEST, data, tmp_path / "elsewhere")


@pytest.mark.parametrize("size", [4, 7])
def test_a_sample_has_some_texts_of_each_kind(size: int) -> None:
    found = DATA.sample(size, seed=1)
    assert found.unlabelled is not None
    assert found.further is not None
    assert DATA.further is not None
    assert len(found.reviews) == len(found.unlabelled) == size
    for field in fields(DATA.further):
        of_all, of_some = getattr(DATA.further, field.name), getattr(found.further, field.name)
        assert set(of_some) <= set(of_all)
        kinds = Counter((getattr(one, "split", None), getattr(one, "whole", None)) for one in of_some)
        assert max(kinds.values()) <= size
        assert set(kinds) == {(getattr(one, "split", None), getattr(one, "whole", None)) for one in of_all}
    assert found.sha256 == DATA.sample(size, seed=1).sha256 != DATA.sample(size, seed=2).sha256


def test_a_large_sample_is_all() -> None:
    assert DATA.sample(10_000, seed=1) == DATA


def test_a_sample_of_no_texts_has_none() -> None:
    assert DATA.further is not None
    without = replace(DATA, further=replace(DATA.further, products=[]))
    found = without.sample(3, seed=1)
    assert found.further is not None
    assert found.further.products == []


def test_a_quick_recipe_goes_through_all_stages_once() -> None:
    found = quick(BEST, 500)
    (generation,) = found.films.assistants
    (assistant,) = generation
    assert (assistant.epochs, found.films.student.epochs) == (1, 1)
    assert [how.epochs for how in (*found.teachers, found.encoder, found.student, found.varied)] == [1, 1, 1, 1]
    assert found.teachers[found.pruned - 1].units == BEST.teachers[BEST.pruned - 1].units
    assert found.student.units == BEST.student.units
    assert found.teachers[0].units == found.films.student.units
    assert found.student.shares["joined"] == BEST.student.shares["joined"] / 20
    assert found.student.shares["comments"] == BEST.student.shares["comments"]
    assert found.name == BEST.name
    assert quick(BEST, 50_000).student.shares == BEST.student.shares
