from pathlib import Path

import pytest

from tests.training.corpora import published
from training.corpora import edited_imdb
from training.corpora.edited_imdb import Pair
from training.corpora.imdb import DataError, Review, Reviews

REVIEWS = Reviews(
    [
        Review("neg/1_2", "tt7", "Really dull.<br />I give it 2/10.", 0),
        Review("pos/3_9", "tt8", 'He said "great", and it is.', 1),
        Review("pos/4_9", "tt8", "Another one.", 1),
    ]
)
PAIRS = [
    Pair("train", "neg/1_2", "tt7", "Really dull.<br />I give it 2/10.", "Really fun.<br />I give it 9/10.", 0),
    Pair("dev", "pos/3_9", "tt8", 'He said "great", and it is.', 'He said "great", and it isn\'t.', 1),
]
FILES = {
    "train_paired.tsv": (
        "Sentiment\tText\tbatch_id\n"
        "Negative\tReally dull.<br />I give it 2/10.\t5\nPositive\tReally fun.<br />I give it 9/10.\t5\n"
    ),
    "dev_paired.tsv": (
        "Sentiment\tText\tbatch_id\n"
        'Negative\t"He said ""great"", and it isn\'t."\t6\nPositive\t"He said ""great"", and it is."\t6\n'
    ),
}


def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> Path:
    monkeypatch.setattr(edited_imdb, "OFFICIAL", published.of(edited_imdb.OFFICIAL, files))
    return published.write_folder(tmp_path, files)


def test_the_original_of_a_pair_is_the_one_among_the_reviews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert edited_imdb.load(REVIEWS, source(tmp_path, monkeypatch, FILES)) == PAIRS


def test_parquet_gives_the_same(tmp_path: Path) -> None:
    names = [name for name in Pair._fields if name != "movie"]
    columns = {name: [getattr(pair, name) for pair in PAIRS] for name in names}
    assert edited_imdb.load(REVIEWS, published.write_parquet(tmp_path / "edited-imdb.parquet", columns)) == PAIRS


def test_an_original_may_differ_from_its_review_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beginning = "A long way to begin a review, longer than what is looked at to find it, and then it is "
    reviews = Reviews([Review("neg/1_2", "tt7", f"{beginning}4/10.", 0)])
    rows = f"Sentiment\tText\tbatch_id\nNegative\t{beginning}6/10.\t5\nPositive\tFine.\t5\n"
    files = {"train_paired.tsv": rows, "dev_paired.tsv": "Sentiment\tText\tbatch_id\n"}
    (pair,) = edited_imdb.load(reviews, source(tmp_path, monkeypatch, files))
    assert (pair.imdb_id, pair.original, pair.edited) == ("neg/1_2", f"{beginning}6/10.", "Fine.")


def test_texts_that_do_not_belong_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {**FILES, "dev_paired.tsv": FILES["dev_paired.tsv"].replace("\t6\nPositive", "\t7\nPositive")}
    with pytest.raises(DataError, match=r"dev split of edited reviews has no pair \d"):
        edited_imdb.load(REVIEWS, source(tmp_path, monkeypatch, files))


def test_pairs_of_other_reviews_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Reviews(REVIEWS.rows[:1])
    assert edited_imdb.load(sample, source(tmp_path, monkeypatch, FILES)) == PAIRS[:1]
    names = [name for name in Pair._fields if name != "movie"]
    columns = {name: [getattr(pair, name) for pair in PAIRS] for name in names}
    folder = published.write_parquet(tmp_path / "parquet" / "edited-imdb.parquet", columns)
    assert edited_imdb.load(sample, folder) == PAIRS[:1]
