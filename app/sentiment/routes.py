"""The sentiment routes: they translate between HTTP and the models."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.artifacts.registry import UnknownName
from app.http.dependencies import Part
from app.http.headers import header
from app.http.json_routes import Body, JSONBody, JSONRoute, json_response, too_many
from app.http.json_values import Values
from app.http.problems import Problem, responses
from app.http.schemas import FieldError
from app.sentiment.bodies import PLAIN, QUERY, TextBody, prefers_plain
from app.sentiment.classifier import Classification, Classifier, Timing
from app.sentiment.explanation import Explained
from app.sentiment.labels import Labels, LabelsError, choose
from app.sentiment.padding import pad_sequences
from app.sentiment.schemas import (
    EXPLAINED,
    BatchRequest,
    BatchResponse,
    ExplainedBatchResponse,
    ExplainedResponse,
    ModelInfo,
    ModelsResponse,
    PadRequest,
    PadResponse,
    PredictRequest,
    PredictResponse,
    SentimentRequest,
    SentimentResponse,
    TokenizeRequest,
    TokenizeResponse,
)
from app.sentiment.serialization import explained_json, plain_text, predictions, sentiment_json
from app.sentiment.service import ExplainTiming, SentimentService, TextTooLong, TooManyWords, tokenizing
from app.sentiment.tokenizer import PLAIN as PLAIN_IDS
from app.sentiment.tokenizer import Tokenizer
from app.settings import Settings

SECONDS_A_VALUE: Final = 1e-7
"""Of padding and writing an id."""

Service = Annotated[SentimentService, Depends(Part(SentimentService))]


def _most_texts(settings: Settings) -> int:
    return settings.max_texts


def _most_ids(settings: Settings) -> int:
    return settings.max_texts + settings.max_ids


class TextsBody(JSONBody[Body]):
    """A dependency: a body with texts."""

    def __init__(self, model: type[Body]) -> None:
        super().__init__(model, "texts", _most_texts)


class SequencesBody(JSONBody[Body]):
    """A dependency: a body with sequences of token ids."""

    def __init__(self, model: type[Body]) -> None:
        super().__init__(model, "sequences", _most_ids)

    def too_many(self, values: Values, largest: int) -> Problem:
        """See :meth:`JSONBody.too_many`."""
        return too_many("sequences", values.scalars, largest, "ids")


router = APIRouter(tags=["sentiment"])
json_router = APIRouter(tags=["sentiment"], route_class=JSONRoute)

_ANSWER: Final = {
    "content": {
        PLAIN: {"schema": {"type": "string"}, "example": "positive 0.9731"},
        "application/json": {"example": EXPLAINED},
    }
}
_BATCH_ANSWER: Final = {"content": {"application/json": {"example": {"results": [EXPLAINED]}}}}


@json_router.post(
    "/sentiment",
    summary="Classify a text",
    response_model=ExplainedResponse | SentimentResponse,
    responses={200: _ANSWER, **responses(400, 404, 413, 415, 422, 429, 503)},
    openapi_extra={"parameters": QUERY},
)
async def classify(
    request: Request, body: Annotated[SentimentRequest, Depends(TextBody())], service: Service
) -> Response:
    """Tell whether a text is positive or negative, or which of the model's other labels fits it, and how sure it is.

    The text comes as JSON, as plain text, or as the field `text` of a form. With `Accept: text/plain` the answer is
    the label and its score and, where there is something to warn of, the codes of `warnings` with commas between them.

    With `labels`, the model chooses from these labels alone.

    With `explain`, the JSON answer also has `words`, what each word contributes, and `sentences`, the sentiment of each
    sentence by itself.
    """
    model = _model(service, body.model)
    labels = _labels(model, body.labels)
    plain = prefers_plain(header(request.scope, b"accept"))
    if body.explain and not plain:
        return await _explained(service, model, body.text, labels)
    with _refusing("text"):
        classification, timing = await service.classify(model, body.text, labels)
    if plain:
        response = Response(f"{plain_text(classification)}\n", media_type=PLAIN)
    else:
        response = Response(sentiment_json(classification, model.name), media_type="application/json")
    return _timed(response, timing)


async def _explained(service: SentimentService, model: Classifier, text: str, labels: Labels) -> Response:
    with _refusing("text"):
        explained, timing = await service.explain(model, text, labels)
    return _timed(Response(explained_json(explained, text, model.name), media_type="application/json"), timing)


@json_router.post(
    "/sentiment/batch",
    summary="Classify many texts",
    response_model=ExplainedBatchResponse | BatchResponse,
    responses={200: _BATCH_ANSWER, **responses(400, 404, 413, 415, 422, 429, 503)},
)
async def classify_batch(body: Annotated[BatchRequest, Depends(TextsBody(BatchRequest))], service: Service) -> Response:
    """Classify texts; the results are in their order.

    With `explain`, each result also has `words`, what each word contributes, and `sentences`, the sentiment of each
    sentence by itself.
    """
    _limit(service, body.texts, "texts")
    model = _model(service, body.model)
    labels = _labels(model, body.labels)

    def convert(found: Sequence[Classification]) -> str:
        return ",".join(map(partial(sentiment_json, model=model.name), found))

    def convert_explained(texts: Sequence[str], found: Sequence[Explained]) -> str:
        return ",".join(map(partial(explained_json, model=model.name), found, texts))

    timing: Timing | ExplainTiming
    with _refusing("texts"):
        if body.explain:
            results, timing = await service.explain_all(model, body.texts, labels, convert_explained)
        else:
            results, timing = await service.classify_all(model, body.texts, labels, convert)
    return _timed(Response(f'{{"results":[{",".join(results)}]}}', media_type="application/json"), timing)


@json_router.post(
    "/tokenize",
    summary="Texts to token ids",
    response_model=TokenizeResponse,
    response_model_exclude_none=True,
    responses=responses(400, 404, 413, 415, 422, 429, 503),
)
async def tokenize(body: Annotated[TokenizeRequest, Depends(TextsBody(TokenizeRequest))], service: Service) -> Response:
    """Turn texts into token ids, with the model's vocabulary, or with one fitted on these texts."""
    _limit(service, body.texts, "texts")
    model = _model(service, body.model)

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

    characters = _limit_characters(service, body.texts)
    seconds = tokenizing(characters) + characters * SECONDS_A_VALUE
    return await service.compute.call(service.compute.step("tokenize", work), seconds=seconds)


