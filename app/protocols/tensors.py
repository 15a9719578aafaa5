"""Texts out of the input tensor of an inference request: from JSON, or from the bytes that follow it."""

from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

from fastapi import Request

from app.compute import Compute
from app.http.dependencies import part_of
from app.http.headers import header
from app.http.json_routes import COUNTED_BYTES, RequestBody, is_light, parsing, too_many
from app.http.json_values import Values
from app.http.problems import Problem, wrong_field
from app.protocols.open_inference_schemas import BYTES, InferenceRequest, InputTensor
from app.protocols.routing import ProtocolBody
from app.settings import Settings

HEADER_LENGTH: Final = "Inference-Header-Content-Length"
"""Header that says how many bytes of a body are JSON, where the data of tensors follow it."""
DATA: Final = "inputs/0/data"
"""Where a request has its texts."""
PREFIX: Final = 4
"""Bytes before each string that say how long it is, the least significant first."""
_HEADER: Final = HEADER_LENGTH.lower().encode()
_DIGITS: Final = 10
_SHORT: Final = 512
"""Bytes of JSON whose request is remembered, for a body that has its texts behind the JSON."""
_REMEMBERED: Final = 1_024
"""How many such requests are remembered."""


class Inference(NamedTuple):
    """An inference request, and the texts of its input, flat, wherever the request had them.

    Attributes:
        request: The request, which others with the same JSON may share: it is never changed.
        texts: The texts, at least one.
    """

    request: InferenceRequest
    texts: list[str]


