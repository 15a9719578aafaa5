"""Text classification as Hugging Face's inference endpoints answer it."""

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema
from starlette.responses import Response

from app.http.json_routes import JSON
from app.http.problems import responses
from app.http.schemas import Schema
from app.protocols.answers import Answer, Task, answer_texts
from app.protocols.routing import OF_MODEL, ProtocolBody, ProtocolJSONRoute, Service, model_of
from app.sentiment.checks import choose_labels, limit_items, timed
from app.sentiment.schemas import LabelChoice, Probability, Texts
from app.sentiment.serialization import rounded
from app.settings import Settings

FIELD: Final = "inputs"
_EXAMPLE: Final = [[{"label": "positive", "score": 0.904686}, {"label": "neutral", "score": 0.074635}]]

router = APIRouter(tags=["Hugging Face"], route_class=ProtocolJSONRoute)

OneOrMore = Annotated[
    Texts,
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1, "items": {"type": "string"}}]}
    ),
]


class TextClassificationParameters(Schema):
    """How to answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    top_k: int | None = Field(
        None, ge=1, description="Number of labels to answer, the most probable first; by default all of them."
    )
    function_to_apply: Literal["sigmoid", "softmax"] | None = Field(
        None, description="Taken, and without effect: scores are always probabilities that add up to 1."
    )
    labels: LabelChoice = None
    explain: bool = Field(
        False,
        description="The first label of each text also has `warnings`, `words` and `sentences`, as `POST /sentiment` "
        "has them.",
    )


class TextClassificationRequest(Schema):
    """Texts to classify, as Hugging Face's clients send them."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"inputs": "Superb acting.", "parameters": {"top_k": 2}},
                {"inputs": ["Superb acting.", "I want a refund; I was so bored!"]},
            ]
        },
    )

    inputs: OneOrMore = Field(description="A text, or a list of texts.")
    parameters: TextClassificationParameters | None = Field(None, description="How to answer.")
    options: dict[str, Any] | None = Field(None, description="Taken, and without effect: nothing is cached or loaded.")


class LabelScore(Schema):
    """A label and its probability."""

    label: str = Field(description="The label.")
    score: Probability = Field(description="Its probability.")


DEFAULTS: Final = TextClassificationParameters()


def _most_texts(settings: Settings) -> int:
    return settings.max_texts


class TextClassificationBody(ProtocolBody[TextClassificationRequest]):
    """A dependency: the body."""

    def __init__(self) -> None:
        super().__init__(TextClassificationRequest, FIELD, _most_texts)


@router.post(
    "/hf/{model}",
    name="classify_texts_by_model",
    summary="Classify texts, for Hugging Face's clients",
    response_model=list[list[LabelScore]],
    responses={200: {"content": {JSON: {"example": _EXAMPLE}}}, **responses(400, 404, 413, 415, 422, 429, 503)},
    openapi_extra=OF_MODEL,
)
@router.post(
    "/hf",
    summary="Classify texts by the default model, for Hugging Face's clients",
    response_model=list[list[LabelScore]],
    responses={200: {"content": {JSON: {"example": _EXAMPLE}}}, **responses(400, 413, 415, 422, 429, 503)},
)
async def classify_texts(
    request: Request, body: Annotated[TextClassificationRequest, Depends(TextClassificationBody())], service: Service
) -> Response:
    """Classify a text or texts; the answer has a list of labels for each, the most probable first.

    `InferenceClient(model="http://…/hf/sentiment-best").text_classification(…)` of `huggingface_hub` asks this, and
    `textClassification({endpointUrl, inputs})` of `@huggingface/inference`.
    """
    limit_items(service, body.inputs, FIELD)
    parameters = body.parameters or DEFAULTS
    model = model_of(request, service)
    labels = choose_labels(model, parameters.labels, "#/parameters/labels")

    def convert(answers: Sequence[Answer]) -> str:
        return ",".join([_labels_json(answer, parameters.top_k) for answer in answers])

    task = Task(model, labels, parameters.explain, FIELD)
    results, timing = await answer_texts(service, task, body.inputs, convert)
    return timed(Response(f"[{','.join(results)}]", media_type=JSON), timing)


def _labels_json(answer: Answer, top_k: int | None) -> str:
    """Return the labels of a text as JSON. Names of labels need no escapes."""
    classification, explanation = answer
    scores = zip(rounded(classification.probabilities), classification.labels, strict=True)
    best, *others = [f'{{"label":"{label}","score":{score}}}' for score, label in sorted(scores, reverse=True)[:top_k]]
    if explanation:
        warnings = json.dumps(classification.warnings, separators=(",", ":"))
        best = f'{best[:-1]},"warnings":{warnings},{explanation[1:]}'
    return f"[{','.join([best, *others])}]"
