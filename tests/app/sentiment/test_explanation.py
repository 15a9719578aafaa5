from pathlib import Path

import pytest

from app.sentiment.classifier import Classifier
from app.sentiment.engines import EngineName
from app.sentiment.explanation import Explanation, explain
from app.sentiment.rules import REVIEWS
from app.sentiment.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def classifier(models_dir: Path) -> Classifier:
    return Classifier(models_dir / "sentiment-tiny")


def explained(classifier: Classifier, text: str) -> Explanation:
    return explain(classifier, text, classifier.classify(text)[0])


def probability(classifier: Classifier, text: str) -> float:
    return classifier.classify(text)[0].probability("positive")


def test_words_count_what_the_text_loses_without_them(classifier: Classifier) -> None:
    text = "What a brilliant film, but boring 😀 music!"
    words = explained(classifier, text).words
    found = [text[word.start : word.end] for word in words]
    assert found == ["What", "a", "brilliant", "film", "but", "boring", "😀", "music"]
    for word in words:
        without = probability(classifier, text[: word.start] + text[word.end :])
        assert word.contribution == pytest.approx(probability(classifier, text) - without, abs=1e-6)
    assert words[5].contribution < -0.1


def test_a_word_that_makes_the_text_more_positive_counts_more_than_0(classifier: Classifier) -> None:
    assert explained(classifier, "What a brilliant film").words[2].contribution > 0.1


def test_sentences_are_classified_by_themselves(classifier: Classifier) -> None:
    text = "Really brilliant!<br />\nReally boring!"
    sentences = explained(classifier, text).sentences
    assert [text[found.start : found.end] for found in sentences] == ["Really brilliant!", "Really boring!"]
    for found in sentences:
        alone = classifier.classify(text[found.start : found.end])[0]
        assert found.classification.probability("positive") == pytest.approx(alone.probability("positive"), abs=1e-6)
        assert found.classification[2:] == alone[2:]
    assert [found.classification.label for found in sentences] == ["positive", "negative"]


def test_what_is_cut_off_counts_nothing_and_takes_no_place(classifier: Classifier) -> None:
    cut, kept = "awful awful awful", "a brilliant film and a superb story but the music is dull"
    words = explained(classifier, f"{cut} {kept}").words
    assert [word.contribution for word in words[:3]] == [0, 0, 0]
    ids = classifier.tokenizer.encode(kept).ids[1:]
    assert len(ids) == classifier.serving.maxlen
    for place, word in enumerate(words[3:]):
        without = classifier.predict([ids[:place] + ids[place + 1 :]])[0, 1]
        assert word.contribution == pytest.approx(probability(classifier, kept) - without, abs=1e-6)
    assert words[4].contribution != 0


def test_all_words_are_read_where_only_the_start_id_is_cut_off(classifier: Classifier) -> None:
    words = explained(classifier, "brilliant " * classifier.serving.maxlen).words
    assert len(words) == classifier.serving.maxlen
    assert len({round(word.contribution, 5) for word in words}) == 1


@pytest.mark.parametrize("engine", ["onnx", "tensorflow"])
@pytest.mark.parametrize("text", ["", " \n", "... !", "\u2026", "<br />", "\xa0"])
def test_texts_that_say_nothing_are_explained(models_dir: Path, engine: EngineName, text: str) -> None:
    classifier = Classifier(models_dir / "sentiment-tiny", engine)
    found = explained(classifier, text)
    assert [text[word.start : word.end] for word in found.words] == [
        word for word in ("\u2026", "br", "\xa0") if word in text
    ]
    assert [text[one.start : one.end] for one in found.sentences] == [word for word in ("\u2026",) if word in text]


@pytest.mark.parametrize(
    ("text", "words", "sentences"),
    [
        ("I didn't laugh! ! 😀", ["I", "did", "n't", "laugh", "!", "!", "😀"], ["I didn't laugh!", "!", "😀"]),
        ("!!!", ["!", "!", "!"], ["!!!"]),
        ("... <br />", [], []),
    ],
)
def test_words_are_those_of_the_models_own_rule(
    models_dir: Path, text: str, words: list[str], sentences: list[str]
) -> None:
    classifier = Classifier(models_dir / "sentiment-tiny")
    filler = [f"word{index}" for index in range(len(classifier.tokenizer.words) - 3)]
    classifier.tokenizer = Tokenizer(["!", "n't", "☺", *filler], rule=REVIEWS)
    found = explained(classifier, text)
    assert [text[word.start : word.end] for word in found.words] == words
    assert [text[one.start : one.end] for one in found.sentences] == sentences
    assert classifier.classify(text)[0].words == len(words)
