"""The model that answers by default: how good it is, on reviews and on the few words that people try it with."""

from pathlib import Path

import numpy as np
import pytest

from app.artifacts.manifest import read_manifest
from app.sentiment.classifier import Classifier
from app.sentiment.explanation import explain
from tests.conftest import ROOT
from training.corpora import imdb
from training.sentiment.distillation import phrases
from training.sentiment.evaluation import short_texts
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
MISTAKEN = [
    "The cast couldn’t be better.",
    "I can't recommend it enough",
    "Who would not like this film?",
]
"""Praise that it takes for blame. Written down before it was trained."""
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


def test_it_reaches_its_accuracy(best: Classifier) -> None:
    assert best.manifest.figures["test"]["accuracy"] >= 0.92


def test_it_is_more_accurate_than_the_lectures_model(best: Classifier) -> None:
    lecture = read_manifest(MODELS / "sentiment-lecture")
    assert best.manifest.data["test"] == lecture.data["test"]
    assert best.manifest.figures["test"]["accuracy"] > lecture.figures["test"]["accuracy"]


def test_it_is_calibrated(best: Classifier) -> None:
    assert best.manifest.figures["test"]["calibration_error"] <= 0.02
    calibration = best.manifest.figures["calibration"]
    assert calibration["reviews"] == best.manifest.data["train"]["validation"]
    assert calibration["log_loss_after"] <= calibration["log_loss_before"]


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in BEST.iterdir()) <= 20 * 10**6


def test_it_notices_most_edits_that_turn_a_verdict_over(best: Classifier) -> None:
    found = edits()
    answers = np.array([one.probability("positive") for one in best.classify_all(found.texts)[0]])
    assert (answers[::2] > answers[1::2]).mean() >= 0.95
    assert ((answers >= 0.5) == found.labels).mean() >= 0.8


def test_it_was_taught_none_of_these_phrases() -> None:
    taught = {text.lower() for text, _ in phrases.labelled()}
    ours = [*POSITIVE, *NEGATED_BLAME, *MISTAKEN, *NEGATIVE, *NEGATED_PRAISE]
    assert not taught & {text.lower().replace("’", "'").strip(".!") for text in ours}


@pytest.mark.parametrize("text", [*POSITIVE, *NEGATED_BLAME])
def test_a_phrase_that_praises_is_positive(best: Classifier, text: str) -> None:
    assert best.classify(text)[0].label == "positive"


@pytest.mark.xfail(strict=True, reason="sentiment-best takes this praise for blame; the next model may not")
@pytest.mark.parametrize("text", MISTAKEN)
def test_a_phrase_that_it_mistakes(best: Classifier, text: str) -> None:
    assert best.classify(text)[0].label == "positive"


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
    answers = np.array([one.probability("positive") for one in best.classify_all(found.texts)[0]])
    assert np.mean((answers >= 0.5) == found.labels) >= 0.9


def test_it_is_right_on_most_single_sentences(best: Classifier, real_data: Path) -> None:
    sentences = short_texts.sentences(imdb.load("train", real_data))
    assert sentences is not None
    found = np.array([one.probability("positive") for one in best.classify_all(sentences.texts)[0]])
    assert np.mean((found >= 0.5) == sentences.labels) >= 0.80


def test_it_learnt_from_the_reviews_without_labels(best: Classifier, real_data: Path) -> None:
    unlabelled = imdb.load("unsup", real_data)
    assert best.manifest.data["train"]["unlabelled"] == {"reviews": len(unlabelled), "sha256": unlabelled.sha256}
