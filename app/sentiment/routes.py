"""The sentiment routes: they translate between HTTP and the classifier."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.compute import Workers
from app.http.bodies import JSONRoute, json_response
from app.http.problems import FieldError, Problem, responses
from app.operations.afterwards import Afterwards
from app.operations.metrics import Metrics
from app.sentiment.batching import DynamicBatcher
from app.sentiment.classifier import Classification, Classifier, Timing
from app.sentiment.explanation import explain
from app.sentiment.labels import Labels, LabelsError, choose
from app.sentiment.padding import pad_sequences
from app.sentiment.registry import SentimentModels, UnknownModel
from app.sentiment.schemas import (
    EXPLAINED,
    BatchRequest,
    BatchResponse,
    ExplainedResponse,
    PadRequest,
    PadResponse,
    PredictRequest,
    PredictResponse,
    SentimentRequest,
    SentimentResponse,
    TokenizeRequest,
    TokenizeResponse,
)
from app.sentiment.serialization import explained_json, predictions, sentiment_json
from app.sentiment.texts import MULTIPART, PLAIN, URLENCODED, TextRoute, prefers_plain
from app.sentiment.tokenizer import PLAIN as PLAIN_IDS
from app.sentiment.tokenizer import Tokenizer

INLINE_CHARACTERS: Final = 16_384
"""Work on fewer characters of text takes some milliseconds at most and is done where the request is handled."""
INLINE_IDS: Final = 1_024
"""The same for token ids."""
INLINE_EXPLAINED: Final = 48
"""The same for characters of text that are explained: that takes a prediction for each word."""
SLICE: Final = 256
"""Texts that a worker thread takes at once, so that several threads share a large batch."""

router = APIRouter(tags=["sentiment"], route_class=JSONRoute)
text_router = APIRouter(tags=["sentiment"], route_class=TextRoute)

_FORM: Final = {
    "schema": {
        "type": "object",
        "required": ["text"],
        "additionalProperties": False,
        "properties": {
            "text": {"type": "string", "minLength": 1},
            "model": {"type": "string"},
            "labels": {"type": "string", "description": "Names with commas between them: `negative,positive`."},
            "explain": {"type": "boolean", "default": False},
        },
        "example": {"text": "A wonderful film, I loved every moment."},
    }
}
_TEXT: Final = {
    "schema": {"type": "string", "minLength": 1},
    "example": "A wonderful film, I loved every moment.",
}
_ANSWER: Final = {
    "content": {
        PLAIN: {"schema": {"type": "string"}, "example": "positive 0.9731"},
        "application/json": {"example": EXPLAINED},
    }
}


@text_router.post(
    "/sentiment",
    summary="Classify a text",
    response_model=ExplainedResponse | SentimentResponse,
    responses={200: _ANSWER, **responses(400, 404, 413, 415, 422, 503)},
    openapi_extra={"requestBody": {"content": {PLAIN: _TEXT, URLENCODED: _FORM, MULTIPART: _FORM}}},
)
async def classify(request: Request, body: SentimentRequest) -> Response:
    """Tell whether a text is positive or negative, or which of the model's other labels fits it, and how sure it is.

    The text comes as JSON, as plain text, or as the field `text` of a form. With `Accept: text/plain` the answer is
    the label and its score.

    With `labels`, the model chooses from these labels alone.

    With `explain`, the JSON answer also has `words`, what each word contributes, and `sentences`, the sentiment of each
    sentence by itself.
    """
    model = _model(request, body.model)
    labels = _labels(model, body.labels)
    plain = prefers_plain(request.headers.get("accept", ""))
    if body.explain and not plain:
        return await _explained(request, model, body.text, labels)
    if model.engine.quick and len(body.text) <= INLINE_CHARACTERS:
        batchers: dict[str, DynamicBatcher] = request.app.state.batchers
        classification, timing = await batchers[model.name].classify(body.text)
    else:
        classification, timing = await _workers(request).call(partial(model.classify, body.text), inline=False)
    classification = classification.among(labels)
    _observe(request, model, classification, timing)
    if plain:
        response = Response(f"{classification.label} {classification.score:.4f}\n", media_type=PLAIN)
    else:
        response = Response(sentiment_json(classification, model.name), media_type="application/json")
    return _timed(response, timing)


async def _explained(request: Request, model: Classifier, text: str, labels: Labels) -> Response:
    limit: int = request.app.state.settings.max_explained_words

    def work() -> tuple[str, Classification, Timing, float]:
        found, timing = model.classify(text)
        classification = found.among(labels)
        if classification.words > limit:
            detail = f"has {classification.words:,} words; at most {limit:,} are explained"
            error = FieldError(pointer="#/text", detail=detail)
            raise Problem(422, f"The text {detail}. Send it without `explain`, or in parts.", errors=[error])
        start = perf_counter()
        explanation = explain(model, text, classification)
        answer = explained_json(classification, explanation, text, model.name)
        return answer, classification, timing, perf_counter() - start

    inline = model.engine.quick and len(text) <= INLINE_EXPLAINED
    answer, classification, timing, seconds = await _workers(request).call(work, inline=inline)
    _observe(request, model, classification, timing)
    return _timed(Response(answer, media_type="application/json"), timing, explain=seconds)


@router.post(
    "/sentiment/batch",
    summary="Classify many texts",
    response_model=BatchResponse,
    responses=responses(400, 404, 413, 415, 422, 503),
)
async def classify_batch(request: Request, body: BatchRequest) -> Response:
    """Classify texts; the results are in their order."""
    _limit(request, body.texts, "texts")
    model = _model(request, body.model)
    labels = _labels(model, body.labels)

    metrics: Metrics = request.app.state.metrics

    def work(texts: Sequence[str]) -> tuple[str, Timing]:
        found, timing = model.classify_all(texts)
        classifications = [one.among(labels) for one in found]
        metrics.observe_steps(model.name, *timing)
        for label, count in Counter(one.label for one in classifications).items():
            metrics.count_label(model.name, label, count)
        return ",".join(sentiment_json(one, model.name) for one in classifications), timing

    workers = _workers(request)
    with workers.place():
        slices = [body.texts[start : start + SLICE] for start in range(0, len(body.texts), SLICE)]
        parts = await asyncio.gather(*[workers.run(partial(work, texts)) for texts in slices])
    results = ",".join(part for part, _ in parts)
    tokenize, predict = (sum(seconds) for seconds in zip(*(timing for _, timing in parts), strict=True))
    return _timed(Response(f'{{"results":[{results}]}}', media_type="application/json"), Timing(tokenize, predict))


@router.post(
    "/tokenize",
    summary="Texts to token ids",
    response_model=TokenizeResponse,
    response_model_exclude_none=True,
    responses=responses(400, 404, 413, 415, 422, 503),
)
async def tokenize(request: Request, body: TokenizeRequest) -> Response:
    """Turn texts into token ids, with the model's vocabulary, or with one fitted on these texts."""
    _limit(request, body.texts, "texts")
    model = _model(request, body.model)

    def work() -> Response:
        tokenizer = Tokenizer.fit(body.texts, reserved=PLAIN_IDS) if body.fit else model.tokenizer
        sequences = [tokenizer.encode(text).ids for text in body.texts]
        return json_response(
            TokenizeResponse(
                sequences=sequences,
                tokens=[list(tokenizer.decode(ids)) for ids in sequences],
                vocabulary_size=len(tokenizer.words) if body.fit else tokenizer.vocabulary_size,
                word_index=tokenizer.word_index if body.fit else None,
            )
        )

    return await _workers(request).call(work, inline=sum(map(len, body.texts)) <= INLINE_CHARACTERS)


