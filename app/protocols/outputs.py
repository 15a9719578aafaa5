"""Outputs of an inference request, as JSON or as bytes that follow it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import pack
from typing import Final, NamedTuple

from starlette.responses import Response

from app.http.json_routes import JSON
from app.http.problems import wrong_field
from app.protocols.answers import Answer, Task
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
from app.sentiment.serialization import DIGITS, rounded

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


Encoded = tuple[list[str], list[bytes]]
"""What some texts got: for each output that is wanted its data as JSON, or the number of its bytes; and for each that is
wanted as bytes, the bytes of its tensor."""


@dataclass(frozen=True, slots=True)
class Output:
    """An output that there is.

    Attributes:
        datatype: Its data type.
        json: Returns what it has for a text as JSON; the values of a row with commas between them.
        binary: Returns the same as the bytes of a tensor.
        columns: Whether it has a value for each label.
    """

    datatype: str
    json: Callable[[Answer], str]
    binary: Callable[[Answer], bytes]
    columns: bool = False


def string_bytes(string: str) -> bytes:
    """Return a string as bytes of a tensor; the inverse of :func:`app.protocols.tensors.split_strings`."""
    encoded = string.encode()
    return len(encoded).to_bytes(PREFIX, "little") + encoded


def _score(answer: Answer) -> float:
    return round(answer.classification.score, DIGITS)


def _probabilities(answer: Answer) -> list[float]:
    return rounded(answer.classification.probabilities)


def _warnings(answer: Answer) -> str:
    return ",".join(answer.classification.warnings)


ALL: Final = {
    # Names of labels and codes of warnings need no escapes in JSON.
    LABEL: Output(
        BYTES,
        lambda answer: f'"{answer.classification.label}"',
        lambda answer: string_bytes(answer.classification.label),
    ),
    SCORE: Output(FP32, lambda answer: str(_score(answer)), lambda answer: pack("<f", _score(answer))),
    PROBABILITIES: Output(
        FP32,
        lambda answer: ",".join(map(str, _probabilities(answer))),
        lambda answer: pack(f"<{len(answer.classification.labels)}f", *_probabilities(answer)),
        columns=True,
    ),
    WARNINGS: Output(BYTES, lambda answer: f'"{_warnings(answer)}"', lambda answer: string_bytes(_warnings(answer))),
    EXPLANATION: Output(
        BYTES, lambda answer: json.dumps(answer.explanation), lambda answer: string_bytes(answer.explanation)
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


def encode(wanted: Sequence[Wanted], answers: Sequence[Answer]) -> Encoded:
    """Encode the outputs that are wanted, for some texts."""
    said: list[str] = []
    follow: list[bytes] = []
    for name, binary in wanted:
        if binary:
            follow.append(b"".join(map(ALL[name].binary, answers)))
            said.append(str(len(follow[-1])))
        else:
            said.append(",".join(map(ALL[name].json, answers)))
    return said, follow


def inference_response(
    task: Task, count: int, wanted: tuple[Wanted, ...], request_id: str | None, parts: Sequence[Encoded]
) -> Response:
    """Put an answer together.

    Args:
        task: What was done.
        count: Number of texts.
        wanted: The outputs.
        request_id: That of the request, to be echoed.
        parts: What :func:`encode` gave for each slice of the texts, in order.
    """
    said, follow = parts[0] if len(parts) == 1 else _joined(wanted, parts)
    echoed = "" if request_id is None else f'"id":{json.dumps(request_id)},'
    content = (_template(task.model, task.labels, count, wanted) % (echoed, *said)).encode()
    if not follow:
        return Response(content, media_type=JSON)
    response = Response(b"".join([content, *follow]), media_type=OCTETS)
    response.raw_headers.append((_HEADER, b"%d" % len(content)))
    return response


def _joined(wanted: Sequence[Wanted], parts: Sequence[Encoded]) -> Encoded:
    """Join what the slices of the texts got."""
    follow = [b"".join(chunks) for chunks in zip(*(follow for _, follow in parts), strict=True)]
    sizes = (str(len(tensor)) for tensor in follow)
    columns = zip(wanted, *(said for said, _ in parts), strict=True)
    return [next(sizes) if binary else ",".join(data) for (_, binary), *data in columns], follow


@lru_cache(_TEMPLATES)
def _template(model: Classifier, labels: Labels, count: int, wanted: tuple[Wanted, ...]) -> str:
    """Return the JSON with ``%s`` for the id, and for the data of each output or their size."""
    named = json.dumps({"model_name": model.name, "model_version": model.manifest.version}, separators=(",", ":"))
    outputs = ",".join([_described(labels, count, *one) for one in wanted])
    return f'{named[:-1].replace("%", "%%")},%s"outputs":[{outputs}]}}'


def _described(labels: Labels, count: int, name: str, binary: bool) -> str:
    """Return an output as JSON, with ``%s`` for its data or their size."""
    output = ALL[name]
    shape = f"[{count},{len(labels)}]" if output.columns else f"[{count}]"
    parameters = [f'"labels":"{",".join(labels)}"'] if output.columns else []
    if binary:
        parameters.append('"binary_data_size":%s')
    added = f',"parameters":{{{",".join(parameters)}}}' if parameters else ""
    data = "" if binary else ',"data":[%s]'
    return f'{{"name":"{name}","datatype":"{output.datatype}","shape":{shape}{added}{data}}}'
