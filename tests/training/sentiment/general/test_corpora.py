from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.training import dataset
from tests.training.sentiment.general import tiny
from training.corpora.imdb import DataError, Reviews
from training.sentiment.general import corpora
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.general.recipe import CORPORA, IMDB


def test_all_are_read_from_a_folder(tmp_path: Path) -> None:
    found = corpora.load(Reviews(dataset.rows("train")), tiny.write(tmp_path))
    expected = tiny.further()
    assert replace(found, written=expected.written) == expected
    assert len(found.written) > 1_000


def test_one_that_is_missing_is_named(tmp_path: Path) -> None:
    tiny.write(tmp_path)
    (tmp_path / "products.parquet").unlink()
    with pytest.raises(DataError, match=r"nor a file products\.parquet"):
        corpora.load(Reviews(dataset.rows("train")), tmp_path)


def test_each_has_a_checksum_of_its_own(further: FurtherCorpora) -> None:
    assert list(further.sha256) == [name for name in CORPORA if name != IMDB]
    for field, name in zip(fields(further), further.sha256, strict=True):
        other = replace(further, **{field.name: list(getattr(further, field.name))[:-1]})
        assert [one for one in further.sha256 if other.sha256[one] != further.sha256[one]] == [name]


def test_nothing_that_is_held_out_is_trained_on(further: FurtherCorpora) -> None:
    movies = frozenset({further.pairs[1].movie})
    side, held_out = corpora.split(further, movies, 0.3)
    for kind in ("phrases", "comments"):
        assert not {one.text for one in getattr(side, kind)} & {one.text for one in getattr(held_out, kind)}
    assert {pair.movie for pair in side.pairs}.isdisjoint(movies)
    assert {pair.split for pair in side.pairs} == {"train"}
    assert {pair.split for pair in held_out.pairs} == {"dev"}
    assert {one.product for one in side.products}.isdisjoint(one.product for one in held_out.products)
    assert len(side.products) + len(held_out.products) == len(further.products)
    assert all(phrase.whole and phrase.split == "dev" for phrase in held_out.phrases)


def test_a_phrase_that_is_a_held_out_sentence_is_left_out(further: FurtherCorpora) -> None:
    sentence = next(phrase for phrase in further.phrases if phrase.split == "dev" and phrase.whole)
    copied = replace(further, phrases=[*further.phrases, sentence._replace(split="train", whole=False)])
    side, _ = corpora.split(copied, frozenset(), 0.3)
    assert sentence.text not in {phrase.text for phrase in side.phrases}


def test_a_comment_that_is_held_out_too_is_left_out(further: FurtherCorpora) -> None:
    comment = next(comment for comment in further.comments if comment.split == "dev")
    copied = replace(further, comments=[*further.comments, comment._replace(split="train")])
    side, held_out = corpora.split(copied, frozenset(), 0.3)
    assert comment.text not in {one.text for one in side.comments}
    assert comment in held_out.comments
