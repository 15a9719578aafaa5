from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.corpora import published
from training.corpora import sst
from training.corpora.imdb import DataError
from training.corpora.sst import Phrase

TRAIN = "(3 (2 It) (4 (4 (2 's) (3 good)) (2 .)))\n(1 (2 (2 A) (2 -LRB-)) (1 (1 do) (2 n't)))\n"
DEV = "(0 (0 Bad) (2 .))\n"
PHRASES = [
    Phrase("train", "It", 2, False),
    Phrase("train", "'s", 2, False),
    Phrase("train", "good", 3, False),
    Phrase("train", "'s good", 4, False),
    Phrase("train", ".", 2, False),
    Phrase("train", "'s good.", 4, False),
    Phrase("train", "It's good.", 3, True),
    Phrase("train", "A", 2, False),
    Phrase("train", "(", 2, False),
    Phrase("train", "A (", 2, False),
    Phrase("train", "do", 1, False),
    Phrase("train", "n't", 2, False),
    Phrase("train", "don't", 1, False),
    Phrase("train", "A ( don't", 1, True),
    Phrase("dev", "Bad", 0, False),
    Phrase("dev", ".", 2, False),
    Phrase("dev", "Bad.", 0, True),
]


@pytest.fixture
def trees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    texts = {"trees/train.txt": TRAIN, "trees/dev.txt": DEV}
    monkeypatch.setattr(sst, "OFFICIAL", published.of(sst.OFFICIAL, texts))
    sums = {split: sst.sentences_sha256(one for one in PHRASES if one.split == split) for split in ("train", "dev")}
    monkeypatch.setattr(sst, "SENTENCES", sums)
    return published.write_folder(tmp_path, texts)


def test_every_node_of_a_tree_is_a_phrase(trees: Path) -> None:
    assert sst.load(trees) == PHRASES


def test_parquet_gives_the_same(tmp_path: Path, trees: Path) -> None:
    columns = {name: [getattr(phrase, name) for phrase in PHRASES] for name in Phrase._fields}
    assert sst.load(published.write_parquet(tmp_path / "parquet" / "sst.parquet", columns)) == sst.load(trees)


def test_a_phrase_that_stands_twice_in_a_sentence_is_read_once() -> None:
    texts = [phrase.text for phrase in sst._phrases("dev", "(2 (2 (2 so) (2 so)) (2 good))")]
    assert texts == ["so", "so so", "good", "so so good"]


def test_other_sentences_are_refused(trees: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sst, "SENTENCES", {**sst.SENTENCES, "dev": "0"})
    with pytest.raises(DataError, match="dev split of the Treebank has other sentences"):
        sst.load(trees)


def test_the_checksum_is_of_letters_and_labels_of_whole_sentences() -> None:
    first = Phrase("dev", 'It\'s a "trap".', 1, True)
    assert sst.sentences_sha256([first]) == sst.sentences_sha256([first._replace(text="it 's a `` trap '' .")])
    assert sst.sentences_sha256([first]) == sst.sentences_sha256([first, Phrase("dev", "a", 2, False)])
    for changed in (first._replace(label=2), first._replace(text="It's a trip.")):
        assert sst.sentences_sha256([first]) != sst.sentences_sha256([changed])


@pytest.mark.parametrize("column", [{"split": "test"}, {"label": 5}])
def test_parquet_of_something_else_is_refused(tmp_path: Path, column: dict[str, str | int]) -> None:
    row = {"split": "dev", "whole": True, "text": "Bad.", "label": 0, **column}
    folder = published.write_parquet(tmp_path / "sst.parquet", {name: [value] for name, value in row.items()})
    with pytest.raises(DataError, match="has a phrase of the split"):
        sst.load(folder)


@given(st.text(alphabet="()01 ab'", max_size=30))
def test_a_line_is_a_tree_or_refused(line: str) -> None:
    try:
        nodes = sst._nodes(line)
    except DataError:
        return
    assert line.count("(") == line.count(")") == len(nodes)


@pytest.mark.parametrize("line", ["", "word", "()", "(2 good", "2 good)", "(good 2)", "(2 (2 so) good"])
def test_what_is_no_tree_is_refused(line: str) -> None:
    with pytest.raises(DataError, match="is not a tree"):
        sst._nodes(line)
