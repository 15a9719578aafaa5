"""Response models of the operations routes."""

from typing import Literal

from pydantic import ConfigDict, Field

from app.http.schemas import Schema


class Health(Schema):
    """The state of the process."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "ok"}]})

    status: Literal["ok"] = Field(description="Always `ok`; a process that is not does not answer so.")
