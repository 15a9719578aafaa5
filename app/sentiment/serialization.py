"""Serialization of the sentiment responses, by hand: pydantic-core takes longer than tokenizing a sentence."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from app.artifacts.versions import ModelId
from app.sentiment.activations import Activations
from app.sentiment.classifier import Classification
from app.sentiment.codes import Warnings
from app.sentiment.explanation import Explained, Explanation
from app.sentiment.labels import Labels
from app.sentiment.schemas import ActivationsResponse, DirectionActivations

DIGITS: Final = 6
"""Digits of a probability, after the point."""
_TEMPLATES: Final = 256
_AT_ONCE: Final = 1_000


def sentiment_json(classification: Classification, model: ModelId) -> str:
    """Return a :class:`~app.sentiment.schemas.SentimentResponse` as JSON.

    Written by hand, in a quarter of the time that building and serializing the model takes: that is 5 µs of each
    request, and of each text of a batch. Probabilities have six digits.
    Names of models and labels need no escapes: the manifest allows none. A version is escaped in its template.
    """
    labels, probabilities, words, unknown, truncated, warnings = classification
    best = classification.best
    shown = rounded(probabilities)
    cut = "true" if truncated else "false"
    return _template(labels, model) % (labels[best], shown[best], *shown, words, unknown, cut, _codes(warnings))


@lru_cache(_TEMPLATES)
def _template(labels: Labels, model: ModelId) -> str:
    """Return the JSON with ``%s`` for what differs from text to text."""
    version = json.dumps(model.version).replace("%", "%%")
    probabilities = ",".join(f'"{label}":%s' for label in labels)
    return (
        f'{{"label":"%s","score":%s,"probabilities":{{{probabilities}}},'
        f'"tokens":{{"count":%s,"unknown":%s,"truncated":%s}},"warnings":%s,"model":"{model.name}",'
        f'"version":{version}}}'
    )


@lru_cache
def _codes(warnings: Warnings) -> str:
    return json.dumps(warnings, separators=(",", ":"))


def error_json(sentence: str) -> str:
    """Return a :class:`~app.sentiment.schemas.RowFailure` as JSON."""
    return json.dumps({"error": sentence}, ensure_ascii=False, separators=(",", ":"))


def plain_text(classification: Classification) -> str:
    """Return the label, its score and the codes of its warnings, if any: ``negative 0.5371 truncated,not_english``."""
    answer = f"{classification.label} {classification.score:.4f}"
    return f"{answer} {','.join(classification.warnings)}" if classification.warnings else answer


def rounded(probabilities: Sequence[float]) -> list[float]:
    """Round the probabilities of a text to :data:`DIGITS` digits. Of a sigmoid, they still add up to 1."""
    return [round(probability, DIGITS) for probability in probabilities]


def explained_json(explained: Explained, text: str, model: ModelId) -> str:
    """Return an :class:`~app.sentiment.schemas.ExplainedResponse` as JSON."""
    added = explanation_json(explained.explanation, text)
    return f"{sentiment_json(explained.classification, model)[:-1]},{added[1:]}"


def explanation_json(explanation: Explanation, text: str) -> str:
    """Return an explanation of a text as JSON: an object with the words and the sentences."""
    words = [
        # Adding 0 takes the sign from a rounded 0.
        {"text": text[start:end], "start": start, "end": end, "contribution": round(contribution, DIGITS) + 0.0}
        for start, end, contribution in explanation.words
    ]
    sentences = [
        {"start": start, "end": end, "label": found.label, "score": round(found.score, DIGITS)}
        for start, end, found in explanation.sentences
    ]
    return f'{{"words":[{_items(words)}],"sentences":[{_items(sentences)}]}}'


def _items(objects: Sequence[Mapping[str, Any]]) -> str:
    """Return the items of a list as JSON; some at a time, as the other threads stand still meanwhile."""
    return ",".join(
        json.dumps(objects[start : start + _AT_ONCE], ensure_ascii=False, separators=(",", ":"))[1:-1]
        for start in range(0, len(objects), _AT_ONCE)
    )


def predictions(probabilities: NDArray[np.float64], *, sigmoid: bool) -> list[float] | list[list[float]]:
    """Return what :class:`~app.sentiment.schemas.PredictResponse` holds.

    Args:
        probabilities: Of each label, shape (n, labels).
        sigmoid: Whether the model has a single output.

    Returns:
        The probability of the second label of each row where the model has a single output, else all probabilities.
    """
    if sigmoid:
        return rounded(probabilities[:, 1].tolist())
    return [rounded(row) for row in probabilities.tolist()]


def activations_response(
    found: Activations, units: Sequence[int], probabilities: NDArray[np.float64], model: ModelId, *, sigmoid: bool
) -> ActivationsResponse:
    """Return what a network computed of ids as an :class:`~app.sentiment.schemas.ActivationsResponse`.

    Args:
        found: What it computed.
        units: Those whose cells and gates are given.
        probabilities: Of each label, after each id; shape (ids, labels).
        model: The model.
        sigmoid: See :func:`predictions`.
    """
    chosen = np.array(units, np.intp)

    def numbers(array: NDArray[np.float32]) -> list[list[float]]:
        rows: list[list[float]] = array.astype(np.float64).round(DIGITS).tolist()
        return rows

    ways: tuple[Literal["forward"], Literal["backward"]] = ("forward", "backward")
    directions = [
        DirectionActivations(
            direction=way,
            hidden=numbers(trace.hidden),
            cell=numbers(trace.cell[:, chosen]),
            input=numbers(trace.input[:, chosen]),
            forget=numbers(trace.forget[:, chosen]),
            candidate=numbers(trace.candidate[:, chosen]),
            output=numbers(trace.output[:, chosen]),
        )
        for way, trace in zip(ways, found.directions, strict=False)
    ]
    return ActivationsResponse(
        directions=directions,
        units=list(units),
        probabilities=predictions(probabilities, sigmoid=sigmoid),
        windows=list(found.windows),
        skipped=found.skipped,
        model=model.name,
        version=model.version,
    )
