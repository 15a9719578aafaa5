import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_softmax, logit

from app.sentiment.classifier import Classification, Classifier
from app.sentiment.engines import EngineName
from app.sentiment.explanation import Explanation, _gradient, _sides, explain, explain_all
from app.sentiment.rules import REVIEWS
from app.sentiment.tokenizer import Tokenizer
from tests import toys


@pytest.fixture(scope="module")
def classifier(models_dir: Path) -> Classifier:
    return Classifier(models_dir / "sentiment-tiny")


@pytest.fixture(scope="module")
def windows(window_models_dir: Path) -> Classifier:
    return Classifier(window_models_dir / "sentiment-windows")


def explained(classifier: Classifier, text: str) -> Explanation:
    return explain(classifier, text).explanation


def log_odds(classifier: Classifier, text: str) -> float:
    return float(logit(classifier.classify(text)[0].probability("positive")))


def positive_against_negative(classifier: Classifier, text: str) -> float:
    found = classifier.classify(text)[0]
    return math.log(found.probability("positive") / found.probability("negative"))


def test_words_count_what_the_text_loses_without_them(classifier: Classifier) -> None:
    text = "What a brilliant film, but boring 😀 music!"
    words = explained(classifier, text).words
    found = [text[word.start : word.end] for word in words]
    assert found == ["What", "a", "brilliant", "film", "but", "boring", "😀", "music"]
    for word in words:
        without = log_odds(classifier, text[: word.start] + text[word.end :])
        assert word.contribution == pytest.approx(log_odds(classifier, text) - without, abs=1e-4)
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
        without = logit(classifier.predict([ids[:place] + ids[place + 1 :]])[0, 1])
        assert word.contribution == pytest.approx(log_odds(classifier, kept) - without, abs=1e-4)
    assert words[4].contribution != 0


def test_all_words_are_read_where_only_the_start_id_is_cut_off(classifier: Classifier) -> None:
    words = explained(classifier, "brilliant " * classifier.serving.maxlen).words
    assert len(words) == classifier.serving.maxlen
    assert len({round(word.contribution, 3) for word in words}) == 1


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


# ---------------------------------------------------------------- sure answers


@pytest.mark.parametrize("sure", [0.0, 1.0])
def test_what_a_sigmoid_cannot_tell_apart_from_0_or_1_has_no_absurd_contribution(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, sure: float
) -> None:
    """1 − p has no digits below 6e-8 there, so that the odds may be as large as those, and not 1e38."""
    answers = {2: [1 - sure, sure], 1: [0.5, 0.5]}
    for answering in (classifier, classifier.engine):
        monkeypatch.setattr(
            answering, "predict", lambda sequences: np.array([answers[len(ids) - 1] for ids in sequences])
        )
    words = explained(classifier, "superb film").words
    assert [abs(word.contribution) for word in words] == pytest.approx([25 * math.log(2)] * 2)


# ---------------------------------------------------------------- texts in windows

SHORT = "a brilliant film but boring"
LONG = "a brilliant film and a superb story but the music is dull zebra plot"


def test_what_fits_into_a_window_is_explained_by_leaving_words_out(windows: Classifier) -> None:
    words = explained(windows, SHORT).words
    assert len(words) == toys.WINDOW
    assert windows.attribution is not None
    tokens = toys.WINDOW + 1
    # Without a word, the text is shorter and its temperature lower; all is told at that of the whole text.
    cooler = windows.attribution.divisor(tokens - 1) / windows.attribution.divisor(tokens)
    assert cooler < 0.99
    for word in words:
        without = positive_against_negative(windows, SHORT[: word.start] + SHORT[word.end :]) * cooler
        assert word.contribution == pytest.approx(positive_against_negative(windows, SHORT) - without, abs=1e-4)


def attributed(classifier: Classifier, ids: Sequence[int], gradient: Sequence[float]) -> list[float]:
    assert classifier.attribution is not None
    _, states = classifier.engine.predict_with_states(ids)
    found: list[float] = classifier.attribution.contributions(states, len(ids), np.array(gradient)).tolist()
    return found


def test_what_does_not_is_explained_by_its_memory_cells(windows: Classifier) -> None:
    words = explained(windows, f"{SHORT} film").words
    ids = windows.tokenizer.encode(f"{SHORT} film").ids
    assert [word.contribution for word in words] == attributed(windows, ids, [-1, 0, 1])[1:]
    assert max(abs(word.contribution) for word in words) > 0.1


def test_the_answer_is_the_same_either_way(windows: Classifier) -> None:
    for text in (SHORT, LONG):
        found = explain(windows, text).classification
        expected = windows.classify(text)[0]
        assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
        assert found._replace(probabilities=()) == expected._replace(probabilities=())


def test_of_a_long_text_that_is_cut_off_the_words_that_are_read_contribute(windows: Classifier) -> None:
    maxlen = windows.serving.maxlen
    text = f"awful awful awful {LONG} {LONG}"
    words = explained(windows, text).words
    cut = len(words) - maxlen
    assert cut > 3
    ids = windows.tokenizer.encode(text).ids[-maxlen:]
    expected = attributed(windows, ids, [-1, 0, 1])
    assert [word.contribution for word in words] == [0.0] * cut + expected
    assert expected[0] != 0, "the first word that is read stands where the start id is in other texts"


