"""Request and response models of the Open Inference Protocol V2, with its binary extension."""

from typing import Annotated, Any, Final, NotRequired

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from app.http.schemas import NAME_CHARACTERS, Schema

BYTES: Final = "BYTES"
FP32: Final = "FP32"
INPUT: Final = "text"
"""Name of the input in the metadata of a model; a request may call it as it likes."""
LABEL: Final = "label"
SCORE: Final = "score"
PROBABILITIES: Final = "probabilities"
WARNINGS: Final = "warnings"
EXPLANATION: Final = "explanation"
OUTPUTS: Final = (LABEL, SCORE, PROBABILITIES, WARNINGS)
"""Those that are answered where none is asked for; with ``explain``, :data:`EXPLANATION` too."""
MEANINGS: Final = {
    LABEL: "the most probable label",
    SCORE: "its probability",
    PROBABILITIES: "that of each label, which `parameters.labels` of this output names, in order",
    WARNINGS: "the codes of warnings, with commas between them, empty where there is nothing to warn of",
    EXPLANATION: "JSON with `words` and `sentences`, as `POST /sentiment` has them",
}
MOST_OUTPUTS: Final = len(MEANINGS)
_ALL: Final = "; ".join(f"`{name}`: {meaning}" for name, meaning in MEANINGS.items())

Dimension = Annotated[int, Field(ge=0, le=2**31 - 1)]
Size = Annotated[int, Field(ge=0, le=2**31 - 1)]


class InputParameters(Schema):
    """What the binary extension says of an input."""

    model_config = ConfigDict(strict=True)

    binary_data_size: Size | None = Field(None, description="Its size in bytes, where its data follow the JSON.")


_Name = Annotated[
    str, Field(max_length=NAME_CHARACTERS, description=f"Whatever name; the metadata of the model call it `{INPUT}`.")
]
_Shape = Annotated[
    list[Dimension],
    Field(description="Number of texts, n: [n] or [n, 1].", json_schema_extra={"minItems": 1, "maxItems": 2}),
]
_Datatype = Annotated[
    str, Field(max_length=NAME_CHARACTERS, description=f"`{BYTES}`.", json_schema_extra={"enum": [BYTES]})
]
_Data = Annotated[
    list[Any] | None,
    Field(
        description="The texts, each of at least one character; for [n, 1] as lists of one, or flat.",
        json_schema_extra={"items": {"type": "string", "minLength": 1}},
    ),
]
_Parameters = Annotated[InputParameters | None, Field(description="Of the binary extension.")]


class InputTensor(TypedDict):
    """Texts. No model: a dictionary takes less time to make."""

    __pydantic_config__ = ConfigDict(strict=True)  # type: ignore[misc]

    name: _Name
    shape: _Shape
    datatype: _Datatype
    data: NotRequired[_Data]
    parameters: NotRequired[_Parameters]


class OutputParameters(Schema):
    """What the binary extension says of an output."""

    model_config = ConfigDict(strict=True)

    binary_data: bool | None = Field(None, description="Whether its data are to follow the JSON.")


class RequestedOutput(Schema):
    """An output that is asked for."""

    model_config = ConfigDict(strict=True)

    name: str = Field(
        max_length=NAME_CHARACTERS, description=f"One of these. {_ALL}.", json_schema_extra={"enum": [*MEANINGS]}
    )
    parameters: OutputParameters | None = Field(None, description="Of the binary extension.")


LABELS_CHARACTERS: Final = 2_000
"""Of a list of labels: of as many as a model may have, each as long as it may be."""


class InferenceParameters(Schema):
    """How to answer. What is not known here is passed over, as the protocol has it."""

    model_config = ConfigDict(strict=True)

    labels: str | None = Field(
        None,
        max_length=LABELS_CHARACTERS,
        description="Labels to choose from, some of those that the model has, with commas between; by default all.",
        examples=["negative,positive"],
    )
    explain: bool = Field(False, description=f"Also answer the output `{EXPLANATION}`, if no outputs are named.")
    binary_data_output: bool = Field(
        False, description="Whether the data of outputs follow the JSON, where an output does not say it itself."
    )


