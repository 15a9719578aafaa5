"""Keras layers to ONNX, for texts and series of any length, with padding that costs nothing.

The graph takes rows of their own length, ``lengths``, and gives what Keras gives for the rows padded to one
length. How it gets there depends on the model:

* It pads before the text and does not mask (the lecture's). Its recurrent layers then read ``padded_length − n``
  times the embedding of id 0 before the n tokens, so their state at the first token depends on n alone. The table
  of these start states is computed once, here, and stored in the graph.
* It masks its padding (``mask_zero=True``), or has none. Its recurrent layers then start from zeros.

The ONNX operators are those of the specification of ``LSTM``, ``RNN`` and opset 17.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from app.sentiment.attribution import COUNTED_WINDOWS
from app.sentiment.engines import STATES
from app.sentiment.windows import MaximumOverWindows, Windows, has_states

OPSET: Final = 17
IR_VERSION: Final = 9
TOKENS, OBSERVATIONS, LENGTHS, OUTPUT = "tokens", "observations", "lengths", "output"

Array = NDArray[np.float32]
Branch = Callable[[], Sequence[str]]


class ExportError(Exception):
    """The model has a layer or a setting that cannot be exported exactly. The message says which."""


def export(
    model: keras.Sequential,
    path: Path,
    *,
    padded_length: int | None = None,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a Keras model as an ONNX graph.

    The graph's inputs are ``tokens`` (int32, shape (n, time)) for a model that begins with an ``Embedding``, else
    ``observations`` (float32, shape (n, time, features)), and ``lengths`` (int32, shape (n,)): how many steps of
    each row, at least 1 and at most ``padded_length``, are its own; what follows them is not read. Its output is
    ``output``, with the shape of the Keras model's.

    Of a model that :func:`app.sentiment.windows.has_states`, two intermediate results are outputs as well, float32:
    ``embedded``, shape (steps, windows, dimensions), and ``states``, shape (steps, 2, windows, units), of the windows
    that the texts have, text by text.

    Args:
        model: A stack of ``Embedding``, ``Normalization``, ``SimpleRNN``, ``LSTM``, ``Bidirectional``,
            ``GlobalAveragePooling1D``, ``GlobalMaxPooling1D``, ``Dense``, ``Reshape`` and dropout layers.
        path: Where to write.
        padded_length: The length to which the Keras model's input is padded in front; ``None`` if it is not padded.
        metadata: Stored in the graph.

    Raises:
        ExportError: A layer cannot be exported so that the results agree.
    """
    graph = _Graph(padded_length, states=has_states(model))
    value = graph.begin(model)
    for layer in model.layers:
        emit = _EMITTERS.get(type(layer))
        if emit is None:
            raise ExportError(f"Layer {layer.name} is a {type(layer).__name__}, which cannot be exported.")
        value = emit(graph, layer, value)
    onnx.save(graph.finish(value, metadata or {}), path)


@dataclass(frozen=True)
class _Value:
    """A tensor on its way through the layers.

    Attributes:
        name: Its name in the graph. Shape (time, n, features) for a sequence, (n, rows, features) after a
            ``Reshape``, else (n, features).
        features: Its last dimension.
        sequence: Whether it has a time axis.
        rows: Into how many rows a ``Reshape`` has brought it.
        padding: What a step of padding looks like when it comes k steps after the first, as rows k of shape
            (padded_length + 1, features); ``None`` if padding is masked or absent.
        zeros_at_masked: Whether Keras shows zeros at the masked steps in front.
    """

    name: str
    features: int
    sequence: bool
    padding: Array | None = None
    zeros_at_masked: bool = False
    rows: int | None = None