@router.post(
    "/pad",
    summary="Sequences to one length",
    response_model=PadResponse,
    responses=responses(400, 413, 415, 422, 503),
)
async def pad(request: Request, body: PadRequest) -> Response:
    """Pad and truncate sequences to one length, as Keras' `pad_sequences` does."""
    _limit(request, body.sequences, "sequences")
    maxlen = body.maxlen or max(map(len, body.sequences))
    size = len(body.sequences) * maxlen
    if size > request.app.state.settings.max_padded_values:
        detail = f"makes {size:,} values; at most {request.app.state.settings.max_padded_values:,} are answered"
        raise Problem(
            422,
            f"A length of {maxlen:,} for {len(body.sequences):,} sequences {detail}.",
            errors=[FieldError(pointer="#/maxlen", detail=detail)],
        )

    def work() -> Response:
        padded = pad_sequences(
            body.sequences, maxlen, padding=body.padding, truncating=body.truncating, value=body.value
        )
        return json_response(PadResponse(padded=padded.tolist(), shape=[len(body.sequences), maxlen]))

    return await _workers(request).call(work, inline=size <= INLINE_IDS)


@router.post(
    "/predict",
    summary="Token ids to probabilities",
    response_model=PredictResponse,
    responses=responses(400, 404, 413, 415, 422, 503),
)
async def predict(request: Request, body: PredictRequest) -> Response:
    """Return the probability that each sequence of token ids is positive, or that of each of the model's labels."""
    _limit(request, body.sequences, "sequences")
    model = _model(request, body.model)
    for index, sequence in enumerate(body.sequences):
        if max(sequence) >= model.serving.vocabulary_size:
            detail = f"has an id that {model.name} does not know; its ids end at {model.serving.vocabulary_size - 1}"
            error = FieldError(pointer=f"#/sequences/{index}", detail=detail)
            raise Problem(422, f"Sequence {index} {detail}.", errors=[error])

    def work() -> Response:
        probabilities = predictions(model.predict(body.sequences), sigmoid=model.sigmoid)
        return json_response(PredictResponse(probabilities=probabilities, model=model.name))

    return await _workers(request).call(work, inline=model.engine.quick and sum(map(len, body.sequences)) <= INLINE_IDS)


