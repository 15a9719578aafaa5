"""An LSTM layer step by step: its states and its gates, which the graph that is served does not give.

Hochreiter and Schmidhuber, *Long Short-Term Memory*, Neural Computation 1997; the forget gate is of Gers, Schmidhuber
and Cummins, *Learning to Forget*, 2000.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from app.artifacts.graphs import Graph, GraphNode

Floats = NDArray[np.float32]

GATES: Final = 4
_ACTIVATIONS: Final = ("Sigmoid", "Tanh", "Tanh")
_KERAS_GATES: Final = (0, 3, 1, 2)
"""Where Keras (input, forget, candidate, output) has what ONNX has in the order input, output, forget, candidate."""
_INITIAL_H, _INITIAL_C = 5, 6


class LstmTrace(NamedTuple):
    """What an LSTM computes at each step; all of shape (steps, units).

    Attributes:
        hidden: h, after the step, from −1 to 1.
        cell: c, after the step.
        input: The input gate, from 0 to 1: how much of the candidate is taken in.
        forget: The forget gate, from 0 to 1: how much of the cell before is kept.
        candidate: What the step would write, from −1 to 1.
        output: The output gate, from 0 to 1: how much of the cell is shown.
    """

    hidden: Floats
    cell: Floats
    input: Floats
    forget: Floats
    candidate: Floats
    output: Floats

    @classmethod
    def empty(cls, steps: int, units: int) -> Self:
        """Return a trace of zeros, which is what a layer does with steps that are masked."""
        return cls(*np.zeros((len(cls._fields), steps, units), np.float32))

    def backwards(self) -> Self:
        """Return it in the opposite order of steps."""
        return type(self)(*(array[::-1] for array in self))

    @classmethod
    def joined(cls, parts: Sequence["LstmTrace"]) -> Self:
        """Return the steps of all parts, one after the other."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


class LstmLayer(NamedTuple):
    """The weights of an LSTM layer that reads in one direction or in both, with its gates in ONNX' order.

    Attributes:
        kernel: Shape (directions, 4 · units, dimensions).
        recurrent: Shape (directions, 4 · units, units).
        bias: Shape (directions, 4 · units).
    """

    kernel: Floats
    recurrent: Floats
    bias: Floats

    @classmethod
    def of_graph(cls, graph: Graph, node: GraphNode) -> Self | None:
        """Return the weights of a node, or ``None`` if it has others than Keras' activation functions."""
        kernel, recurrent, bias = (graph.floats(node.inputs[place]) for place in (1, 2, 3))
        if node.words.get("activations", ()) != _ACTIVATIONS * len(kernel):
            return None
        halves = bias.reshape(len(bias), 2, -1)
        return cls(kernel, recurrent, halves[:, 0] + halves[:, 1])

    @classmethod
    def of_keras(cls, weights: Sequence[Floats]) -> Self:
        """Arrange what ``get_weights`` of Keras' ``LSTM`` gives, or of a ``Bidirectional`` around one."""
        kernels, recurrents, biases = weights[0::3], weights[1::3], weights[2::3]
        order = np.array(_KERAS_GATES)

        def arranged(array: Floats) -> Floats:
            return array.reshape(*array.shape[:-1], GATES, -1)[..., order, :].reshape(array.shape)

        return cls(
            np.stack([arranged(one).T for one in kernels]),
            np.stack([arranged(one).T for one in recurrents]),
            np.stack([arranged(one) for one in biases]),
        )

    @property
    def directions(self) -> int:
        """1, or 2 if it also reads backward."""
        return len(self.kernel)

    @property
    def units(self) -> int:
        """Of each direction."""
        return int(self.recurrent.shape[2])

    def trace(self, direction: int, vectors: Floats, start: tuple[Floats, Floats] | None = None) -> LstmTrace:
        """Read a sequence.

        Args:
            direction: 0 for the first one, 1 for the second, to which the last vector has to come first.
            vectors: In the order of reading, shape (steps, dimensions).
            start: h and c before the first step, shape (units,) each; by default zeros.
        """
        found = LstmTrace.empty(len(vectors), self.units)
        sums = vectors @ self.kernel[direction].T + self.bias[direction]
        recurrent = self.recurrent[direction]
        hidden, cell = start or (found.hidden[:0].sum(axis=0), found.cell[:0].sum(axis=0))
        for step, from_vector in enumerate(sums):
            gates = (from_vector + recurrent @ hidden).reshape(GATES, -1)
            opened = (1 + np.tanh(gates[:3] / 2)) / 2  # a sigmoid that does not overflow
            candidate = np.tanh(gates[3])
            cell = opened[2] * cell + opened[0] * candidate
            hidden = opened[1] * np.tanh(cell)
            for array, value in zip(found, (hidden, cell, opened[0], opened[2], candidate, opened[1]), strict=True):
                array[step] = value
        return found


def initial_states(graph: Graph, node: GraphNode) -> tuple[Floats, Floats] | None:
    """Return the tables of h and c from which an LSTM starts after so many steps of padding, if it has such.

    Returns:
        Both of shape (longest + 1, units).
    """
    if len(node.inputs) <= _INITIAL_C or not node.inputs[_INITIAL_H]:
        return None
    tables = []
    for place in (_INITIAL_H, _INITIAL_C):
        unsqueeze = graph.producer(node.inputs[place])
        gather = unsqueeze and graph.producer(unsqueeze.inputs[0])
        if gather is None:
            return None
        tables.append(graph.floats(gather.inputs[0]))
    return tables[0], tables[1]
