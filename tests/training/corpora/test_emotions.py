from pathlib import Path

import pytest

from tests.training.corpora import published
from training.corpora import emotions
from training.corpora.emotions import EMOTIONS, NEGATIVE, POSITIVE, Comment
from training.corpora.imdb import DataError

COMMENTS = [
    Comment("train", "Thanks [NAME]!", ("gratitude", "joy")),
    Comment("train", "It is on Monday", ("neutral",)),
    Comment("dev", '"Hm', ("confusion", "annoyance")),
]
FILES = {"train.tsv": "Thanks [NAME]!\t15,17\ta1\nIt is on Monday\t27\ta2\n", "dev.tsv": '"Hm\t6,3\ta3\n'}


def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> Path:
    monkeypatch.setattr(emotions, "OFFICIAL", published.of(emotions.OFFICIAL, files))
    return published.write_folder(tmp_path, files)


def test_numbers_are_emotions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert emotions.load(source(tmp_path, monkeypatch, FILES)) == COMMENTS


def test_parquet_gives_the_same(tmp_path: Path) -> None:
    columns = {name: [getattr(comment, name) for comment in COMMENTS] for name in Comment._fields}
    assert emotions.load(published.write_parquet(tmp_path / "emotions.parquet", columns)) == COMMENTS


@pytest.mark.parametrize("line", ["no tabs", "Hm\t28\ta", "Hm\tx\ta", "Hm\t\ta", "a\tb\t1\tc"])
def test_a_line_of_another_form_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    folder = source(tmp_path, monkeypatch, {**FILES, "dev.tsv": line})
    with pytest.raises(DataError, match="line of the dev split of emotions"):
        emotions.load(folder)


@pytest.mark.parametrize(
    ("found", "polarity"),
    [
        (("joy",), "positive"),
        (("joy", "love"), "positive"),
        (("anger", "sadness"), "negative"),
        (("neutral",), "neutral"),
        (("joy", "anger"), None),
        (("joy", "neutral"), None),
        (("surprise",), None),
        (("surprise", "joy"), None),
    ],
)
def test_the_polarity_is_that_of_all_emotions(found: tuple[str, ...], polarity: str | None) -> None:
    assert Comment("dev", "", found).polarity == polarity


def test_all_emotions_but_the_ambiguous_ones_have_a_polarity() -> None:
    assert len(EMOTIONS) == 28
    assert not POSITIVE & NEGATIVE
    assert {*EMOTIONS} - POSITIVE - NEGATIVE == {"confusion", "curiosity", "realization", "surprise", "neutral"}
