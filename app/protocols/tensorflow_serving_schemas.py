"""Request and response models of TensorFlow Serving's routes, which KServe's V1 protocol and Vertex AI have in part."""

from typing import Any, Final

from pydantic import ConfigDict, Field

from app.http.schemas import NAME_CHARACTERS, Schema
from app.sentiment.schemas import LabelChoice

_RESULT: Final[dict[str, Any]] = {
    "label": "positive",
    "score": 0.904686,
    "probabilities": {"negative": 0.020679, "neutral": 0.074635, "positive": 0.904686},
    "tokens": {"count": 2, "unknown": 0, "truncated": False},
    "warnings": [],
    "model": "sentiment-best",
    "version": "2.3.0",
}
SIGNATURE: Final = "serving_default"
"""The one signature that there is."""
TEXTS: Final = "Texts, each of at least one character; or rows of token ids, as `/tokenize` gives them."


class PredictionParameters(Schema):
    """How to answer, as Vertex AI's requests say it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    labels: LabelChoice = None
    explain: bool = Field(
        False, description="Predictions of texts also have `words` and `sentences`, as `POST /sentiment` has them."
    )


class InstancesRequest(Schema):
    """Texts or rows of token ids, in `instances` or in `inputs`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {"instances": ["Superb acting."]},
                {"instances": [[1, 14, 20, 16], [0, 0, 1, 14]], "signature_name": SIGNATURE},
                {"inputs": ["Superb acting.", "I want a refund; I was so bored!"]},
            ],
            "minProperties": 1,
        },
    )

    instances: list[Any] | None = Field(None, min_length=1, description=f"{TEXTS} The answer is `predictions`.")
    inputs: list[Any] | None = Field(None, min_length=1, description=f"The same; the answer is `outputs`. {TEXTS}")
    signature_name: str | None = Field(None, max_length=NAME_CHARACTERS, description=f"`{SIGNATURE}`, or nothing.")
    parameters: PredictionParameters | None = Field(None, description="How to answer.")

    @property
    def field(self) -> str:
        """The field that holds the texts or ids."""
        return "inputs" if self.instances is None else "instances"

    @property
    def items(self) -> list[Any]:
        """The texts or ids: all of one kind, if they come of the body of a request."""
        return self.instances or self.inputs or []


class PredictionsResponse(Schema):
    """What was found of each text or row, in their order."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"predictions": [_RESULT]}, {"predictions": [[0.020679, 0.074635, 0.904686]]}]}
    )

    predictions: list[dict[str, Any] | list[float]] | None = Field(
        None,
        description="For `instances`. Of a text, what `POST /sentiment` answers; of a row of ids, the outputs of the "
        "Keras model: one probability, that of `positive`, for a model of `negative` and `positive`, else one a label.",
    )
    outputs: list[dict[str, Any] | list[float]] | None = Field(None, description="The same, for `inputs`.")


class VersionProblem(Schema):
    """Why a version is not available."""

    error_code: str = Field(description="`OK`: it is.")
    error_message: str = Field(description="Empty.")


class VersionStatus(Schema):
    """A version of a model, and whether it answers."""

    version: str = Field(description="The version.")
    state: str = Field(description="`AVAILABLE`.")
    status: VersionProblem = Field(description="Why it is not available, if it is not.")


class ModelStatus(Schema):
    """Whether a model answers: as TensorFlow Serving says it, and as KServe does."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "sentiment-best",
                    "ready": True,
                    "model_version_status": [
                        {"version": "2.3.0", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
                    ],
                }
            ]
        }
    )

    name: str = Field(description="Name of the model.")
    ready: bool = Field(description="True: a model that is not ready is not there.")
    model_version_status: list[VersionStatus] = Field(description="The version that is loaded.")


class ModelSpec(Schema):
    """Which model it is."""

    name: str = Field(description="Name of the model.")
    signature_name: str = Field(description="Empty.")
    version: str = Field(description="Its version.")


class ServingMetadata(Schema):
    """What a model takes and gives."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model_spec": {"name": "sentiment-best", "signature_name": "", "version": "2.3.0"},
                    "metadata": {
                        "signature_def": {
                            "signature_def": {
                                SIGNATURE: {
                                    "inputs": {
                                        "text": {
                                            "dtype": "DT_STRING",
                                            "tensor_shape": {
                                                "dim": [{"size": "-1", "name": ""}],
                                                "unknown_rank": False,
                                            },
                                            "name": "text",
                                        }
                                    },
                                    "outputs": {},
                                    "method_name": "tensorflow/serving/predict",
                                }
                            }
                        }
                    },
                }
            ]
        }
    )

    model_spec: ModelSpec = Field(description="Its name and version.")
    metadata: dict[str, Any] = Field(description="Its signature, in `signature_def`.")