def _observe(request: Request, model: Classifier, classification: Classification, timing: Timing) -> None:
    metrics: Metrics = request.app.state.metrics
    afterwards: Afterwards = request.app.state.afterwards
    afterwards.call(partial(metrics.observe_text, model.name, classification.label, *timing))


def _workers(request: Request) -> Workers:
    workers: Workers = request.app.state.workers
    return workers


def _model(request: Request, name: str | None) -> Classifier:
    models: SentimentModels = request.app.state.sentiment
    try:
        return models.get(name)
    except UnknownModel as error:
        raise Problem(404, str(error), errors=[FieldError(pointer="#/model", detail="is not a model")]) from error


def _labels(model: Classifier, wanted: Sequence[str] | None) -> Labels:
    if wanted is None:
        return model.labels
    try:
        return choose(model.labels, wanted)
    except LabelsError as error:
        wrong = FieldError(pointer="#/labels", detail=str(error))
        raise Problem(422, f"The choice of labels {error}.", errors=[wrong]) from error


def _limit(request: Request, items: Sequence[Any], field: str) -> None:
    limit: int = request.app.state.settings.max_texts
    if len(items) > limit:
        detail = f"has {len(items):,} items; at most {limit:,} are taken at once"
        raise Problem(422, f"The list `{field}` {detail}.", errors=[FieldError(pointer=f"#/{field}", detail=detail)])


def _timed(response: Response, timing: Timing, explain: float | None = None) -> Response:
    value = f"tokenize;dur={timing.tokenize * 1000:.3f}, predict;dur={timing.predict * 1000:.3f}"
    if explain is not None:
        value += f", explain;dur={explain * 1000:.3f}"
    response.raw_headers.append((b"server-timing", value.encode()))
    return response