class _Document(ProtocolBody[InferenceRequest]):
    """The JSON of a request."""

    def __init__(self) -> None:
        super().__init__(InferenceRequest, DATA, _most_values)
        self.parse_short = lru_cache(_REMEMBERED)(self.parse)

    def too_many(self, values: Values, largest: int) -> Problem:
        """See :meth:`JSONBody.too_many`."""
        return too_many(DATA, values.items, largest // 2)


class InferenceBody(RequestBody):
    """A dependency: the body as an :class:`Inference`."""

    def __init__(self) -> None:
        self._document = _Document()
        self.model = self._document.model
        self.content = self._document.content

    async def __call__(self, request: Request) -> Inference:
        """Read the body; raises what :meth:`JSONBody.__call__` does."""
        body = await self._document.read(request)
        given = header(request.scope, _HEADER)
        length = _header_length(given, len(body)) if given else len(body)
        document, follow = (body[:length], body[length:]) if given else (body, b"")
        if len(body) <= COUNTED_BYTES:
            return self.parse(document, None, follow)
        settings = part_of(request, Settings)
        if is_light(body):
            return self.parse(document, settings, follow)
        work = partial(self.parse, document, settings, follow)
        return await part_of(request, Compute).run(work, seconds=parsing(len(body), body.count(b",")))

    def parse(self, document: bytes, settings: Settings | None = None, follow: bytes = b"") -> Inference:
        """Parse the JSON and read the texts.

        Args:
            document: The JSON.
            settings: See :meth:`JSONBody.parse`.
            follow: The bytes that follow the JSON.

        Raises:
            app.http.problems.Problem: 400 if it is not JSON, 422 if it is not such a request, or the shape, the data
                type and the data of its input do not agree.
        """
        # Where the texts follow it, a client's JSON is the same but for their number and size.
        if follow and len(document) <= _SHORT:
            request = self._document.parse_short(document)
        else:
            request = self._document.parse(document, settings)
        if len(request.inputs) != 1:
            raise wrong_field("#/inputs", f"must be one input, the texts, but there are {len(request.inputs)}")
        tensor = request.inputs[0]
        count = _count(tensor)
        if settings is not None and count > settings.max_texts:
            raise too_many(DATA, count, settings.max_texts)
        parameters = tensor.get("parameters")
        size = None if parameters is None else parameters.binary_data_size
        if size is None:
            if follow:
                raise wrong_field(
                    "#/inputs/0", f"says no `binary_data_size`, but {len(follow):,} bytes follow the JSON"
                )
            return Inference(request, _flat(tensor, count))
        if tensor.get("data") is not None:
            raise wrong_field("#/inputs/0", "has both `data` and a `binary_data_size`")
        if size != len(follow):
            detail = f"says {size:,}, but {len(follow):,} bytes follow the JSON"
            raise wrong_field("#/inputs/0/parameters/binary_data_size", detail)
        return Inference(request, split_strings(follow, count))


def _most_values(settings: Settings) -> int:
    """Return how many values a body may have: texts, each in a list of its own."""
    return 2 * settings.max_texts


def _header_length(given: str, size: int) -> int:
    if not (given.isascii() and given.isdigit() and len(given) <= _DIGITS):
        raise Problem(400, f"The header {HEADER_LENGTH} must be a number of bytes, not {given[:40]!r}.")
    length = int(given)
    if length > size:
        raise Problem(400, f"The header {HEADER_LENGTH} says {length:,} bytes, but the body has {size:,}.")
    return length


def _count(tensor: InputTensor) -> int:
    """Return the number of texts that a tensor says it has."""
    if tensor["datatype"] != BYTES:
        raise wrong_field("#/inputs/0/datatype", f"must be {BYTES}: the model reads texts")
    match tensor["shape"]:
        case [count] | [count, 1] if count > 0:
            return count
    raise wrong_field("#/inputs/0/shape", "must be [n] or [n, 1], with n texts, at least one")


def _flat(tensor: InputTensor, count: int) -> list[str]:
    """Check the texts of a tensor, and return them, out of lists of their own."""
    data = tensor.get("data")
    if data is None:
        raise wrong_field(f"#/{DATA}", "is missing")
    if len(tensor["shape"]) > 1 and data and isinstance(data[0], list):
        data = [_only(row, index) for index, row in enumerate(data)]
    if len(data) != count:
        raise wrong_field(f"#/{DATA}", f"has {len(data):,} texts, but the shape says {count:,}")
    for index, text in enumerate(data):
        if not isinstance(text, str):
            raise wrong_field(f"#/{DATA}/{index}", "must be a string")
        if not text:
            raise wrong_field(f"#/{DATA}/{index}", "must not be empty")
    return data


def _only(row: Any, index: int) -> Any:
    """Return the only item of a row."""
    if not isinstance(row, list) or len(row) != 1:
        raise wrong_field(f"#/{DATA}/{index}", "must be a list of one text, as the shape says")
    return row[0]


def split_strings(data: bytes, count: int) -> list[str]:
    """Split the bytes of a tensor into its strings.

    Args:
        data: For each string its length in bytes, in :data:`PREFIX` bytes, and then its UTF-8.
        count: How many strings there are.

    Raises:
        app.http.problems.Problem: 422 if there are fewer or more, one is empty, or is not UTF-8.
    """
    found: list[str] = []
    position = 0
    for index in range(count):
        start = position + PREFIX
        if start > len(data):
            raise wrong_field(f"#/{DATA}", f"ends after {index:,} texts, but the shape says {count:,}")
        position = start + int.from_bytes(data[start - PREFIX : start], "little")
        if position > len(data):
            detail = f"has {position - start:,} bytes by its length, but {len(data) - start:,} are left"
            raise wrong_field(f"#/{DATA}/{index}", detail)
        if position == start:
            raise wrong_field(f"#/{DATA}/{index}", "must not be empty")
        try:
            found.append(data[start:position].decode())
        except UnicodeDecodeError as error:
            raise wrong_field(f"#/{DATA}/{index}", f"is not UTF-8: byte {error.start} fits no character") from error
    if position != len(data):
        raise wrong_field(f"#/{DATA}", f"has {len(data) - position:,} bytes after the {count:,} texts of its shape")
    return found
