"""The Open Inference Protocol V2, as Triton and KServe have it, with its binary extension."""

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from app import __version__
from app.http.dependencies import Part
from app.http.problems import responses
from app.lifecycle import Lifecycle
from app.operations import routes as operations
from app.protocols.answers import Task, answer_texts
from app.protocols.open_inference_schemas import (
    BYTES,
    EXPLANATION,
    INPUT,
    LABEL,
    InferenceParameters,
    InferenceResponse,
    ModelMetadata,
    ModelReadiness,
    ServerHealth,
    ServerMetadata,
    TensorMetadata,
)
from app.protocols.outputs import ALL, encode, inference_response, wanted_outputs
from app.protocols.routing import OCTETS, OF_MODEL, ProtocolJSONRoute, ProtocolRoute, Service, model_of
from app.protocols.tensors import DATA, Inference, InferenceBody
from app.sentiment.checks import choose_labels, limit_items, timed
from app.sentiment.labels import MOST

PLATFORMS: Final = {"onnx": "onnxruntime_onnx", "tensorflow": "keras"}
"""What computes, in the protocol's words."""
DEFAULTS: Final = InferenceParameters()
LIVE: Final = "/v2/health/live"
READY: Final = "/v2/health/ready"

_ANSWER: Final = {
    "content": {
        OCTETS: {
            "schema": {"type": "string", "format": "binary"},
            "example": f'{{"model_name":"sentiment-best",…,"outputs":[{{"name":"{LABEL}",…}}]}}\\b\\0\\0\\0positive',
        }
    }
}
_TAGS: Final[list[Any]] = ["Open Inference Protocol"]
router = APIRouter(tags=_TAGS, route_class=ProtocolRoute)
json_router = APIRouter(tags=_TAGS, route_class=ProtocolJSONRoute)
probes = APIRouter(tags=_TAGS, route_class=ProtocolRoute)
"""Open to all, as the service's own."""


@json_router.post(
    "/v2/models/{model}/infer",
    summary="Classify texts, for Triton's and KServe's clients",
    response_model=InferenceResponse,
    response_model_exclude_none=True,
    responses={200: _ANSWER, **responses(400, 404, 413, 415, 422, 429, 503)},
    openapi_extra=OF_MODEL,
)
@json_router.post("/v2/models/{model}/versions/{version}/infer", include_in_schema=False)
async def infer(request: Request, body: Annotated[Inference, Depends(InferenceBody())], service: Service) -> Response:
    """Classify texts, a tensor of `BYTES`.

    Tensors may follow the JSON as bytes: the header `Inference-Header-Content-Length` says then where the JSON ends,
    `binary_data_size` in the parameters of the input how many bytes follow, and before each text stands its length in
    bytes, as four bytes, the least significant first. `binary_data_output`, or `binary_data` in the parameters of an
    output, asks for outputs of this form.

    `/versions/{version}` after the name of the model asks for that version: 404 if it is another that is served.
    """
    inference, texts = body
    limit_items(service, texts, DATA)
    model = model_of(request, service)
    parameters = inference.parameters or DEFAULTS
    wished = None if parameters.labels is None else parameters.labels.split(",", MOST)
    labels = choose_labels(model, wished, "#/parameters/labels")
    wanted = wanted_outputs(inference)
    task = Task(model, labels, EXPLANATION in wanted.names, DATA)
    parts, timing = await answer_texts(service, task, texts, partial(encode, wanted))
    return timed(inference_response(task, wanted, body, parts), timing)


@router.get("/v2", summary="What answers, for Triton's and KServe's clients")
async def server_metadata() -> ServerMetadata:
    """Tell the name and version of the service."""
    return ServerMetadata(name="sentiment", version=__version__, extensions=["binary_tensor_data"])


@probes.get(LIVE, summary="Is the process alive? For Triton's and KServe's clients", responses=responses(503))
async def server_live(lifecycle: Annotated[Lifecycle, Depends(Part(Lifecycle))]) -> ServerHealth:
    """Answer as `/health/live` does, as long as the process handles requests."""
    await operations.live(lifecycle)
    return ServerHealth(live=True, ready=not lifecycle.draining)


@probes.get(
    READY, summary="Is the service ready for traffic? For Triton's and KServe's clients", responses=responses(503)
)
async def server_ready(lifecycle: Annotated[Lifecycle, Depends(Part(Lifecycle))]) -> ServerHealth:
    """Answer as `/health/ready` does, once all models are loaded; 503 once the service is told to end."""
    await operations.ready(lifecycle)
    return ServerHealth(live=True, ready=True)


@router.get(
    "/v2/models/{model}",
    summary="What a model takes and gives, for Triton's and KServe's clients",
    responses=responses(404),
    openapi_extra=OF_MODEL,
)
@router.get("/v2/models/{model}/versions/{version}", include_in_schema=False)
async def model_metadata(request: Request, service: Service) -> ModelMetadata:
    """Tell the tensors that a model takes and gives."""
    model = model_of(request, service)
    return ModelMetadata(
        name=model.name,
        versions=[model.version],
        platform=PLATFORMS[model.engine_name],
        inputs=[TensorMetadata(name=INPUT, datatype=BYTES, shape=[-1])],
        outputs=[
            TensorMetadata(
                name=name, datatype=output.datatype, shape=[-1, len(model.labels)] if output.columns else [-1]
            )
            for name, output in ALL.items()
        ],
    )


@router.get(
    "/v2/models/{model}/ready",
    summary="Does a model answer? For Triton's and KServe's clients",
    responses=responses(404),
    openapi_extra=OF_MODEL,
)
@router.get("/v2/models/{model}/versions/{version}/ready", include_in_schema=False)
async def model_ready(request: Request, service: Service) -> ModelReadiness:
    """Answer if the model is loaded."""
    return ModelReadiness(name=model_of(request, service).name, ready=True)
