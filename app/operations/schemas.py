"""What the operations routes answer."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Health(BaseModel):
    """The state of the process."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"] = Field(description="Always `ok`; a process that is not does not answer so.")


class ModelInfo(BaseModel):
    """A sentiment model that is loaded."""

    name: str = Field(description="Name to put into a request's `model`.")
    default: bool = Field(description="Whether it answers when a request names no model.")
    version: str = Field(description="Version of the model.")
    engine: str = Field(description="What computes: `onnx` or `tensorflow`.")
    labels: list[str] = Field(description="The labels that it tells apart, in the order of its probabilities.")
    vocabulary_size: int = Field(description="Number of token ids it knows.")
    maxlen: int = Field(description="Number of tokens it reads at most.")
    trained_on: str = Field(description="The data set.")
    figures: dict[str, Any] = Field(description="What was measured when it was trained, by split.")


class Models(BaseModel):
    """The sentiment models that are loaded."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "models": [
                        {
                            "name": "sentiment-best",
                            "default": True,
                            "version": "1.0.0",
                            "engine": "onnx",
                            "labels": ["negative", "positive"],
                            "vocabulary_size": 20000,
                            "maxlen": 1024,
                            "trained_on": "Large Movie Review Dataset v1.0",
                            "figures": {"test": {"reviews": 25000, "accuracy": 0.92912}},
                        }
                    ]
                }
            ]
        }
    )

    models: list[ModelInfo] = Field(description="One entry a model.")
