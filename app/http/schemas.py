"""The schema of errors, the problem document of RFC 9457, and the base of all schemas."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

NAME_CHARACTERS: Final = 1_000
"""Of a name in a request: what is repeated in an answer, or only looked up, is no text of megabytes."""


class Schema(BaseModel):
    """A request or a response.

    Pydantic builds the validator of each when it is first needed: a client of one route does not wait for all of them
    when it is imported.
    """

    model_config = ConfigDict(defer_build=True)


class FieldError(Schema):
    """What is wrong with one part of the request."""

    pointer: str = Field(
        description="Where in the body it is, as a JSON Pointer in a URI fragment (RFC 6901); where in the address, if "
        "it begins with `#/path` or `#/query`.",
        examples=["#/texts/3"],
    )
    detail: str = Field(description="What is wrong there.", examples=["must be a string"])


class ProblemDetails(Schema):
    """An error, as RFC 9457 describes it."""

    type: str = Field(description="Kind of problem; `about:blank` says that the status is all there is to it.")
    title: str = Field(description="The name of the status.", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status code.", examples=[422])
    detail: str = Field(
        description="A sentence that says what went wrong and how to mend it.",
        examples=["The field `text` must be a string."],
    )
    errors: list[FieldError] | None = Field(
        None, description="The fields that are wrong, if the request was understood but for them."
    )
    error: str | None = Field(
        None, description="The same as `detail`, on routes whose clients look for it here: those of other protocols."
    )