class _Graph:
    """The nodes and constants of a graph under construction."""

    def __init__(self, padded_length: int | None, *, states: bool = False) -> None:
        self.padded_length = padded_length
        self.lengths = LENGTHS
        self.windows: _Windows | None = None
        self.states = states
        self._given: list[onnx.ValueInfoProto] = []
        self._count = 0
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._input: onnx.ValueInfoProto
        self._starts: str | None = None

    def begin(self, model: keras.Sequential) -> _Value:
        """Declare the input and bring it into time-major order."""
        shape = model.input_shape
        if isinstance(model.layers[0], keras.layers.Embedding | Windows):
            self._input = helper.make_tensor_value_info(TOKENS, TensorProto.INT32, ["n", "time"])
            if isinstance(model.layers[0], Windows):
                return _Value(TOKENS, 1, sequence=True)
            return _Value(self.node("Transpose", TOKENS, perm=[1, 0]), 1, sequence=True)
        if self.padded_length is not None:
            raise ExportError("Only a model that begins with an Embedding has padding.")
        if len(shape) != 3:
            raise ExportError("The model reads neither token ids nor observations of shape (n, time, features).")
        self._input = helper.make_tensor_value_info(OBSERVATIONS, TensorProto.FLOAT, ["n", "time", shape[-1]])
        return _Value(self.node("Transpose", OBSERVATIONS, perm=[1, 0, 2]), shape[-1], sequence=True)

    def finish(self, value: _Value, metadata: Mapping[str, str]) -> onnx.ModelProto:
        """Name the output and return the checked model."""
        inner: list[str | int] = ["time"] if value.sequence else [] if value.rows is None else [value.rows]
        shape: list[str | int] = ["n", *inner, value.features]
        last = self.node("Transpose", value.name, perm=[1, 0, 2]) if value.sequence else value.name
        self._nodes.append(helper.make_node("Identity", [last], [OUTPUT]))
        lengths = helper.make_tensor_value_info(LENGTHS, TensorProto.INT32, ["n"])
        output = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape)
        outputs = [output, *self._given]
        graph = helper.make_graph(self._nodes, "keras", [self._input, lengths], outputs, self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model, full_check=True)
        return model

    def node(
        self,
        operator: str,
        *inputs: str,
        outputs: int = 1,
        take: int = 0,
        **attributes: int | str | list[int] | list[str],
    ) -> str:
        """Add a node and return the name of its output number ``take``."""
        names = [f"{operator}_{self._count}_{index}" for index in range(outputs)]
        self._count += 1
        node = helper.make_node(operator, list(inputs), names)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self._nodes.append(node)
        return names[take]

    def choose(self, condition: str, types: Sequence[int], then: Branch, otherwise: Branch) -> list[str]:
        """Add two branches, of which only the chosen one is computed, and return the names of its results.

        Args:
            condition: A scalar that says whether it is the first one.
            types: Of the results, as ``TensorProto`` numbers them.
            then: Adds the nodes of the first branch, and returns the names of its results.
            otherwise: The same of the second.
        """
        outer = self._nodes
        graphs = []
        for branch in (then, otherwise):
            self._nodes = []
            # A result has to come of a node of the branch itself.
            results = [self.node("Identity", name) for name in branch()]
            outputs = [helper.make_tensor_value_info(*pair, None) for pair in zip(results, types, strict=True)]
            graphs.append(helper.make_graph(self._nodes, f"branch_{self._count}", [], outputs))
        self._nodes = outer
        names = [f"If_{self._count}_{index}" for index in range(len(types))]
        self._count += 1
        self._nodes.append(helper.make_node("If", [condition], names, then_branch=graphs[0], else_branch=graphs[1]))
        return names

    def give(self, name: str, output: str, shape: Sequence[int | str]) -> str:
        """Make the result of the last node an output by another name, and return that; nothing is copied for it."""
        names = self._nodes[-1].output
        names[:] = [output if each == name else each for each in names]
        self._given.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, shape))
        return output

    def constant(self, array: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def integers(self, *numbers: int) -> str:
        """Add a constant of one dimension, as shapes, axes and bounds are given, and return its name."""
        return self.constant(np.array(numbers, dtype=np.int64))

    def start_rows(self) -> str:
        """Return the number of steps of padding in front of each row; shape (n,)."""
        if self._starts is None:
            length = self.constant(np.array(self.padded_length, dtype=np.int32))
            self._starts = self.node("Sub", length, LENGTHS)
        return self._starts


def _embedding(graph: _Graph, layer: keras.layers.Embedding, value: _Value) -> _Value:
    (table,) = layer.get_weights()
    padding = None
    if graph.padded_length is not None and not layer.mask_zero:
        padding = np.repeat(table[:1], graph.padded_length + 1, axis=0)
    name = graph.node("Gather", graph.constant(table), value.name)
    if graph.states:
        name = graph.give(name, STATES[0], ["steps", "windows", table.shape[1]])
    return _Value(name, table.shape[1], sequence=True, padding=padding)


@dataclass(frozen=True)
class _Windows:
    """Where the windows of each text are.

    Attributes:
        single: Whether each text has one window alone; a scalar.
        per_text: The number of texts, and of windows of the longest one; shape (2,). Of single ones, nothing.
        rows: Which windows have tokens, of their product; shape (windows,). Of single ones, nothing.
        length: Tokens of a window at most, without the one in front.
    """

    single: str
    per_text: str
    rows: str
    length: int


def _windows(graph: _Graph, layer: Windows, value: _Value) -> _Value:
    """Cut the windows, unless each text is one: for a sentence that would take as long as the network itself.

    The output is time-major: (steps of the longest window + 1, windows).
    """
    longest = graph.node("ReduceMax", LENGTHS, axes=[0], keepdims=0)
    single = graph.node("LessOrEqual", longest, graph.constant(np.array(layer.length + 1, dtype=np.int32)))

    def whole() -> list[str]:
        nowhere = graph.constant(np.empty(0, np.int64))
        return [graph.node("Transpose", TOKENS, perm=[1, 0]), LENGTHS, nowhere, nowhere]

    types = [TensorProto.INT32, TensorProto.INT32, TensorProto.INT64, TensorProto.INT64]
    tokens, graph.lengths, per_text, rows = graph.choose(single, types, whole, lambda: _cut(graph, layer))
    graph.windows = _Windows(single, per_text, rows, layer.length)
    return replace(value, name=tokens)


def _cut(graph: _Graph, layer: Windows) -> list[str]:
    """Cut the windows, and leave out those that a shorter text of the batch does not have.

    Returns:
        The tokens of the windows, time-major; how many each has; and what :class:`_Windows` says of where they are.
    """
    zero, one, length = (graph.integers(number) for number in (0, 1, layer.length))
    scalar_zero, scalar_one = (graph.constant(np.array(number, dtype=np.int64)) for number in (0, 1))

    def range_to(end: str) -> str:
        return graph.node("Range", scalar_zero, graph.node("Squeeze", end), scalar_one)

    def divided(number: str, by: str) -> str:
        """Divide and round up."""
        return graph.node("Div", graph.node("Sub", graph.node("Add", number, by), one), by)

    # Below, shapes are (n, windows, steps).
    lengths = graph.node("Cast", LENGTHS, to=TensorProto.INT64)
    inner = graph.node("Sub", graph.node("Unsqueeze", lengths, graph.integers(1, 2)), one)
    used = graph.node("Max", divided(inner, length), one)
    own = divided(inner, used)
    count, steps = (
        graph.node("Max", graph.node("ReduceMax", each, axes=[0, 1], keepdims=0), one) for each in (used, own)
    )
    window = graph.node("Unsqueeze", range_to(count), one)
    step = range_to(steps)
    begin = graph.node("Mul", window, own)
    place = graph.node("Add", begin, step)
    inside = graph.node("And", graph.node("Less", step, own), graph.node("Less", place, inner))
    wanted = graph.node("Where", inside, graph.node("Add", place, one), scalar_zero)
    flat = graph.node("Reshape", wanted, graph.integers(0, -1))
    words = graph.node("GatherElements", TOKENS, flat, axis=1)
    words = graph.node("Reshape", words, graph.node("Concat", graph.integers(-1), steps, axis=0))
    first = graph.node("Slice", TOKENS, zero, one, one)
    pads = graph.node("Concat", graph.integers(0, 0, 0), graph.node("Sub", count, one), axis=0)
    fronts = graph.node("Pad", first, pads, graph.constant(np.array(layer.start, dtype=np.int32)))
    rows = graph.node("Concat", graph.node("Reshape", fronts, graph.integers(-1, 1)), words, axis=1)
    left = graph.node("Min", graph.node("Max", graph.node("Sub", inner, begin), zero), own)
    present = graph.node("NonZero", graph.node("Reshape", graph.node("Less", window, used), graph.integers(-1)))
    present = graph.node("Squeeze", present, zero)
    of_rows = graph.node("Gather", graph.node("Reshape", graph.node("Add", left, one), graph.integers(-1)), present)
    tokens = graph.node("Transpose", graph.node("Gather", rows, present), perm=[1, 0])
    per_text = graph.node("Concat", graph.node("Shape", TOKENS, start=0, end=1), count, axis=0)
    return [tokens, graph.node("Cast", of_rows, to=TensorProto.INT32), per_text, present]


def _maximum_over_windows(graph: _Graph, layer: MaximumOverWindows, value: _Value) -> _Value:
    """Take the maximum over the steps of each window, then over the windows of each text.

    Zeros need no leaving out, neither those that the recurrent operator writes after the end of a window nor those in
    place of windows that a text does not have: the layer counts nothing below zero.
    """
    _require_time(layer, value)
    if graph.windows is None or not value.zeros_at_masked:
        raise ExportError(f"Layer {layer.name} must follow a recurrent layer that reads windows.")
    windows, features = graph.windows, graph.integers(value.features)
    of_window = graph.node("ReduceMax", value.name, axes=[0], keepdims=0)

    def of_texts() -> list[str]:
        shape = graph.node("Concat", windows.per_text, features, axis=0)
        flat = graph.node("ReduceProd", windows.per_text, axes=[0], keepdims=1)
        nothing = graph.node("ConstantOfShape", graph.node("Concat", flat, features, axis=0))
        places = graph.node("Unsqueeze", windows.rows, graph.integers(1))
        placed = graph.node("Reshape", graph.node("ScatterND", nothing, places, of_window), shape)
        return [graph.node("ReduceMax", placed, axes=[1], keepdims=0)]

    (of_text,) = graph.choose(windows.single, [TensorProto.FLOAT], lambda: [of_window], of_texts)
    of_text = graph.node("Relu", of_text)
    if layer.length_power is None:
        return _Value(of_text, value.features, sequence=False)
    most, power = (np.array(number, np.float32) for number in (COUNTED_WINDOWS * windows.length, layer.length_power))
    counted = graph.node("Min", _lengths_column(graph), graph.constant(most))
    divisor = graph.node("Pow", counted, graph.constant(power))
    divided = graph.node("Div", of_text, divisor)
    return _Value(
        graph.node("Concat", divided, graph.node("Reciprocal", divisor), axis=1), value.features + 1, sequence=False
    )


@dataclass(frozen=True)
class _Cell:
    """The weights of a recurrent layer in ONNX' order of gates.

    Attributes:
        operator: ``LSTM`` or ``RNN``.
        kernel: Shape (gates · units, features).
        recurrent: Shape (gates · units, units).
        bias: Shape (gates · units,).
        activations: ONNX' names of the activation functions.
    """

    operator: str
    kernel: Array
    recurrent: Array
    bias: Array
    activations: list[str]

    @classmethod
    def of(cls, layer: keras.layers.Layer) -> "_Cell":
        if type(layer) not in (keras.layers.SimpleRNN, keras.layers.LSTM):
            raise ExportError(f"Layer {layer.name} is a {type(layer).__name__}, which cannot be exported.")
        if layer.stateful:
            raise ExportError(f"Layer {layer.name} is stateful: what it gives depends on what it read before.")
        weights = layer.get_weights()
        kernel, recurrent = weights[0].T, weights[1].T
        bias = weights[2] if layer.use_bias else np.zeros(len(kernel), dtype=np.float32)
        if isinstance(layer, keras.layers.SimpleRNN):
            return cls("RNN", kernel, recurrent, bias, [_activation(layer, layer.activation)])
        gate, state = _activation(layer, layer.recurrent_activation), _activation(layer, layer.activation)
        kernel, recurrent, bias = (_onnx_gates(array, layer.units) for array in (kernel, recurrent, bias))
        return cls("LSTM", kernel, recurrent, bias, [gate, state, state])

    @property
    def units(self) -> int:
        return int(self.recurrent.shape[1])

    def states(self, inputs: Array) -> tuple[Array, ...]:
        """Return the states before each step of one sequence of inputs, (steps, units) each: h, and c of an LSTM."""
        h = c = np.zeros(self.units, dtype=np.float32)
        before_h, before_c = [h], [c]
        for row in inputs[:-1]:
            z = self.kernel @ row + self.recurrent @ h + self.bias
            if self.operator == "RNN":
                h = _FUNCTIONS[self.activations[0]](z)
            else:
                gate, state = _FUNCTIONS[self.activations[0]], _FUNCTIONS[self.activations[1]]
                i, o, f, g = np.split(z, 4)
                c = gate(f) * c + gate(i) * state(g)
                h = gate(o) * state(c)
            before_h.append(h)
            before_c.append(c)
        table = (np.stack(before_h), np.stack(before_c))
        return table[:1] if self.operator == "RNN" else table


def _onnx_gates(array: Array, units: int) -> Array:
    """Reorder Keras' gates (input, forget, cell, output) to ONNX' (input, output, forget, cell)."""
    i, f, c, o = (array[gate * units : (gate + 1) * units] for gate in range(4))
    return np.concatenate([i, o, f, c])


def _recurrent(graph: _Graph, layer: keras.layers.Layer, value: _Value) -> _Value:
    if layer.go_backwards:
        raise ExportError(f"Layer {layer.name} goes backwards outside of a Bidirectional, which cannot be exported.")
    _require_time(layer, value)
    cell = _Cell.of(layer)
    starts: list[str] = []
    padding = None
    if value.padding is not None:
        tables = cell.states(value.padding)
        padding = np.concatenate([tables[0][1:], tables[0][-1:]])
        rows = [graph.node("Gather", graph.constant(table), graph.start_rows()) for table in tables]
        axis = graph.constant(np.array([0], dtype=np.int64))
        starts = [graph.node("Unsqueeze", row, axis) for row in rows]
    output = _recurrent_node(graph, [cell], value, starts, sequence=layer.return_sequences)
    axis = graph.constant(np.array([1 if layer.return_sequences else 0], dtype=np.int64))
    squeezed = graph.node("Squeeze", output, axis)
    return _Value(squeezed, cell.units, layer.return_sequences, padding, zeros_at_masked=True)


def _bidirectional(graph: _Graph, layer: keras.layers.Bidirectional, value: _Value) -> _Value:
    _require_time(layer, value)
    if value.padding is not None:
        raise ExportError(
            f"Layer {layer.name} reads the padding backwards, after the text; set mask_zero=True on the Embedding."
        )
    if layer.merge_mode != "concat":
        raise ExportError(f"Layer {layer.name} merges by {layer.merge_mode}; only concat can be exported.")
    cells = [_Cell.of(layer.forward_layer), _Cell.of(layer.backward_layer)]
    if len({(cell.operator, cell.units) for cell in cells}) != 1 or layer.forward_layer.go_backwards:
        raise ExportError(f"Layer {layer.name} must run the same kind of layer, of as many units, both ways.")
    output = _recurrent_node(graph, cells, value, [], sequence=layer.return_sequences)
    if graph.states:
        output = graph.give(output, STATES[1], ["steps", 2, "windows", cells[0].units])
    features = 2 * cells[0].units
    if layer.return_sequences:
        side_by_side = graph.node("Transpose", output, perm=[0, 2, 1, 3])
        shape = np.array([0, 0, features], dtype=np.int64)
    else:
        side_by_side = graph.node("Transpose", output, perm=[1, 0, 2])
        shape = np.array([0, features], dtype=np.int64)
    joined = graph.node("Reshape", side_by_side, graph.constant(shape))
    return _Value(joined, features, layer.return_sequences, zeros_at_masked=True)


def _recurrent_node(graph: _Graph, cells: list[_Cell], value: _Value, starts: list[str], *, sequence: bool) -> str:
    """Add the operator; its output has the shape (time, directions, n, units), or (directions, n, units)."""
    first = cells[0]
    bias = np.stack([np.concatenate([cell.bias, np.zeros_like(cell.bias)]) for cell in cells])
    return graph.node(
        first.operator,
        value.name,
        graph.constant(np.stack([cell.kernel for cell in cells])),
        graph.constant(np.stack([cell.recurrent for cell in cells])),
        graph.constant(bias),
        graph.lengths,
        *starts,
        outputs=len(first.activations) if first.operator == "LSTM" else 2,
        take=0 if sequence else 1,
        hidden_size=first.units,
        direction="forward" if len(cells) == 1 else "bidirectional",
        activations=[name for cell in cells for name in cell.activations],
    )


def _dense(graph: _Graph, layer: keras.layers.Dense, value: _Value) -> _Value:
    weights = layer.get_weights()
    name = graph.node("MatMul", value.name, graph.constant(weights[0]))
    padding = None if value.padding is None else value.padding @ weights[0]
    if layer.use_bias:
        name = graph.node("Add", name, graph.constant(weights[1]))
        padding = None if padding is None else padding + weights[1]
    activation = _activation(layer, layer.activation)
    if activation != "Identity":
        name = graph.node(activation, name)
        padding = None if padding is None else _FUNCTIONS[activation](padding)
    return _Value(name, weights[0].shape[1], value.sequence, padding, rows=value.rows)


def _normalization(graph: _Graph, layer: keras.layers.Normalization, value: _Value) -> _Value:
    mean, variance = np.asarray(layer.mean), np.asarray(layer.variance)
    if mean.size != mean.shape[-1]:
        raise ExportError(f"Layer {layer.name} normalizes along another axis than the last, which cannot be exported.")
    mean = mean.reshape(-1)
    deviation = np.maximum(np.sqrt(variance.reshape(-1)), np.float32(keras.config.epsilon()))
    first, second = ("Mul", "Add") if layer.invert else ("Sub", "Div")
    constants = (deviation, mean) if layer.invert else (mean, deviation)
    name = graph.node(first, value.name, graph.constant(constants[0]))
    name = graph.node(second, name, graph.constant(constants[1]))
    padding = value.padding
    if padding is not None:
        padding = padding * deviation + mean if layer.invert else (padding - mean) / deviation
    return replace(value, name=name, padding=padding, zeros_at_masked=False)


def _reshape(graph: _Graph, layer: keras.layers.Reshape, value: _Value) -> _Value:
    flat = not value.sequence and value.rows is None
    _, *shape = layer.compute_output_shape((None, value.features)) if flat else layer.output.shape
    if not flat or len(shape) != 2:
        raise ExportError(f"Layer {layer.name} does other than bring one row into several, which cannot be exported.")
    name = graph.node("Reshape", value.name, graph.constant(np.array([0, *shape], dtype=np.int64)))
    return _Value(name, shape[1], sequence=False, rows=shape[0])


def _require_time(layer: keras.layers.Layer, value: _Value) -> None:
    if not value.sequence:
        raise ExportError(f"Layer {layer.name} reads the rows of a Reshape as time, which cannot be exported.")


def _average_pooling(graph: _Graph, layer: keras.layers.Layer, value: _Value) -> _Value:
    inside = _inside(graph, layer, value)
    kept = graph.node("Where", inside, value.name, graph.constant(np.zeros((), dtype=np.float32)))
    total = graph.node("ReduceSum", kept, graph.constant(np.array([0], dtype=np.int64)), keepdims=0)
    return _Value(graph.node("Div", total, _lengths_column(graph)), value.features, sequence=False)


def _max_pooling(graph: _Graph, layer: keras.layers.Layer, value: _Value) -> _Value:
    inside = _inside(graph, layer, value)
    kept = graph.node("Where", inside, value.name, graph.constant(np.array(-np.inf, dtype=np.float32)))
    name = graph.node("ReduceMax", kept, axes=[0], keepdims=0)
    if graph.padded_length is not None:
        # Keras' max pooling knows no mask: it sees the steps of padding, whatever stands there.
        if not value.zeros_at_masked:
            raise ExportError(f"Layer {layer.name} must follow a recurrent layer directly.")
        length = graph.constant(np.array(graph.padded_length, dtype=np.float32))
        is_padded = graph.node("Less", _lengths_column(graph), length)
        floor = graph.node("Relu", name)
        name = graph.node("Where", is_padded, floor, name)
    return _Value(name, value.features, sequence=False)


def _inside(graph: _Graph, layer: keras.layers.Layer, value: _Value) -> str:
    """Return which steps belong to each row; shape (time, n, 1)."""
    _require_time(layer, value)
    if layer.keepdims or layer.data_format != "channels_last":
        raise ExportError(f"Layer {layer.name} keeps the dimension it pools, or pools another than time.")
    if value.padding is not None:
        raise ExportError(f"Layer {layer.name} pools over the padding; set mask_zero=True on the Embedding.")
    zero, one = (graph.constant(np.array(number, dtype=np.int64)) for number in (0, 1))
    shape = graph.node("Shape", value.name, start=0, end=1)
    time = graph.node("Squeeze", shape)
    steps = graph.node("Range", zero, time, one)
    column = graph.node("Unsqueeze", steps, graph.constant(np.array([1], dtype=np.int64)))
    lengths = graph.node("Cast", LENGTHS, to=TensorProto.INT64)
    inside = graph.node("Less", column, lengths)
    return graph.node("Unsqueeze", inside, graph.constant(np.array([2], dtype=np.int64)))


def _lengths_column(graph: _Graph) -> str:
    lengths = graph.node("Cast", LENGTHS, to=TensorProto.FLOAT)
    return graph.node("Unsqueeze", lengths, graph.constant(np.array([1], dtype=np.int64)))


def _nothing(_graph: _Graph, _layer: keras.layers.Layer, value: _Value) -> _Value:
    return value


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float32)


