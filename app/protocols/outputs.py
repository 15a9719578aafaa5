"""Outputs of an inference request, as JSON or as bytes that follow it."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import pack
from typing import Final, NamedTuple

from starlette.responses import Response

from app.http.json_routes import JSON
from app.http.problems import wrong_field
from app.protocols.answers import Answer
from app.protocols.open_inference_schemas import (
    BYTES,
    EXPLANATION,
    FP32,
    LABEL,
    MEANINGS,
    OUTPUTS,
    PROBABILITIES,
    SCORE,
    WARNINGS,
    InferenceRequest,
)
from app.protocols.routing import OCTETS
from app.protocols.tensors import HEADER_LENGTH, PREFIX
from app.sentiment.classifier import Classifier
from app.sentiment.labels import Labels
from app.sentiment.serialization import rounded

_HEADER: Final = HEADER_LENGTH.lower().encode()
_TEMPLATES: Final = 256


class Wanted(NamedTuple):
    """An output that a request asks for.

    Attributes:
        name: Its name.
        binary: Whether its data follow the JSON.
    """

    name: str
    binary: bool


class Row(NamedTuple):
    """The values of all outputs for a text.

    Attributes:
        label: The most probable label.
        score: Its probability.
        probabilities: That of each label.
        warnings: The codes of warnings, with commas between them.
        explanation: JSON; empty if no explanation was asked for.
    """

    label: str
    score: float
    probabilities: list[float]
    warnings: str
    explanation: str


Rows = Sequence[Row]


@dataclass(frozen=True, slots=True)
class Output:
    """An output that there is.

    Attributes:
        datatype: Its data type.
        json: Returns its values for some texts as JSON, with commas between them.
        binary: Returns the same as the bytes of a tensor.
        columns: Whether it has a value for each label.
    """

    datatype: str
    json: Callable[[Rows], str]
    binary: Callable[[Rows], bytes]
    columns: bool = False


def join_strings(strings: Iterable[str]) -> bytes:
    """Return strings as the bytes of a tensor; the inverse of :func:`app.protocols.tensors.split_strings`."""
    encoded = [string.encode() for string in strings]
    return b"".join([part for one in encoded for part in (len(one).to_bytes(PREFIX, "little"), one)])


def _floats(values: Sequence[float]) -> bytes:
    return pack(f"<{len(values)}f", *values)


ALL: Final = {
    # Names of labels and codes of warnings need no escapes in JSON.
    LABEL: Output(
        BYTES,
        lambda rows: ",".join([f'"{row.label}"' for row in rows]),
        lambda rows: join_strings([row.label for row in rows]),
    ),
    SCORE: Output(
        FP32,
        lambda rows: ",".join([str(row.score) for row in rows]),
        lambda rows: _floats([row.score for row in rows]),
    ),
    PROBABILITIES: Output(
        FP32,
        lambda rows: ",".join([str(value) for row in rows for value in row.probabilities]),
        lambda rows: _floats([value for row in rows for value in row.probabilities]),
        columns=True,
    ),
    WARNINGS: Output(
        BYTES,
        lambda rows: ",".join([f'"{row.warnings}"' for row in rows]),
        lambda rows: join_strings([row.warnings for row in rows]),
    ),
    EXPLANATION: Output(
        BYTES,
        lambda rows: ",".join([json.dumps(row.explanation) for row in rows]),
        lambda rows: join_strings([row.explanation for row in rows]),
    ),
}
"""All outputs, by name."""
_UNNAMED: Final = {
    (explain, binary): tuple(Wanted(name, binary) for name in (*OUTPUTS, *([EXPLANATION] if explain else [])))
    for explain in (False, True)
    for binary in (False, True)
}
"""The outputs that are answered where none is named: with an explanation or without, as bytes or as JSON."""


def wanted_outputs(request: InferenceRequest) -> tuple[Wanted, ...]:
    """Return the outputs that a request asks for.

    Raises:
        app.http.problems.Problem: 422 if it asks for one that there is not, or for one twice.
    """
    parameters = request.parameters
    binary = parameters is not None and parameters.binary_data_output
    if not request.outputs:
        return _UNNAMED[parameters is not None and parameters.explain, binary]
    found: dict[str, Wanted] = {}
    for index, output in enumerate(request.outputs):
        if output.name not in ALL:
            raise wrong_field(f"#/outputs/{index}/name", f"is not an output; there is {', '.join(MEANINGS)}")
        if output.name in found:
            raise wrong_field(f"#/outputs/{index}/name", "is asked for twice")
        own = None if output.parameters is None else output.parameters.binary_data
        found[output.name] = Wanted(output.name, binary if own is None else own)
    return tuple(found.values())


def encode(wanted: Sequence[Wanted], answers: Sequence[Answer]) -> list[bytes]:
    """Return the data of each output that is wanted, for some texts: the bytes of a tensor, or of JSON."""
    rows = list(map(_row, answers))
    return [ALL[name].binary(rows) if binary else ALL[name].json(rows).encode() for name, binary in wanted]


def _row(answer: Answer) -> Row:
    found, explanation = answer
    best, shown = found.best, rounded(found.probabilities)
    return Row(found.labels[best], shown[best], shown, ",".join(found.warnings), explanation)


class Heading(NamedTuple):
    """What an answer says beside the data.

    Attributes:
        model: The model that answered.
        labels: Those to choose from.
        count: Number of texts.
        wanted: The outputs.
    """

    model: Classifier
    labels: Labels
    count: int
    wanted: tuple[Wanted, ...]


def inference_response(heading: Heading, request_id: str | None, parts: Sequence[list[bytes]]) -> Response:
    """Put an answer together.

    Args:
        heading: What it says beside the data.
        request_id: That of the request, to be echoed.
        parts: What :func:`encode` gave for each slice of the texts, in order.
    """
    said: list[bytes] = [b"" if request_id is None else b'"id":%s,' % json.dumps(request_id).encode()]
    follow: list[bytes] = []
    for (_, binary), *chunks in zip(heading.wanted, *parts, strict=True):
        if binary:
            follow += chunks
            said.append(b"%d" % sum(map(len, chunks)))
        else:
            said.append(b",".join(chunks))
    content = _template(heading) % tuple(said)
    if not follow:
        return Response(content, media_type=JSON)
    response = Response(b"".join([content, *follow]), media_type=OCTETS)
    response.raw_headers.append((_HEADER, b"%d" % len(content)))
    return response


@lru_cache(_TEMPLATES)
def _template(heading: Heading) -> bytes:
    """Return the JSON with ``%s`` for the id, and for the data of each output or their size."""
    model = heading.model
    named = json.dumps({"model_name": model.name, "model_version": model.manifest.version}, separators=(",", ":"))
    outputs = ",".join([_described(heading, *wanted) for wanted in heading.wanted])
    return f'{named[:-1].replace("%", "%%")},%s"outputs":[{outputs}]}}'.encode()


def _described(heading: Heading, name: str, binary: bool) -> str:
    """Return an output as JSON, with ``%s`` for its data or their size."""
    output = ALL[name]
    shape = f"[{heading.count},{len(heading.labels)}]" if output.columns else f"[{heading.count}]"
    parameters = [f'"labels":"{",".join(heading.labels)}"'] if output.columns else []
    if binary:
        parameters.append('"binary_data_size":%s')
    added = f',"parameters":{{{",".join(parameters)}}}' if parameters else ""
    data = "" if binary else ',"data":[%s]'
    return f'{{"name":"{name}","datatype":"{output.datatype}","shape":{shape}{added}{data}}}'
