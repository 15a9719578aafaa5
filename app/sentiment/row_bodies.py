"""Many texts in whatever form people send them: as JSON, or as rows of a file that are classified as they come."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.http.bodies import is_json, media_type_of, unsupported
from app.http.json_routes import JSON, JSONBody
from app.http.problems import Problem, invalid_query, wrong_field
from app.sentiment.bodies import MULTIPART
from app.sentiment.row_formats import MEDIA_TYPES, RowFormat, format_of_media_type
from app.sentiment.schemas import EXPLAINED, BatchRequest, LabelChoice, ModelName, ModelVersion, TolerantBatchRequest
from app.settings import Settings

SUPPORTED: Final = (JSON, *MEDIA_TYPES.values(), MULTIPART)
_ROWS: Final = "A row a text. The answer has as many rows, in order, and comes while others are still being sent."
_STRING: Final = {"type": "string"}
_NAME_CHARACTERS: Final = 200
"""Characters of what is said of columns at most."""
_BOOLEAN: Final = {"type": "boolean", "examples": [True]}
_EXAMPLES: Final[dict[RowFormat, str]] = {
    "ndjson": '{"text": "Superb acting."}\n',
    "csv": "id,text\n1,Superb acting.\n",
    "tsv": "id\ttext\n1\tSuperb acting.\n",
    "text": "Superb acting.\n",
    "parquet": "PAR1…",
}
_ANSWERS: Final[dict[RowFormat, str]] = {
    "ndjson": json.dumps(EXPLAINED) + "\n",
    "csv": "id,text,label,score,warnings,error\n1,Superb acting.,positive,0.904686,,\n",
    "tsv": "id\ttext\tlabel\tscore\twarnings\terror\n1\tSuperb acting.\tpositive\t0.904686\t\t\n",
    "text": "positive 0.9047\n",
    "parquet": "PAR1…",
}
ANSWERS: Final = {
    media_type: {"schema": _STRING, "example": _ANSWERS[name]} for name, media_type in MEDIA_TYPES.items()
}
"""What OpenAPI says of answers that are rows."""


class RowOptions(BaseModel):
    """What the query says of rows.

    Attributes:
        model: See :class:`app.sentiment.schemas.BatchRequest`.
        version: The same.
        labels: The same.
        explain: The same; where the answer is NDJSON.
        column: The column, or the field of an object, that holds the texts.
        prefix: Stands before the names of the columns that the answer has more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: ModelName = None
    version: ModelVersion = None
    labels: LabelChoice = None
    explain: bool = False
    column: str = Field("text", min_length=1, max_length=_NAME_CHARACTERS)
    prefix: str = Field("", max_length=_NAME_CHARACTERS)


@dataclass(frozen=True)
class RowsBody:
    """A body of rows, which is not read yet.

    Attributes:
        format: Its format; ``None`` for a form with a file, which says it itself.
        options: What the query says.
    """

    format: RowFormat | None
    options: RowOptions


class BatchBody(JSONBody[BatchRequest]):
    """A dependency: many texts, sent as JSON, or as rows that are read later."""

    def __init__(self) -> None:
        super().__init__(BatchRequest, "texts", _most_texts)
        for name, media_type in MEDIA_TYPES.items():
            self.content[media_type] = {"schema": {**_STRING, "description": _ROWS}, "example": _EXAMPLES[name]}
        file = {"type": "object", "required": ["file"], "properties": {"file": {**_STRING, "format": "binary"}}}
        self.content[MULTIPART] = {"schema": file, "example": {"file": _EXAMPLES["csv"]}}

    async def __call__(self, request: Request) -> Any:
        """Return a :class:`BatchRequest`, read by its media type, or a :class:`RowsBody`.

        Raises:
            app.http.problems.Problem: 415 for another media type, 422 for a wrong query, and what
                :meth:`JSONBody.__call__` raises.
        """
        media_type, charset = media_type_of(request)
        if is_json(media_type):
            options = options_of(request)
            return _with_options(await super().__call__(request), options)
        found = format_of_media_type(media_type)
        if found is None and media_type != MULTIPART:
            raise unsupported(media_type, *SUPPORTED)
        check_charset(charset)
        return RowsBody(found, options_of(request))

    def parse(self, body: bytes, settings: Settings | None = None) -> BatchRequest:
        """Parse a JSON body; see :meth:`JSONBody.parse`. Where it says so, its texts may be anything."""
        try:
            return super().parse(body, settings)
        except Problem as problem:
            # What is wrong with the texts alone is no error then.
            if problem.status != 422 or problem.errors is None or problem.errors[0].pointer == "#/texts":
                raise
            try:
                return TolerantBatchRequest.model_validate_json(body)
            except ValidationError:
                raise problem from None


def _with_options(body: BatchRequest, options: RowOptions) -> BatchRequest:
    """Add what the query says and a JSON body does not.

    Raises:
        app.http.problems.Problem: 422 if the query says what is for rows alone.
    """
    given = options.model_fields_set
    for name in ("column", "prefix"):
        if name in given:
            raise wrong_field(f"#/query/{name}", "is for rows, not for a body in JSON")
    missing = given - body.model_fields_set
    return body.model_copy(update={name: getattr(options, name) for name in missing}) if missing else body


def check_charset(charset: str) -> None:
    """See that rows are in UTF-8, as far as it is said.

    Raises:
        app.http.problems.Problem: 415 if they are not.
    """
    if charset.lower() not in ("", "utf-8", "utf8", "us-ascii", "ascii"):
        raise Problem(415, f"Rows are read as UTF-8, not {charset[:40]!r}; send them so.")


def options_of(request: Request, fields: Mapping[str, str] = MappingProxyType({})) -> RowOptions:
    """Read the options of rows.

    Args:
        request: Has them in its query, where dependencies of others may have parameters of their own.
        fields: Has those of a form, which count less.

    Raises:
        app.http.problems.Problem: 422 if one is wrong, or a field of the form is none.
    """
    query = {name: value for name, value in request.query_params.items() if name in RowOptions.model_fields}
    try:
        return RowOptions.model_validate_strings({**fields, **query})
    except ValidationError as error:
        raise invalid_query(error) from error


def _most_texts(settings: Settings) -> int:
    return settings.max_texts


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


QUERY: Final = [
    _parameter("model", "`model`, for a body without it.", {**_STRING, "examples": ["sentiment-best"]}),
    _parameter("version", "`version`, for a body without it.", {**_STRING, "examples": ["2.3.0"]}),
    _parameter("labels", "`labels`, for a body without it.", {**_STRING, "examples": ["negative,positive"]}),
    _parameter(
        "explain",
        "`explain`, for a body without it; rows need NDJSON.",
        {**_BOOLEAN, "default": False},
    ),
    _parameter(
        "column",
        "Of rows: the column, or field of the objects, that holds the texts; by default `text`.",
        {**_STRING, "maxLength": _NAME_CHARACTERS, "examples": ["text"]},
    ),
    _parameter(
        "prefix",
        "Of rows: stands before the names of the added columns.",
        {**_STRING, "maxLength": _NAME_CHARACTERS, "examples": ["predicted_"]},
    ),
]
"""What the query says of rows, for OpenAPI."""