def test_all_words_of_a_long_text_are_read_where_only_the_start_id_is_cut_off(windows: Classifier) -> None:
    text = " ".join((f"{LONG} " * 2).split()[: windows.serving.maxlen])
    ids = windows.tokenizer.encode(text).ids[1:]
    assert [word.contribution for word in explained(windows, text).words] == attributed(windows, ids, [-1, 0, 1])


@pytest.mark.parametrize("labels", [("negative", "neutral"), ("neutral", "positive"), ("negative", "positive")])
def test_a_long_text_is_explained_among_the_chosen_labels(windows: Classifier, labels: tuple[str, ...]) -> None:
    found = explain(windows, LONG, labels)
    assert found.classification.labels == labels
    winner, loser = found.classification.label, next(one for one in labels if one != found.classification.label)
    gradient = [{winner: 1.0, loser: -1.0}.get(label, 0.0) for label in windows.labels]
    if labels == ("negative", "positive"):
        gradient = [-1, 0, 1]
    expected = attributed(windows, windows.tokenizer.encode(LONG).ids, gradient)[1:]
    assert [word.contribution for word in found.explanation.words] == expected
    assert {sentence.classification.labels for sentence in found.explanation.sentences} == {labels}


FIVE = tuple("abcde")


@pytest.mark.parametrize(
    ("labels", "among"),
    [
        (FIVE, FIVE),
        (FIVE, ("a", "c", "e")),
        (FIVE, ("b", "d")),
        (("negative", "neutral", "positive"), ("negative", "neutral", "positive")),
        (("negative", "neutral", "positive"), ("neutral", "positive")),
        (("negative", "neutral", "positive"), ("negative", "positive")),
    ],
)
def test_the_gradient_is_the_slope_of_the_log_odds(labels: tuple[str, ...], among: tuple[str, ...]) -> None:
    logits = np.random.default_rng(5).normal(size=len(labels))

    def classified(logits: NDArray[np.float64]) -> Classification:
        probabilities = np.exp(log_softmax(logits)).tolist()
        return Classification(labels, probabilities, 1, 0, truncated=False).among(among)

    whole = classified(logits)
    pro, contra = _sides(whole)

    def odds(logits: NDArray[np.float64]) -> float:
        probabilities = np.array(classified(logits).probabilities)
        return float(np.log(probabilities[pro].sum() / probabilities[contra].sum()))

    width = 1e-5
    slopes = [(odds(logits + step) - odds(logits - step)) / (2 * width) for step in width * np.eye(len(labels))]
    np.testing.assert_allclose(_gradient(labels, whole), slopes, atol=1e-8)
    assert np.abs(slopes).sum() == pytest.approx(2)


def test_a_rest_without_any_probability_is_one_against_which_all_count_alike() -> None:
    sure = Classification(("a", "b", "c"), (0.0, 1.0, 0.0), 1, 0, truncated=False)
    np.testing.assert_allclose(_gradient(sure.labels, sure), [-0.5, 1, -0.5])


# ---------------------------------------------------------------- many texts


def test_texts_together_are_explained_as_each_alone(windows: Classifier) -> None:
    texts = [SHORT, LONG, "", "zebra. Superb!", f"{LONG} {LONG}", "film", LONG]
    found, seconds = explain_all(windows, texts, [windows.tokenizer.encode(text) for text in texts])
    assert min(seconds) > 0
    for text, (classification, explanation) in zip(texts, found, strict=True):
        alone = explain(windows, text)
        assert classification.probabilities == pytest.approx(alone.classification.probabilities, abs=1e-6)
        assert [word[:2] for word in explanation.words] == [word[:2] for word in alone.explanation.words]
        contributions = [word.contribution for word in explanation.words]
        assert contributions == pytest.approx([word.contribution for word in alone.explanation.words], abs=1e-4)
        assert [one[:2] for one in explanation.sentences] == [one[:2] for one in alone.explanation.sentences]
        for one, other in zip(explanation.sentences, alone.explanation.sentences, strict=True):
            assert one.classification.label == other.classification.label
            assert one.classification.score == pytest.approx(other.classification.score, abs=1e-6)


def test_no_texts_are_explained_too(windows: Classifier) -> None:
    assert explain_all(windows, [], [])[0] == []


def test_what_is_to_be_predicted_is_predicted_together(windows: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    predict = windows.engine.predict

    def spied(sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        runs.append(len(sequences))
        return predict(sequences)

    monkeypatch.setattr(windows.engine, "predict", spied)
    texts = [SHORT, f"{LONG}. {LONG}!", "Superb. Dull."]
    explain_all(windows, texts, [windows.tokenizer.encode(text) for text in texts])
    assert runs == [2, 5 + 2 + 5]  # two whole texts; words and sentences: 5 + 1, 0 + 2, 2 + 2
