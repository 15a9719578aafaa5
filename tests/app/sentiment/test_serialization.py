"""The JSON that is written by hand."""

import json
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.artifacts.versions import ModelId
from app.sentiment.classifier import Classification
from app.sentiment.codes import WarningCode, Warnings
from app.sentiment.explanation import Explanation, Sentence, Word
from app.sentiment.labels import BINARY
from app.sentiment.schemas import SentimentResponse, TokenCounts
from app.sentiment.serialization import (
    DIGITS,
    explanation_json,
    plain_text,
    predictions,
    rounded,
    sentiment_json,
)

LABELS = tuple("abcdefghijklmnopqrst")
PROBABILITY = st.floats(0, 1, width=32) | st.sampled_from([0.0, 0.5, float(np.nextafter(np.float32(0.5), 0)), 1.0])

MODEL = ModelId("some-model", "100%")


@st.composite
def softmaxes(draw: st.DrawFn) -> list[float]:
    """What a softmax in single precision gives, some of it saturated."""
    logits = draw(st.lists(st.floats(-120, 120, width=32), min_size=2, max_size=20))
    powers = np.exp(np.array(logits, dtype=np.float32) - np.float32(max(logits)))
    return [float(power) for power in powers / powers.sum()]


def of(probabilities: list[float]) -> Classification:
    return Classification(LABELS[: len(probabilities)], probabilities, 3, 1, truncated=False)


WARNINGS = st.lists(st.sampled_from(get_args(WarningCode)), unique=True).map(tuple)


@given(PROBABILITY, WARNINGS)
def test_two_labels_are_rounded_as_ever(probability: float, warnings: Warnings) -> None:
    classification = Classification(BINARY, (1 - probability, probability), 12, 3, truncated=True, warnings=warnings)
    positive = round(probability, 6)
    negative = round(1 - positive, 6)
    label = "positive" if probability >= 0.5 else "negative"

    assert sentiment_json(classification, MODEL) == (
        f'{{"label":"{label}","score":{max(positive, negative)},'
        f'"probabilities":{{"negative":{negative},"positive":{positive}}},'
        '"tokens":{"count":12,"unknown":3,"truncated":true},'
        f'"warnings":{json.dumps(warnings, separators=(",", ":"))},"model":"some-model","version":"100%"}}'
    )


@given(softmaxes(), WARNINGS, st.integers(0, 2000), st.booleans())
def test_it_is_what_the_schema_writes(
    probabilities: list[float], warnings: Warnings, words: int, truncated: bool
) -> None:
    classification = of(probabilities)._replace(words=words, truncated=truncated, warnings=warnings)
    schema = SentimentResponse(
        label=classification.label,
        score=round(classification.score, DIGITS),
        probabilities=dict(zip(classification.labels, rounded(probabilities), strict=True)),
        tokens=TokenCounts(count=words, unknown=1, truncated=truncated),
        warnings=list(warnings),
        model="some-model",
        version="100%",
    )

    written = sentiment_json(classification, MODEL)

    assert SentimentResponse.model_validate_json(written) == schema
    assert list(json.loads(written)) == list(SentimentResponse.model_fields)
    assert json.loads(written) == schema.model_dump(mode="json")


def test_plain_text_ends_in_the_codes() -> None:
    classification = Classification(BINARY, (0.53714, 0.46286), 3, 1, truncated=False)

    assert plain_text(classification) == "negative 0.5371"
    assert plain_text(classification._replace(warnings=("not_english",))) == "negative 0.5371 not_english"
    both = classification._replace(warnings=("truncated", "unknown_words"))
    assert plain_text(both) == "negative 0.5371 truncated,unknown_words"


@given(softmaxes())
def test_rounded_probabilities_add_up_and_agree_with_the_label(probabilities: list[float]) -> None:
    answer = json.loads(sentiment_json(of(probabilities), MODEL))

    shown = answer["probabilities"]
    assert list(shown) == list(LABELS[: len(probabilities)])
    assert abs(sum(shown.values()) - 1) <= 5e-7 * len(probabilities) + 1e-6
    assert shown[answer["label"]] == answer["score"] == max(shown.values())


@given(softmaxes())
def test_rounding_keeps_the_order(probabilities: list[float]) -> None:
    shown = rounded(probabilities)

    order = np.argsort(probabilities, kind="stable")
    in_order = [shown[index] for index in order]
    assert in_order == sorted(in_order)
    assert all(abs(one - other) <= 1.1e-6 for one, other in zip(shown, probabilities, strict=True))


@given(softmaxes(), st.data())
def test_a_choice_of_labels_keeps_their_proportions(probabilities: list[float], data: st.DataObject) -> None:
    labels = LABELS[: len(probabilities)]
    chosen = data.draw(st.lists(st.sampled_from(labels), min_size=2, unique=True).map(sorted).map(tuple))

    whole = of(probabilities)
    total = sum(whole.probability(label) for label in chosen)

    found = whole.among(chosen)

    assert found.labels == chosen
    assert sum(found.probabilities) == pytest.approx(1, abs=1e-6)
    for label in chosen:
        share = whole.probability(label) / total if total else 1 / len(chosen)
        assert found.probability(label) == pytest.approx(share, abs=1e-6)


def test_labels_that_all_have_no_probability_share_it() -> None:
    found = of([1.0, 0.0, 0.0]).among(("b", "c"))

    assert list(found.probabilities) == [0.5, 0.5]


def test_all_labels_are_no_choice() -> None:
    classification = of([0.3, 0.30000001, 0.4])

    assert classification.among(classification.labels) is classification


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5])
def test_an_explanation_is_written_some_words_at_a_time(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.sentiment.serialization._AT_ONCE", 2)
    words = [Word(place, place + 1, 0.5 * place) for place in range(count)]
    sentences = [Sentence(place, place + 1, of([0.25, 0.75])) for place in range(count)]
    found = json.loads(explanation_json(Explanation(words, sentences), "é" * count))
    assert found["words"] == [
        {"text": "é", "start": place, "end": place + 1, "contribution": 0.5 * place} for place in range(count)
    ]
    assert found["sentences"] == [
        {"start": place, "end": place + 1, "label": "b", "score": 0.75} for place in range(count)
    ]


def test_a_sigmoid_is_predicted_by_a_number_and_a_softmax_by_a_row() -> None:
    probabilities = np.array([[0.75, 0.25], [0.00000049, 0.99999951]])

    assert predictions(probabilities, sigmoid=True) == [0.25, 1.0]
    assert predictions(probabilities, sigmoid=False) == [[0.75, 0.25], [0.0, 1.0]]