def _sigmoid(x: Array) -> Array:
    return np.asarray((1 + np.tanh(x / 2)) / 2, dtype=np.float32)


_FUNCTIONS: Final[dict[str, Callable[[Array], Array]]] = {
    "Tanh": np.tanh,
    "Sigmoid": _sigmoid,
    "Softmax": _softmax,
    "Relu": lambda x: np.maximum(x, np.float32(0)),
}
_ACTIVATIONS: Final = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu"}
_ACTIVATIONS_OF_DENSE: Final = {**_ACTIVATIONS, "softmax": "Softmax", "linear": "Identity"}


def _activation(layer: keras.layers.Layer, function: Callable[..., Any]) -> str:
    name = str(getattr(function, "__name__", function))
    known = _ACTIVATIONS_OF_DENSE if isinstance(layer, keras.layers.Dense) else _ACTIVATIONS
    if name not in known:
        raise ExportError(f"Layer {layer.name} has the activation {name}, which cannot be exported.")
    return known[name]


_EMITTERS: Final[dict[type, Callable[[_Graph, Any, _Value], _Value]]] = {
    Windows: _windows,
    MaximumOverWindows: _maximum_over_windows,
    keras.layers.Embedding: _embedding,
    keras.layers.SimpleRNN: _recurrent,
    keras.layers.LSTM: _recurrent,
    keras.layers.Bidirectional: _bidirectional,
    keras.layers.GlobalAveragePooling1D: _average_pooling,
    keras.layers.GlobalMaxPooling1D: _max_pooling,
    keras.layers.Dense: _dense,
    keras.layers.Normalization: _normalization,
    keras.layers.Reshape: _reshape,
    keras.layers.Dropout: _nothing,
    keras.layers.SpatialDropout1D: _nothing,
}
