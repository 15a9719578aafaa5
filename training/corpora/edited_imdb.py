"""IMDb reviews that people edited, as little as possible, so that the verdict turns over.

Kaushik, Hovy and Lipton, *Learning the Difference that Makes a Difference with Counterfactually-Augmented Data*, ICLR
2020.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from training.corpora.files import Official, official_texts, parquet_rows
from training.corpora.imdb import DataError, Review, Reviews

_PLACE: Final = (
    "https://raw.githubusercontent.com/acmi-lab/counterfactually-augmented-data/master/sentiment/combined/paired"
)
OFFICIAL: Final = Official(
    "edited-imdb",
    [f"{_PLACE}/train_paired.tsv", f"{_PLACE}/dev_paired.tsv"],
    {
        "train_paired.tsv": "7ac50ca3d70890f80e11ee59955cdbfc43f26b5078d0603717817ab224d2af18",
        "dev_paired.tsv": "4c2d8a70cbce23eba27fb1f0bb5043cf044811912435cf8d10c3ea6fc7a51363",
    },
)
Split = Literal["train", "dev"]
_SPLITS: Final[dict[str, Split]] = {"train_paired.tsv": "train", "dev_paired.tsv": "dev"}
_COLUMNS: Final = ("split", "imdb_id", "original", "edited", "original_label")
_LABELS: Final = {"Negative": 0, "Positive": 1}
_LETTERS: Final = re.compile(r"[\W_]+")
_BEGINNING: Final = 60
"""Letters by which an original is found among the reviews: further on, a few differ by a word or a rating."""


class Pair(NamedTuple):
    """A review and its edited copy.

    Attributes:
        split: ``train`` or ``dev``; both are made of reviews of IMDb's train split.
        imdb_id: The id of the review.
        movie: The IMDb title that it is about: where that is held out, so must the copy be.
        original: The review.
        edited: The copy, of the other label.
        original_label: 1 if the review is positive, else 0.
    """

    split: Split
    imdb_id: str
    movie: str
    original: str
    edited: str
    original_label: int


def load(reviews: Reviews, source: Path | None = None) -> list[Pair]:
    """Read the pairs of both splits, and find out which movie each is about. Pairs of other reviews are left out.

    Args:
        reviews: IMDb's train split, or a sample of it.
        source: A folder with ``edited-imdb.parquet`` or with the published files. By default these, from their place.

    Raises:
        DataError: The source is missing, or has texts that are no pairs.
    """
    if source is not None and (path := source / f"{OFFICIAL.name}.parquet").is_file():
        movies = {row.id: row.movie for row in reviews.rows}
        rows = (row for row in parquet_rows(path, _COLUMNS) if row["imdb_id"] in movies)
        return [Pair(movie=movies[row["imdb_id"]], **row) for row in rows]
    found = {_beginning(row.text): row for row in reviews.rows}
    return [
        pair for name, text in official_texts(OFFICIAL, source).items() for pair in _pairs(_SPLITS[name], text, found)
    ]


def _pairs(split: Split, text: str, found: dict[str, Review]) -> Iterator[Pair]:
    rows = list(csv.DictReader(text.splitlines(keepends=True), dialect="excel-tab"))
    for pair in zip(rows[::2], rows[1::2], strict=True):
        original, edited = sorted(pair, key=lambda row: _beginning(row["Text"]) not in found)
        if original["batch_id"] != edited["batch_id"]:
            raise DataError(f"The {split} split of edited reviews has no pair {original['batch_id']}.")
        review = found.get(_beginning(original["Text"]))
        if review is None:
            continue
        yield Pair(split, review.id, review.movie, original["Text"], edited["Text"], _LABELS[original["Sentiment"]])


def _beginning(text: str) -> str:
    return _LETTERS.sub("", text.lower())[:_BEGINNING]
