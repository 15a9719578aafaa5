"""Predictions as TensorFlow Serving's REST API has them; KServe's V1 protocol and Vertex AI take and give the same."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app.artifacts.versions import ModelId
from app.http.json_routes import JSON
from app.http.json_values import Values
from app.http.problems import Problem, responses, wrong_field
from app.http.schemas import FieldError
from app.protocols.answers import Answer, Task, answer_texts
from app.protocols.routing import (
    OF_MODEL,
    ProtocolBody,
    ProtocolJSONRoute,
    ProtocolRoute,
    Service,
    model_of,
)
from app.protocols.tensorflow_serving_schemas import (
    SIGNATURE,
    InstancesRequest,
    ModelSpec,
    ModelStatus,
    PredictionParameters,
    PredictionsResponse,
    ServingMetadata,
    VersionProblem,
    VersionStatus,
)
from app.sentiment.checks import choose_labels, limit_ids, limit_items, require_known_ids, timed
from app.sentiment.classifier import Classifier
from app.sentiment.serialization import DIGITS, sentiment_json
from app.sentiment.service import SentimentService
from app.settings import Settings

ANSWERS: Final = {"instances": "predictions", "inputs": "outputs"}
"""The field of the answer, for each that holds texts or ids."""
DEFAULTS: Final = PredictionParameters()
HIGHEST: Final = 2**31 - 1
"""Of a token id."""

router = APIRouter(tags=["TensorFlow Serving"], route_class=ProtocolRoute)
json_router = APIRouter(tags=["TensorFlow Serving"], route_class=ProtocolJSONRoute)


def _most_values(settings: Settings) -> int:
    return settings.max_texts + settings.max_ids


class InstancesBody(ProtocolBody[InstancesRequest]):
    """A dependency: the body, whose texts or ids are all of one kind."""

    def __init__(self) -> None:
        super().__init__(InstancesRequest, "instances", _most_values)

    def parse(self, body: bytes, settings: Settings | None = None) -> InstancesRequest:
        """See :meth:`JSONBody.parse`."""
        request = super().parse(body, settings)
        if request.signature_name not in (None, SIGNATURE):
            raise wrong_field("#/signature_name", f"must be {SIGNATURE}, the one signature that there is")
        if (request.instances is None) is (request.inputs is None):
            raise wrong_field("#", "must have either `instances` or `inputs`")
        _check_kinds(request.items, request.field)
        return request

    def too_many(self, values: Values, largest: int) -> Problem:
        """See :meth:`JSONBody.too_many`."""
        detail = f"has {values.scalars:,} values; at most {largest:,} texts and ids are taken at once"
        return Problem(422, f"The body {detail}.", errors=[FieldError(pointer="#", detail=detail)])


@json_router.post(
    "/v1/models/{model}:predict",
    summary="Classify, for TensorFlow Serving's clients",
    response_model=PredictionsResponse,
    response_model_exclude_none=True,
    responses=responses(400, 404, 413, 415, 422, 429, 503),
    openapi_extra=OF_MODEL,
)
@json_router.post("/v1/models/{model}/versions/{version}:predict", include_in_schema=False)
async def predict_instances(
    request: Request, body: Annotated[InstancesRequest, Depends(InstancesBody())], service: Service
) -> Response:
    """Classify texts, or rows of token ids, as TensorFlow Serving, KServe's V1 protocol and Vertex AI have it.

    `/versions/{version}` after the name of the model asks for that version: 404 if it is another that is served.
    """
    field, items = body.field, body.items
    limit_items(service, items, field)
    model = model_of(request, service)
    parameters = body.parameters or DEFAULTS
    if isinstance(items[0], str):
        return await _of_texts(service, model, items, parameters, field)
    if parameters != DEFAULTS:
        raise wrong_field("#/parameters", "is for texts; token ids get the model's outputs as they are")
    return await _of_ids(service, model, items, field)


async def _of_texts(
    service: SentimentService, model: Classifier, texts: list[str], parameters: PredictionParameters, field: str
) -> Response:
    labels = choose_labels(model, parameters.labels, "#/parameters/labels")

    def convert(answers: Sequence[Answer]) -> str:
        return ",".join([_prediction_json(answer, model.id) for answer in answers])

    results, timing = await answer_texts(service, Task(model, labels, parameters.explain, field), texts, convert)
    return timed(Response(f'{{"{ANSWERS[field]}":[{",".join(results)}]}}', media_type=JSON), timing)


def _prediction_json(answer: Answer, model: ModelId) -> str:
    found = sentiment_json(answer.classification, model)
    return f"{found[:-1]},{answer.explanation[1:]}" if answer.explanation else found


async def _of_ids(service: SentimentService, model: Classifier, rows: list[list[int]], field: str) -> Response:
    await require_known_ids(service, model, rows, limit_ids(service, rows, field), field)
    probabilities = await service.predict(model, rows)
    outputs = (probabilities[:, 1:] if model.sigmoid else probabilities).round(DIGITS).tolist()
    return Response(
        PredictionsResponse(**{ANSWERS[field]: outputs}).model_dump_json(exclude_none=True), media_type=JSON
    )


def _check_kinds(items: list[Any], field: str) -> None:
    """Refuse what is neither texts nor rows of token ids, or both at once, with 422."""
    texts = isinstance(items[0], str)
    for index, item in enumerate(items):
        pointer = f"#/{field}/{index}"
        if isinstance(item, str) is not texts:
            raise wrong_field(pointer, f"must be {'a text' if texts else 'a list of token ids'}, as the first is")
        if not texts and not isinstance(item, list):
            raise wrong_field(pointer, "must be a text or a list of token ids")
        if not item:
            raise wrong_field(pointer, "must not be empty")
        if not texts:
            _check_row(item, pointer)


def _check_row(row: list[Any], pointer: str) -> None:
    for index, token in enumerate(row):
        if type(token) is not int or not 0 <= token <= HIGHEST:
            raise wrong_field(f"{pointer}/{index}", "must be a token id, an integer from 0")


@router.get(
    "/v1/models/{model}",
    summary="Does a model answer? For TensorFlow Serving's and KServe's clients",
    responses=responses(404),
    openapi_extra=OF_MODEL,
)
@router.get("/v1/models/{model}/versions/{version}", include_in_schema=False)
async def model_status(request: Request, service: Service) -> ModelStatus:
    """Tell which version of a model answers."""
    model = model_of(request, service)
    status = VersionProblem(error_code="OK", error_message="")
    version = VersionStatus(version=model.version, state="AVAILABLE", status=status)
    return ModelStatus(name=model.name, ready=True, model_version_status=[version])


@router.get(
    "/v1/models/{model}/metadata",
    summary="What a model takes and gives, for TensorFlow Serving's clients",
    responses=responses(404),
    openapi_extra=OF_MODEL,
)
@router.get("/v1/models/{model}/versions/{version}/metadata", include_in_schema=False)
async def serving_metadata(request: Request, service: Service) -> ServingMetadata:
    """Tell the signature of a model: texts, or rows of token ids, to probabilities."""
    model = model_of(request, service)
    outputs = 1 if model.sigmoid else len(model.labels)
    signature = {
        "inputs": {
            "text": _tensor("text", "DT_STRING", -1),
            "tokens": _tensor("tokens", "DT_INT32", -1, model.serving.maxlen),
        },
        "outputs": {"probabilities": _tensor("probabilities", "DT_FLOAT", -1, outputs)},
        "method_name": "tensorflow/serving/predict",
    }
    return ServingMetadata(
        model_spec=ModelSpec(name=model.name, signature_name="", version=model.version),
        metadata={"signature_def": {"signature_def": {SIGNATURE: signature}}},
    )


def _tensor(name: str, dtype: str, *sizes: int) -> dict[str, Any]:
    dimensions = [{"size": str(size), "name": ""} for size in sizes]
    return {"dtype": dtype, "tensor_shape": {"dim": dimensions, "unknown_rank": False}, "name": name}
