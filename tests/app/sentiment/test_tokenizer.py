import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from keras.src.legacy.preprocessing.text import Tokenizer as KerasTokenizer

from app.artifacts.manifest import ArtifactError
from app.sentiment.rules import KERAS
from app.sentiment.tokenizer import PLAIN, RESERVED, Tokenizer, count_words

LECTURE = ["This movie was awful", "I loved every moment of this movie!", "I want a refund; I was so bored!"]

TEXTS = st.lists(st.text(alphabet=st.sampled_from("abAB ışİß'!.,-_\t\n\r\xa0é<br />")) | st.text(), max_size=8)


def keras_tokenizer(texts: list[str], num_words: int | None = None) -> Any:
    tokenizer = KerasTokenizer(num_words=num_words)
    tokenizer.fit_on_texts(texts)
    return tokenizer


def test_the_lectures_example_has_its_14_words_and_ids() -> None:
    tokenizer = Tokenizer.fit(LECTURE, reserved=PLAIN)
    assert len(tokenizer.words) == 14
    assert [tokenizer.encode(text).ids for text in LECTURE] == [
        [2, 3, 4, 5],
        [1, 6, 7, 8, 9, 2, 3],
        [1, 10, 11, 12, 1, 4, 13, 14],
    ]


@given(TEXTS)
@example(["\r a\xa0b \x0b", "İ", "a\x00b", "'' '"])
def test_fitting_agrees_with_keras(texts: list[str]) -> None:
    keras = keras_tokenizer(texts)
    assert count_words(texts) == dict(keras.word_counts)
    tokenizer = Tokenizer.fit(texts, reserved=PLAIN)
    assert tokenizer.word_index == keras.word_index
    assert [tokenizer.encode(text).ids for text in texts] == keras.texts_to_sequences(texts)


@given(TEXTS, TEXTS, st.integers(4, 12))
def test_reserved_ids_are_keras_ids_shifted(texts: list[str], others: list[str], size: int) -> None:
    tokenizer = Tokenizer.fit(texts, size)
    assert tokenizer.vocabulary_size <= size
    words = len(tokenizer.words)
    index = keras_tokenizer(texts).word_index
    for text in others:
        ranks = [index.get(word, words + 1) for word in KERAS.split(text)]
        expected = [1, *(rank + 2 if rank <= words else 2 for rank in ranks)]
        encoding = tokenizer.encode(text)
        assert encoding.ids == expected
        assert encoding.words == len(ranks)
        assert encoding.unknown == expected.count(2)


def test_real_reviews_agree_with_keras(real_data: Path) -> None:
    from training.corpora import imdb

    texts = imdb.load("train", real_data).sample(2000, seed=7).texts
    keras = keras_tokenizer(texts)
    tokenizer = Tokenizer.fit(texts)
    assert count_words(texts) == dict(keras.word_counts)
    assert list(tokenizer.words) == list(keras.word_index)
    for text, ids in zip(texts, keras.texts_to_sequences(texts), strict=True):
        assert tokenizer.encode(text).ids == [1, *(rank + 2 for rank in ids)]


@given(TEXTS, st.sampled_from([RESERVED, PLAIN]))
def test_decoding_names_what_was_encoded(texts: list[str], reserved: tuple[str, ...]) -> None:
    tokenizer = Tokenizer.fit(texts, reserved=reserved)
    start = ["<start>"] if reserved == RESERVED else []
    for text in texts:
        assert list(tokenizer.decode(tokenizer.encode(text).ids)) == start + KERAS.split(text)


@pytest.mark.parametrize("index", [-1, 5])
def test_decoding_refuses_ids_it_does_not_know(index: int) -> None:
    with pytest.raises(IndexError):
        list(Tokenizer(["a", "b"]).decode([index]))


def test_an_artifact_is_read_as_it_was_written(tmp_path: Path) -> None:
    tokenizer = Tokenizer.fit([*LECTURE, "naïve café \u2028 \x85x"])
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path / "tokenizer.json")
    assert loaded.word_index == tokenizer.word_index
    assert loaded.reserved == RESERVED


def test_the_artifact_says_its_rule_to_a_reader(tmp_path: Path) -> None:
    Tokenizer.fit(LECTURE).save(tmp_path / "tokenizer.json")
    document = json.loads((tmp_path / "tokenizer.json").read_text())
    assert document["rule"] == {
        "lower": True,
        "filters": '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n',
        "split": " ",
    }
    assert document["reserved"] == ["<pad>", "<start>", "<unknown>"]
    assert document["words"][:2] == ["i", "this"]


GOOD: dict[str, Any] = {
    "rule": {"lower": True, "filters": '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', "split": " "},
    "reserved": ["<pad>", "<start>", "<unknown>"],
    "words": ["a", "b"],
}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "null",
        "\xff",
        json.dumps({**GOOD, "rule": {**GOOD["rule"], "lower": False}}),
        json.dumps({**GOOD, "reserved": ["<pad>"] * 4}),
        json.dumps({**GOOD, "words": "ab"}),
        json.dumps({**GOOD, "words": ["a", "a"]}),
        json.dumps({**GOOD, "words": ["a", 1]}),
        json.dumps({**GOOD, "words": ["A"]}),
        json.dumps({**GOOD, "words": ["two words"]}),
    ],
)
def test_a_broken_artifact_is_refused_by_name(content: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ArtifactError, match=r"tokenizer\.json .*train the model again"):
        Tokenizer.load(path)


def test_a_missing_artifact_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"nothing\.json"):
        Tokenizer.load(tmp_path / "nothing.json")