@json_router.post(
    "/pad",
    summary="Sequences to one length",
    response_model=PadResponse,
    responses=responses(400, 413, 415, 422, 429, 503),
)
async def pad(body: Annotated[PadRequest, Depends(SequencesBody(PadRequest))], service: Service) -> Response:
    """Pad and truncate sequences to one length, as Keras' `pad_sequences` does."""
    _limit(service, body.sequences, "sequences")
    _limit_ids(service, body.sequences)
    maxlen = body.maxlen or max(map(len, body.sequences))
    size = len(body.sequences) * maxlen
    if size > service.settings.max_padded_values:
        detail = f"makes {size:,} values; at most {service.settings.max_padded_values:,} are answered"
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

    return await service.compute.call(work, seconds=size * SECONDS_A_VALUE)


@json_router.post(
    "/predict",
    summary="Token ids to probabilities",
    response_model=PredictResponse,
    responses=responses(400, 404, 413, 415, 422, 429, 503),
)
async def predict(
    body: Annotated[PredictRequest, Depends(SequencesBody(PredictRequest))], service: Service
) -> Response:
    """Return the probability that each sequence of token ids is positive, or that of each of the model's labels."""
    _limit(service, body.sequences, "sequences")
    _limit_ids(service, body.sequences)
    model = _model(service, body.model)
    for index, sequence in enumerate(body.sequences):
        if max(sequence) >= model.serving.vocabulary_size:
            detail = f"has an id that {model.name} does not know; its ids end at {model.serving.vocabulary_size - 1}"
            error = FieldError(pointer=f"#/sequences/{index}", detail=detail)
            raise Problem(422, f"Sequence {index} {detail}.", errors=[error])
    probabilities = predictions(await service.predict(model, body.sequences), sigmoid=model.sigmoid)
    return json_response(PredictResponse(probabilities=probabilities, model=model.name))


@router.get("/models", summary="The models that are loaded")
async def models(service: Service) -> ModelsResponse:
    """List the sentiment models, which of them is the default, and how good they are."""
    return ModelsResponse(
        models=[
            ModelInfo(
                name=model.name,
                default=model is service.models.default,
                version=model.manifest.version,
                engine=model.engine_name,
                labels=list(model.labels),
                vocabulary_size=model.serving.vocabulary_size,
                maxlen=model.serving.maxlen,
                trained_on=model.manifest.data["name"],
                figures=model.manifest.figures,
            )
            for model in service.models
        ]
    )


def _model(service: SentimentService, name: str | None) -> Classifier:
    try:
        return service.models.get(name)
    except UnknownName as error:
        raise Problem(404, str(error), errors=[FieldError(pointer="#/model", detail="is not a model")]) from error


def _labels(model: Classifier, wanted: Sequence[str] | None) -> Labels:
    if wanted is None:
        return model.labels
    try:
        return choose(model.labels, wanted)
    except LabelsError as error:
        wrong = FieldError(pointer="#/labels", detail=str(error))
        raise Problem(422, f"The choice of labels {error}.", errors=[wrong]) from error


def _limit(service: SentimentService, items: Sequence[Any], field: str) -> None:
    limit = service.settings.max_texts
    if len(items) > limit:
        raise too_many(field, len(items), limit)


def _limit_ids(service: SentimentService, sequences: Sequence[Sequence[int]]) -> None:
    ids, limit = sum(map(len, sequences)), service.settings.max_ids
    if ids > limit:
        raise too_many("sequences", ids, limit, "ids")


def _limit_characters(service: SentimentService, texts: Sequence[str]) -> int:
    """Return how many characters texts have together, which must not be too many."""
    characters, limit = sum(map(len, texts)), service.settings.max_characters
    if characters > limit:
        raise too_many("texts", characters, limit, "characters")
    return characters


@contextmanager
def _refusing(field: str) -> Iterator[None]:
    """Answer 422 where a text of a field is too long, or all have too many words to be explained."""
    try:
        yield
    except (TextTooLong, TooManyWords) as error:
        pointer = f"#/{field}" if error.index is None else f"#/{field}/{error.index}"
        raise Problem(422, str(error), errors=[FieldError(pointer=pointer, detail=error.detail)]) from error


def _timed(response: Response, timing: Timing | ExplainTiming) -> Response:
    value = f"tokenize;dur={timing.tokenize * 1000:.3f}, predict;dur={timing.predict * 1000:.3f}"
    if isinstance(timing, ExplainTiming):
        value += f", explain;dur={timing.explain * 1000:.3f}"
    response.raw_headers.append((b"server-timing", value.encode()))
    return response
