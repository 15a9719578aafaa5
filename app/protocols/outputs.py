"""Outputs of an inference request, as JSON or as bytes that follow it."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from struct import pack
from typing import Final, NamedTuple

from starlette.responses import Response

from app.artifacts.versions import ModelId
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
from app.protocols.tensors import HEADER_LENGTH, PREFIX, Inference
from app.sentiment.labels import Labels
from app.sentiment.serialization import rounded

_HEADER: Final = HEADER_LENGTH.lower().encode()
_TEMPLATES: Final = 256
_ID: Final = "id"
"""Field of the id in a template; the others are the names of outputs."""


class Wanted(NamedTuple):
    """The outputs that a request asks for.

    Attributes:
        names: Their names.
        in_bytes: Those whose data follow the JSON.
    """

    names: tuple[str, ...]
    in_bytes: frozenset[str]


class Encoded(NamedTuple):
    """What some texts got.

    Attributes:
        written: For each output that is wanted in JSON, by its name, its data.
        follow: For each that is wanted in bytes, its bytes, in order.
    """

    written: dict[str, str]
    follow: list[bytes]


class Output(NamedTuple):
    """An output that there is.

    Attributes:
        datatype: Its data type.
        columns: Whether it has a value for each label.
    """

    datatype: str
    columns: bool = False


ALL: Final = {
    LABEL: Output(BYTES),
    SCORE: Output(FP32),
    PROBABILITIES: Output(FP32, columns=True),
    WARNINGS: Output(BYTES),
    EXPLANATION: Output(BYTES),
}
"""All outputs, by name."""
_NONE: Final = frozenset[str]()
_NO_STRING: Final = bytes(PREFIX)
_UNNAMED: Final = {
    (explain, binary): Wanted(names, frozenset(names) if binary else _NONE)
    for explain, names in ((False, OUTPUTS), (True, (*OUTPUTS, EXPLANATION)))
    for binary in (False, True)
}
"""The outputs that are answered where none is named: with an explanation or without, in bytes or in JSON."""


def wanted_outputs(request: InferenceRequest) -> Wanted:
    """Return the outputs that a request asks for.

    Raises:
        app.http.problems.Problem: 422 if it asks for one that there is not, or for one twice.
    """
    parameters = request.parameters
    binary = parameters is not None and parameters.binary_data_output
    if not request.outputs:
        return _UNNAMED[parameters is not None and parameters.explain, binary]
    found: dict[str, bool] = {}
    for index, output in enumerate(request.outputs):
        if output.name not in ALL:
            raise wrong_field(f"#/outputs/{index}/name", f"is not an output; there is {', '.join(MEANINGS)}")
        if output.name in found:
            raise wrong_field(f"#/outputs/{index}/name", "is asked for twice")
        own = None if output.parameters is None else output.parameters.binary_data
        found[output.name] = binary if own is None else own
    in_bytes = [name for name, own in found.items() if own]
    return Wanted(tuple(found), frozenset(in_bytes) if in_bytes else _NONE)


def encode(wanted: Wanted, answers: Sequence[Answer]) -> Encoded:
    """Encode the outputs that are wanted, for some texts."""
    names, in_bytes = wanted
    if len(answers) == 1:  # in half of the time of the way below
        if not in_bytes:
            return Encoded(_json_row(answers[0]), [])
        if len(in_bytes) == len(names):
            row = _binary_row(answers[0])
            return Encoded({}, [row[name] for name in names])
    rows = [] if len(in_bytes) == len(names) else [*map(_json_row, answers)]
    tensors = [*map(_binary_row, answers)] if in_bytes else []
    written = {name: ",".join([row[name] for row in rows]) for name in names if name not in in_bytes}
    return Encoded(written, [b"".join([row[name] for row in tensors]) for name in names if name in in_bytes])


def _json_row(answer: Answer) -> dict[str, str]:
    """Return what all outputs have for a text as JSON; the values of a row with commas between them.

    Names of labels and codes of warnings need no escapes.
    """
    found, explanation = answer
    best, shown = found.best, rounded(found.probabilities)
    return {
        LABEL: f'"{found.labels[best]}"',
        SCORE: str(shown[best]),
        PROBABILITIES: ",".join(map(str, shown)),
        WARNINGS: f'"{",".join(found.warnings)}"',
        EXPLANATION: json.dumps(explanation) if explanation else "",
    }


def _binary_row(answer: Answer) -> dict[str, bytes]:
    """Return the same as the bytes of tensors."""
    found, explanation = answer
    best, shown = found.best, rounded(found.probabilities)
    return {
        LABEL: _few_bytes(found.labels[best]),
        SCORE: pack("<f", shown[best]),
        PROBABILITIES: pack(_floats(len(shown)), *shown),
        WARNINGS: _few_bytes(",".join(found.warnings) if found.warnings else ""),
        EXPLANATION: string_bytes(explanation) if explanation else _NO_STRING,
    }


@lru_cache
def _floats(count: int) -> str:
    return f"<{count}f"


@lru_cache
def _few_bytes(string: str) -> bytes:
    """Return :func:`string_bytes` of a string of which there are few: a label, or codes of warnings."""
    return string_bytes(string)


def string_bytes(string: str) -> bytes:
    """Return a string as bytes of a tensor; the inverse of :func:`app.protocols.tensors.split_strings`."""
    encoded = string.encode()
    return len(encoded).to_bytes(PREFIX, "little") + encoded


def inference_response(task: Task, wanted: Wanted, inference: Inference, parts: Sequence[Encoded]) -> Response:
    """Put an answer together.

    Args:
        task: What was done.
        wanted: The outputs.
        inference: The request, whose id is echoed, and its texts.
        parts: What :func:`encode` gave for each slice of the texts, in order.
    """
    encoded = parts[0] if len(parts) == 1 else _joined(wanted, parts)
    request, texts = inference
    about = _About(task.model.id, task.labels, len(texts), wanted)
    sizes = tuple(map(len, encoded.follow))
    if request.id is None and not encoded.written:
        content = _sized(about, sizes)
    else:
        content = _filled(about, sizes, encoded.written, request.id)
    if not sizes:
        return Response(content, media_type=JSON)
    response = Response(b"".join([content, *encoded.follow]), media_type=OCTETS)
    response.raw_headers.append((_HEADER, b"%d" % len(content)))
    return response


def _joined(wanted: Wanted, parts: Sequence[Encoded]) -> Encoded:
    """Join what the slices of the texts got."""
    follow = [b"".join(chunks) for chunks in zip(*(part.follow for part in parts), strict=True)]
    in_json = [name for name in wanted.names if name not in wanted.in_bytes]
    return Encoded({name: ",".join([part.written[name] for part in parts]) for name in in_json}, follow)


class _About(NamedTuple):
    """What decides how the JSON of an answer looks, but for the values in it."""

    model: ModelId
    labels: Labels
    texts: int
    wanted: Wanted


@lru_cache(_TEMPLATES)
def _sized(about: _About, sizes: tuple[int, ...]) -> bytes:
    """Return the JSON of an answer whose values all follow it."""
    return _filled(about, sizes, {}, None)


def _filled(about: _About, sizes: Sequence[int], written: Mapping[str, str], request_id: str | None) -> bytes:
    """Return the JSON of an answer: the values that stand in it, and the sizes of those that follow."""
    names = [name for name in about.wanted.names if name in about.wanted.in_bytes]
    numbers = dict(zip(names, map(str, sizes), strict=True))
    named = "" if request_id is None else f'"id":{json.dumps(request_id)},'
    return (_template(about) % {**written, **numbers, _ID: named}).encode()


@lru_cache(_TEMPLATES)
def _template(about: _About) -> str:
    """Return the JSON with fields for the id, and for the values of each output or their size."""
    named = json.dumps({"model_name": about.model.name, "model_version": about.model.version}, separators=(",", ":"))
    names, in_bytes = about.wanted
    outputs = ",".join([_described(about.labels, about.texts, name, name in in_bytes) for name in names])
    return f'{named[:-1].replace("%", "%%")},%({_ID})s"outputs":[{outputs}]}}'


def _described(labels: Labels, count: int, name: str, binary: bool) -> str:
    """Return an output as JSON, with a field for its data or the number of its bytes."""
    output = ALL[name]
    shape = f"[{count},{len(labels)}]" if output.columns else f"[{count}]"
    parameters = [f'"labels":"{",".join(labels)}"'] if output.columns else []
    if binary:
        parameters.append(f'"binary_data_size":%({name})s')
    added = f',"parameters":{{{",".join(parameters)}}}' if parameters else ""
    data = "" if binary else f',"data":[%({name})s]'
    return f'{{"name":"{name}","datatype":"{output.datatype}","shape":{shape}{added}{data}}}'
