"""The sentiment routes: they translate between HTTP and the models."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, Final

import numpy as np
from fastapi import APIRouter, Depends, Request
from numpy.typing import NDArray
from pydantic_core import to_json
from starlette.responses import Response

from app.http.dependencies import Part
from app.http.headers import header
from app.http.json_routes import Body, JSONBody, JSONRoute, json_response, too_many
from app.http.json_values import Values
from app.http.problems import Problem, responses
from app.http.schemas import FieldError
from app.sentiment.activations import Activations
from app.sentiment.batches import batch_results, json_answer
from app.sentiment.bodies import PLAIN, QUERY, TextBody, prefers_plain
from app.sentiment.checks import (
    check_known_id,
    choose_labels,
    choose_units,
    find_model,
    limit_characters,
    limit_ids,
    limit_items,
    refusing,
    require_known_ids,
    timed,
)
from app.sentiment.classifier import Classifier
from app.sentiment.estimates import SECONDS_AN_ENCODING, SECONDS_AN_ID, tokenizing
from app.sentiment.feedback import NoRoom, NotWritten
from app.sentiment.labels import Labels
from app.sentiment.padding import pad_sequences
from app.sentiment.row_bodies import ANSWERS as ROWS_ANSWERS
from app.sentiment.row_bodies import QUERY as ROWS_QUERY
from app.sentiment.row_bodies import BatchBody, RowOptions, RowsBody
from app.sentiment.row_formats import RowFormat
from app.sentiment.row_responses import rows_response
from app.sentiment.row_stream import RowAnswers
from app.sentiment.schemas import (
    EXPLAINED,
    MOST_STEPS,
    MOST_UNITS,
    ActivationsRequest,
    ActivationsResponse,
    BatchRequest,
    BatchResponse,
    ExplainedBatchResponse,
    ExplainedResponse,
    FeedbackRequest,
    FeedbackResponse,
    ModelInfo,
    ModelsResponse,
    PadRequest,
    PadResponse,
    PredictRequest,
    PredictResponse,
    RefusedFolder,
    SentimentRequest,
    SentimentResponse,
    TokenizeRequest,
    TokenizeResponse,
    TolerantBatchResponse,
)
from app.sentiment.serialization import activations_response, explained_json, plain_text, predictions, sentiment_json
from app.sentiment.service import SentimentService
from app.sentiment.tokenizer import PLAIN as PLAIN_IDS
from app.sentiment.tokenizer import Tokenizer
from app.settings import Settings

PADDED_AT_ONCE: Final = 2**16
"""Values that are padded and written in one go, some milliseconds of it."""
ROWS_AT_ONCE: Final = 1_000
"""The same of rows."""
SECONDS_A_VALUE: Final = 1e-7
"""Of padding and writing an id."""
SECONDS_A_ROW: Final = 2e-6
"""Of padding a sequence, whatever its length."""

Service = Annotated[SentimentService, Depends(Part(SentimentService))]


def _most_texts(settings: Settings) -> int:
    return settings.max_texts


def _most_steps(_settings: Settings) -> int:
    return MOST_STEPS + MOST_UNITS


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
_BATCH_ANSWER: Final = {"content": {"application/json": {"example": {"results": [EXPLAINED]}}, **ROWS_ANSWERS}}


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
    model = find_model(service, body.model, body.version)
    labels = choose_labels(model, body.labels)
    plain = prefers_plain(header(request.scope, b"accept"))
    if body.explain and not plain:
        return await _explained(service, model, body.text, labels)
    with refusing("text"):
        classification, timing = await service.classify(model, body.text, labels)
    if plain:
        response = Response(f"{plain_text(classification)}\n", media_type=PLAIN)
    else:
        response = Response(sentiment_json(classification, model.id), media_type="application/json")
    return timed(response, timing)


async def _explained(service: SentimentService, model: Classifier, text: str, labels: Labels) -> Response:
    with refusing("text"):
        explained, timing = await service.explain(model, text, labels)
    return timed(Response(explained_json(explained, text, model.id), media_type="application/json"), timing)


@json_router.post(
    "/sentiment/batch",
    summary="Classify many texts",
    response_model=ExplainedBatchResponse | BatchResponse | TolerantBatchResponse,
    responses={200: _BATCH_ANSWER, **responses(400, 404, 408, 413, 415, 422, 429, 503)},
    openapi_extra={"parameters": ROWS_QUERY},
)
async def classify_batch(
    request: Request, body: Annotated[BatchRequest | RowsBody, Depends(BatchBody())], service: Service
) -> Response:
    """Classify texts; the results are in their order.

    With `explain`, each result also has `words`, what each word contributes, and `sentences`, the sentiment of each
    sentence by itself. With `on_error` set to `continue`, a text that cannot be classified has an `error` in its place.

    The texts come as JSON, or as rows of a file of any length: NDJSON (objects with a field `text`, or strings), CSV or
    TSV below a row of column names, plain text (a line a text), Parquet, or a form with such a file. Rows are answered
    as they come, in the format that they are in, with the columns `label`, `score`, `warnings` and `error` more; NDJSON
    with one result a line; or with `Accept: application/x-ndjson` or `text/plain` as lines of these. A row that cannot
    be classified has an `error` in its place. Where the rows cannot be read any further, the last one says why, and the
    answer ends before its end.
    """
    if isinstance(body, RowsBody):
        return await rows_response(request, body, service, partial(_row_answers, service))
    limit_items(service, body.texts, "texts")
    model = find_model(service, body.model, body.version)
    labels = choose_labels(model, body.labels)

    tolerant = body.on_error == "continue"
    with refusing("texts"):
        results, timing = await batch_results(
            service, model, body.texts, labels, explain=body.explain, tolerant=tolerant
        )
    return timed(await json_answer(request.scope, results), timing)


@json_router.post(
    "/tokenize",
    summary="Texts to token ids",
    response_model=TokenizeResponse,
    response_model_exclude_none=True,
    responses=responses(400, 404, 413, 415, 422, 429, 503),
)
async def tokenize(body: Annotated[TokenizeRequest, Depends(TextsBody(TokenizeRequest))], service: Service) -> Response:
    """Turn texts into token ids, with the model's vocabulary, or with one fitted on these texts."""
    limit_items(service, body.texts, "texts")
    model = find_model(service, body.model, body.version)

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

    characters = limit_characters(service, body.texts)
    seconds = tokenizing(characters) + characters * SECONDS_A_VALUE + len(body.texts) * SECONDS_AN_ENCODING
    return await service.compute.call(service.compute.step("tokenize", work), seconds=seconds)


