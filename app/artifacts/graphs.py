"""The nodes and the constants of an ONNX graph, from its bytes: a session does not tell them.

The format is protocol buffers' wire format: https://protobuf.dev/programming-guides/encoding/ and ``onnx.proto``.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import ArtifactError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES: Final = {_FIXED64: 8, _FIXED32: 4}
_FLOAT: Final = 1
"""How ``TensorProto`` numbers float32."""

Wire = int | memoryview


class GraphNode(NamedTuple):
    """A node of a graph.

    Attributes:
        operator: Such as ``LSTM``.
        inputs: Names of what it takes, empty for what it is not given.
        outputs: Names of what it gives.
        words: Its attributes that are lists of strings, such as ``activations`` of an LSTM, by their names.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    words: dict[str, tuple[str, ...]]


class Graph(NamedTuple):
    """What a file of ONNX holds.

    Attributes:
        nodes: In order.
        constants: The messages of the tensors, by their names.
    """

    nodes: tuple[GraphNode, ...]
    constants: dict[str, memoryview]

    @classmethod
    def read(cls, path: Path, content: bytes | None = None) -> Self:
        """Read a file.

        Args:
            path: The file.
            content: Its bytes, where they have been read already.

        Raises:
            ArtifactError: It is no graph.
        """
        nodes = []
        constants = {}
        try:
            for model_field, graph in _fields(memoryview(path.read_bytes() if content is None else content)):
                if model_field != 7:
                    continue
                for field, value in _fields(_message(graph)):
                    if field == 1:
                        nodes.append(_node(_message(value)))
                    elif field == 5:
                        tensor = _message(value)
                        constants[_text(_first(tensor, 8))] = tensor
        except (IndexError, ValueError, TypeError, LookupError) as error:
            raise ArtifactError(f"{path} is not a graph that can be read ({error}); train the model again.") from error
        return cls(tuple(nodes), constants)

    def producer(self, name: str) -> GraphNode | None:
        """Return the node that gives a result, or ``None`` if none does: it is a constant or an input."""
        return next((node for node in self.nodes if name in node.outputs), None)

    def floats(self, name: str) -> NDArray[np.float32]:
        """Return a copy of a constant.

        Raises:
            KeyError: There is none of this name.
            ValueError: It is no array of float32 in the form that our exporter writes.
        """
        tensor = self.constants[name]
        if _first(tensor, 2) != _FLOAT:
            raise ValueError(f"{name} is not of float32")
        shape = [size for field, value in _fields(tensor) if field == 1 for size in _numbers(value)]
        return np.frombuffer(_message(_first(tensor, 9)), "<f4").reshape(shape).astype(np.float32)


def _node(message: memoryview) -> GraphNode:
    names: dict[int, list[str]] = {1: [], 2: [], 4: []}
    words = {}
    for field, value in _fields(message):
        if field in names:
            names[field].append(_text(value))
        elif field == 5:
            attribute = _message(value)
            found = tuple(_text(one) for inner, one in _fields(attribute) if inner == 9)
            if found:
                words[_text(_first(attribute, 1))] = found
    return GraphNode("".join(names[4]), tuple(names[1]), tuple(names[2]), words)


def _fields(message: memoryview) -> Iterator[tuple[int, Wire]]:
    """Give the fields of a message with their numbers."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value: Wire
            value, place = _varint(message, place)
        else:
            size, place = _varint(message, place) if kind == _BYTES else (_SIZES[kind], place)
            if place + size > len(message):
                raise ValueError("it ends too early")
            value = message[place : place + size]
            place += size
        yield number, value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return a number of variable length, and the place behind it."""
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("it has a number that is too long")


def _first(message: memoryview, number: int) -> Wire:
    return next((value for field, value in _fields(message) if field == number), memoryview(b""))


def _message(value: Wire) -> memoryview:
    if not isinstance(value, memoryview):
        raise TypeError("a field is no message")
    return value


def _text(value: Wire) -> str:
    return _message(value).tobytes().decode()


def _numbers(value: Wire) -> Iterator[int]:
    """Give a number, or those of a packed list."""
    if not isinstance(value, memoryview):
        yield value
        return
    place = 0
    while place < len(value):
        number, place = _varint(value, place)
        yield number
