import json

from training.sentiment.evaluation.edits import FILE, edits


def test_each_pair_is_praise_and_then_blame_with_most_words_in_common() -> None:
    found = edits()
    assert found.labels.tolist() == [1, 0] * len(json.loads(FILE.read_text(encoding="utf-8")))
    assert len(set(found.texts)) == len(found.texts) >= 60
    for praise, blame in zip(found.texts[::2], found.texts[1::2], strict=True):
        common = set(praise.split()) & set(blame.split())
        assert len(common) > len(set(blame.split())) / 3, praise


def test_nothing_of_the_notation_is_left() -> None:
    assert not any(mark in text for text in edits().texts for mark in "{|}")
