"""The model that answers by default: how good it is, on reviews and on the few words that people try it with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.artifacts.manifest import read_manifest
from app.sentiment.classifier import Classifier
from app.sentiment.engines import ENGINES
from app.sentiment.explanation import explain
from tests.conftest import ROOT
from training.corpora import imdb
from training.sentiment.distillation import phrases
from training.sentiment.evaluation import everyday, short_texts
from training.sentiment.evaluation.edits import edits

MODELS = ROOT / "models"
BEST = MODELS / "sentiment-best"

POSITIVE = [
    "What a wonderful film!",
    "An excellent film from start to finish.",
    "Funny, moving and beautifully acted.",
    "One of the best films of the year.",
    "I enjoyed every minute of it.",
    "Highly recommended :)",
]
NEGATIVE = [
    "What a terrible film!",
    "A complete waste of time.",
    "Boring and predictable.",
    "The worst film of the year.",
    "I want my money back.",
    "The acting is awful and the plot makes no sense.",
    "What a disappointment :(",
]
NEGATED_BLAME = [
    "not bad at all",
    "That wasn't bad.",
    "I don't regret watching this",
    "I don’t regret watching this",
    "You won't regret a minute of it.",
    "never boring",
    "Not a dull moment in it.",
    "couldn't be better",
    "That wasn’t bad.",
    "I can't wait to see it again!",
]
NEGATED_PRAISE = [
    "not good at all",
    "It is not a good comedy.",
    "not worth watching",
    "It isn't worth the money.",
    "It isn’t funny.",
    "never funny",
    "I didn't like it.",
    "I didn’t like it at all.",
    "couldn't be worse",
    "I would not recommend it.",
    "There is nothing good about it.",
    "Don't bother.",
]
MISTAKEN = ["I can't recommend it enough", "Who would not like this film?"]
"""Praise that it does not take for praise. Written down before it was trained."""
EVERYDAY = [
    ("negative", "I am not happy"),
    ("negative", "My order arrived two weeks late and nobody answers."),
    ("negative", "1 star"),
    ("neutral", "It's okay"),
    ("neutral", "The store opens at nine."),
    ("neutral", "Where is the station?"),
    ("neutral", "Could you send me the invoice?"),
    ("positive", "Thank you so much for your quick help, the problem is solved!"),
    ("positive", "Works perfectly, no complaints."),
    ("positive", "5 stars"),
]
LONG_AND_NEUTRAL = [
    "The library is a collection of routines for reading and writing archive files. It consists of a shared object, "
    "the headers that programs are compiled with, and a command that lists what an archive contains. The format is "
    "described in a separate document. Version numbers have three parts, of which the first one changes when the "
    "interface does.",
    "The train leaves at ten past nine from platform four and stops in six towns on its way to the coast. Tickets are "
    "sold at the counter and by the machine next to it. Bicycles travel in the last carriage. The journey takes two "
    "hours and forty minutes, with a change at the junction on Sundays.",
]
REVIEWS = [
    "We went without knowing anything about it and came out delighted. The script is clever, the two leads are "
    "superb, and the music stays with you for days.",
    "It starts slowly and the first half hour is a bit confusing. After that it is gripping, and the ending is one "
    "of the most beautiful that I have seen.",
    "I had read bad things about it, so I expected little. I was wrong: it is warm, funny and wonderfully acted.",
    "The effects look cheap. The story is brilliant all the same, and my children loved it.",
]


@pytest.fixture(scope="module")
def best() -> Classifier:
    return Classifier(BEST)


def among_two(best: Classifier, texts: Sequence[str]) -> NDArray[np.float64]:
    """The probability of positive, where the choice is between negative and positive."""
    found = best.classify_all(texts)[0]
    return np.array([one.among(("negative", "positive")).probability("positive") for one in found])


def test_it_reaches_its_accuracy(best: Classifier) -> None:
    assert best.manifest.figures["test"]["accuracy"] >= 0.92


def test_it_is_more_accurate_than_the_lectures_model(best: Classifier) -> None:
    lecture = read_manifest(MODELS / "sentiment-lecture")
    assert best.manifest.data["test"] == lecture.data["test"]
    assert best.manifest.figures["test"]["accuracy"] > lecture.figures["test"]["accuracy"]


def test_it_is_calibrated(best: Classifier) -> None:
    figures = best.manifest.figures
    assert figures["test"]["calibration_error"] <= 0.02
    assert figures["calibration"]["log_loss_after"] <= figures["calibration"]["log_loss_before"]
    assert len(figures["calibration"]["fitted_on"]) > 1


def test_its_graph_is_small() -> None:
    assert (BEST / ENGINES["onnx"].file).stat().st_size <= 16 * 10**6


def test_it_notices_most_edits_that_turn_a_verdict_over(best: Classifier) -> None:
    found = edits()
    answers = among_two(best, found.texts)
    assert (answers[::2] > answers[1::2]).mean() >= 0.95
    assert ((answers >= 0.5) == found.labels).mean() >= 0.9


def test_it_was_taught_none_of_these_phrases() -> None:
    taught = {text.lower() for text, _ in phrases.labelled()}
    ours = [*POSITIVE, *NEGATED_BLAME, *MISTAKEN, *NEGATIVE, *NEGATED_PRAISE]
    assert not taught & {text.lower().replace("’", "'").strip(".!") for text in ours}


@pytest.mark.parametrize("text", [*POSITIVE, *NEGATED_BLAME])
def test_a_phrase_that_praises_is_positive(best: Classifier, text: str) -> None:
    assert best.classify(text)[0].label == "positive"


@pytest.mark.xfail(strict=True, reason="sentiment-best does not see this praise; the next model may")
@pytest.mark.parametrize("text", MISTAKEN)
def test_a_phrase_that_it_mistakes(best: Classifier, text: str) -> None:
    assert best.classify(text)[0].label == "positive"


@pytest.mark.parametrize(("label", "text"), EVERYDAY)
def test_what_people_type_first_gets_its_label(best: Classifier, label: str, text: str) -> None:
    assert best.classify(text)[0].label == label


@pytest.mark.parametrize("text", LONG_AND_NEUTRAL)
def test_a_long_text_may_be_neutral(best: Classifier, text: str) -> None:
    assert best.classify(text)[0].label == "neutral"


def test_it_is_right_on_most_everyday_sentences(best: Classifier) -> None:
    found = everyday.load()
    answers = [one.label for one in best.classify_all(found.texts)[0]]
    assert np.mean([answer == label for answer, label in zip(answers, found.labels, strict=True)]) >= 0.88


@pytest.mark.parametrize("text", [*NEGATIVE, *NEGATED_PRAISE])
def test_a_phrase_that_blames_is_negative(best: Classifier, text: str) -> None:
    assert best.classify(text)[0].label == "negative"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I don't regret it", "I don’t regret it"),
        ("It isn't worth it!", "It isn‘t worth it!"),
        ("Great film :)", "Great film 😀"),
        ("Loved it :-)", "LOVED it :)"),
        ("So bad :(", "so bad 👎🏽"),
    ],
)
def test_what_is_typed_in_another_way_is_the_same(best: Classifier, one: str, other: str) -> None:
    assert best.classify(one)[0].probability("positive") == best.classify(other)[0].probability("positive")


@pytest.mark.parametrize("text", REVIEWS)
def test_without_its_most_positive_word_a_review_is_less_positive(best: Classifier, text: str) -> None:
    whole = best.classify(text)[0]
    assert whole.label == "positive"
    top = max(explain(best, text).explanation.words, key=lambda word: word.contribution)
    without = best.classify(text[: top.start] + text[top.end :])[0]
    assert without.probability("positive") < whole.probability("positive")


def test_it_is_right_on_most_phrases(best: Classifier) -> None:
    found = short_texts.phrases()
    answers = among_two(best, found.texts)
    assert np.mean((answers >= 0.5) == found.labels) >= 0.9


def test_it_is_right_on_most_single_sentences(best: Classifier, real_data: Path) -> None:
    sentences = short_texts.sentences(imdb.load("train", real_data))
    assert sentences is not None
    found = among_two(best, sentences.texts)
    assert np.mean((found >= 0.5) == sentences.labels) >= 0.80


def test_it_learnt_from_the_reviews_without_labels(best: Classifier, real_data: Path) -> None:
    unlabelled = imdb.load("unsup", real_data)
    assert best.manifest.data["train"]["unlabelled"] == {"reviews": len(unlabelled), "sha256": unlabelled.sha256}