@json_router.post(
    "/pad",
    summary="Sequences to one length",
    response_model=PadResponse,
    responses=responses(400, 413, 415, 422, 429, 503),
)
async def pad(body: Annotated[PadRequest, Depends(SequencesBody(PadRequest))], service: Service) -> Response:
    """Pad and truncate sequences to one length, as Keras' `pad_sequences` does."""
    limit_items(service, body.sequences, "sequences")
    ids = limit_ids(service, body.sequences)
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
        rows = b",".join(_padded(body, maxlen))
        shape = f"{len(body.sequences)},{maxlen}".encode()
        return Response(b'{"padded":[%b],"shape":[%b]}' % (rows, shape), media_type="application/json")

    seconds = size * SECONDS_A_VALUE + ids * SECONDS_AN_ID + len(body.sequences) * SECONDS_A_ROW
    return await service.compute.call(work, seconds=seconds)


def _padded(body: PadRequest, maxlen: int) -> Iterator[bytes]:
    """Give the padded rows as JSON, some at a time: all at once would hold up the other threads."""
    count = max(1, min(ROWS_AT_ONCE, PADDED_AT_ONCE // max(maxlen, 1)))
    for first in range(0, len(body.sequences), count):
        rows = pad_sequences(
            body.sequences[first : first + count],
            maxlen,
            padding=body.padding,
            truncating=body.truncating,
            value=body.value,
        )
        yield to_json(rows.tolist())[1:-1]


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
    limit_items(service, body.sequences, "sequences")
    ids = limit_ids(service, body.sequences)
    model = find_model(service, body.model, body.version)
    await require_known_ids(service, model, body.sequences, ids)
    probabilities = predictions(await service.predict(model, body.sequences), sigmoid=model.sigmoid)
    return json_response(PredictResponse(probabilities=probabilities, model=model.name, version=model.version))


@json_router.post(
    "/activations",
    summary="Token ids to states and gates",
    response_model=ActivationsResponse,
    responses=responses(400, 404, 413, 415, 422, 429, 503),
)
async def activations(
    body: Annotated[ActivationsRequest, Depends(JSONBody(ActivationsRequest, "ids", _most_steps))], service: Service
) -> Response:
    """Return what the model's LSTM computes as it reads token ids: its states, its gates, and the running probability.

    For models of one LSTM layer, in one direction or in both; others are refused with 422. At most 100 ids are taken.
    """
    model = find_model(service, body.model, body.version)
    check_known_id(model, body.ids)
    units = choose_units(model, body.units, len(body.ids))
    return await service.activations(model, body.ids, units, partial(_activations, model, units))


def _activations(
    model: Classifier, units: Sequence[int], found: Activations, probabilities: NDArray[np.float64]
) -> Response:
    return json_response(activations_response(found, units, probabilities, model.id, sigmoid=model.sigmoid))


@json_router.post(
    "/feedback",
    summary="Say which label is right",
    status_code=201,
    response_model=FeedbackResponse,
    responses=responses(400, 404, 413, 415, 422, 429, 503, 507),
)
async def feedback(body: Annotated[FeedbackRequest, Depends(JSONBody(FeedbackRequest))], service: Service) -> Response:
    """Keep a text and the label that it should have had, for the training of the next version.

    Where the setting `FEEDBACK_FILE` names no file, no feedback is taken: 404.
    """
    if not service.takes_feedback:
        raise Problem(404, "This service takes no feedback; its setting `FEEDBACK_FILE` names no file.")
    model = find_model(service, body.model)
    if body.label not in model.labels:
        detail = f"is not one of the labels of {model.name}: {', '.join(model.labels)}"
        errors = [FieldError(pointer="#/label", detail=detail)]
        raise Problem(422, f"The label {body.label[:40]!r} {detail}.", errors=errors)
    try:
        with refusing("text"):
            await service.keep_feedback(model, body.text, body.label)
    except NoRoom as error:
        raise Problem(507, str(error)) from error
    except NotWritten as error:
        raise Problem(503, str(error), headers={"Retry-After": "60"}) from error
    response = json_response(FeedbackResponse(label=body.label, model=model.name, version=model.version))
    response.status_code = 201
    return response


@router.get("/models", summary="The models that are loaded")
async def models(service: Service) -> ModelsResponse:
    """List the sentiment models, which of them is the default, and how good they are; and what is refused."""
    return ModelsResponse(
        models=[
            ModelInfo(
                name=model.name,
                default=model is service.models.default,
                version=model.version,
                versions=service.models.versions(model.name) or [model.version],
                engine=model.engine_name,
                labels=list(model.labels),
                vocabulary_size=model.serving.vocabulary_size,
                maxlen=model.serving.maxlen,
                trained_on=model.manifest.data["name"],
                figures=model.manifest.figures,
            )
            for model in service.models
        ],
        refused=[RefusedFolder(folder=folder, error=sentence) for folder, sentence in service.refused()],
    )


def _row_answers(service: SentimentService, options: RowOptions, answer: RowFormat) -> RowAnswers:
    model = find_model(service, options.model, options.version)
    return RowAnswers(service, model, choose_labels(model, options.labels), options.explain, answer)