class InferenceRequest(Schema):
    """Texts to classify."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "1",
                    "inputs": [{"name": INPUT, "shape": [1], "datatype": BYTES, "data": ["Superb acting."]}],
                    "outputs": [{"name": LABEL}, {"name": SCORE}],
                },
                {
                    "inputs": [{"name": INPUT, "shape": [1, 1], "datatype": BYTES, "data": [["Not bad at all."]]}],
                    "parameters": {"labels": "negative,positive", "explain": True},
                },
            ]
        },
    )

    id: str | None = Field(None, max_length=NAME_CHARACTERS, description="Echoed in the answer.")
    model_name: str | None = Field(
        None, max_length=NAME_CHARACTERS, description="Taken, and without effect: the path names the model."
    )
    model_version: str | None = Field(None, max_length=NAME_CHARACTERS, description="Taken, and without effect.")
    parameters: InferenceParameters | None = Field(None, description="How to answer.")
    inputs: list[InputTensor] = Field(
        description="The one input.", json_schema_extra={"minItems": 1, "maxItems": 1}, max_length=16
    )
    outputs: list[RequestedOutput] | None = Field(
        None,
        description=f"The outputs to answer; by default all but `{EXPLANATION}`.",
        json_schema_extra={"maxItems": MOST_OUTPUTS},
    )


class OutputTensor(Schema):
    """An output: a value for each text, or a row of values."""

    name: str = Field(description=f"One of these. {_ALL}.")
    datatype: str = Field(description=f"`{BYTES}` or `{FP32}`.")
    shape: list[int] = Field(description="[n], or of `probabilities` [n, labels].")
    data: list[Any] | None = Field(None, description="The values, flat, unless they follow the JSON.")
    parameters: dict[str, Any] | None = Field(
        None, description="`labels`: names of the columns; `binary_data_size`: bytes that follow the JSON."
    )


class InferenceResponse(Schema):
    """What was found of the texts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model_name": "sentiment-best",
                    "model_version": "2.3.0",
                    "id": "1",
                    "outputs": [
                        {"name": LABEL, "datatype": BYTES, "shape": [1], "data": ["positive"]},
                        {"name": SCORE, "datatype": FP32, "shape": [1], "data": [0.904686]},
                    ],
                }
            ]
        }
    )

    model_name: str = Field(description="Name of the model that answered.")
    model_version: str = Field(description="Its version.")
    id: str | None = Field(None, description="That of the request.")
    outputs: list[OutputTensor] = Field(description="The outputs, in the order in which they were asked for.")


class ServerMetadata(Schema):
    """What answers."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "sentiment", "version": "2.1.0", "extensions": ["binary_tensor_data"]}]
        }
    )

    name: str = Field(description="Name of the service.")
    version: str = Field(description="Its version.")
    extensions: list[str] = Field(description="Extensions of the protocol.")


class ServerHealth(Schema):
    """Whether the service answers. Both fields, as KServe's client reads `ready` where the protocol says `live`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"live": True, "ready": True}]})

    live: bool = Field(description="True.")
    ready: bool = Field(description="Whether it is ready for traffic: false once it is told to end.")


class ModelReadiness(Schema):
    """Whether a model answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "sentiment-best", "ready": True}]})

    name: str = Field(description="Name of the model.")
    ready: bool = Field(description="True: a model that is not ready is not there.")


class TensorMetadata(Schema):
    """An input or an output."""

    name: str = Field(description="Its name.")
    datatype: str = Field(description=f"`{BYTES}` or `{FP32}`.")
    shape: list[int] = Field(description="Its shape; −1 for any number of texts.")


class ModelMetadata(Schema):
    """What a model takes and gives."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "sentiment-best",
                    "versions": ["2.3.0"],
                    "platform": "onnxruntime_onnx",
                    "inputs": [{"name": INPUT, "datatype": BYTES, "shape": [-1]}],
                    "outputs": [
                        {"name": LABEL, "datatype": BYTES, "shape": [-1]},
                        {"name": PROBABILITIES, "datatype": FP32, "shape": [-1, 3]},
                    ],
                }
            ]
        }
    )

    name: str = Field(description="Name of the model.")
    versions: list[str] = Field(description="The version that is loaded.")
    platform: str = Field(description="`onnxruntime_onnx`, or `keras` with `ENGINE=tensorflow`.")
    inputs: list[TensorMetadata] = Field(description="The one input.")
    outputs: list[TensorMetadata] = Field(description="The outputs.")
