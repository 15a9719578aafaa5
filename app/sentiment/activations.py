"""Activations of a network of one LSTM layer: what it computes inside, as it reads token ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from app.artifacts.graphs import Graph
from app.sentiment.attribution import States
from app.sentiment.recurrence import Floats, LstmLayer, LstmTrace, initial_states


class Activations(NamedTuple):
    """What a network computes of ids.

    Attributes:
        directions: What the LSTM computes at each id, forward and, if it reads both ways, backward.
        windows: Where the windows begin that the network reads by themselves, as indices of the ids; it begins anew
            there. One, if it does not read in windows.
        skipped: How many ids in front it does not read, as they are padding that it masks.
    """

    directions: Sequence[LstmTrace]
    windows: Sequence[int]
    skipped: int


@dataclass(frozen=True)
class LstmNetwork:
    """An Embedding, one LSTM layer, and what makes probabilities of its states.

    Attributes:
        layer: The weights of the LSTM.
        table: The vectors of the ids, shape (vocabulary, dimensions); ``None`` if the engine gives them.
        starts: h and c after so many steps of padding, shape (maxlen + 1, units) each, of a network that reads its
            padding; ``None`` if it masks it.
    """

    layer: LstmLayer
    table: Floats | None
    starts: tuple[Floats, Floats] | None

    @classmethod
    def of_graph(cls, graph: Graph, *, gives_vectors: bool) -> Self | None:
        """Find such a network in a graph; ``None`` if it is of another kind.

        Args:
            graph: The graph.
            gives_vectors: Whether the engine gives the vectors of the ids, so that they are not kept here too.

        Raises:
            ValueError, LookupError: Its weights are not as our exporter writes them.
        """
        recurrent = [node for node in graph.nodes if node.operator in ("LSTM", "GRU", "RNN")]
        if len(recurrent) != 1 or recurrent[0].operator != "LSTM":
            return None
        (node,) = recurrent
        gather = graph.producer(node.inputs[0])
        layer = LstmLayer.of_graph(graph, node)
        if layer is None or gather is None or gather.operator != "Gather":
            return None
        return cls(layer, None if gives_vectors else graph.floats(gather.inputs[0]), initial_states(graph, node))

    @classmethod
    def padded(cls, layer: LstmLayer, table: Floats, maxlen: int) -> Self:
        """Make one that reads its padding, of ids 0, in front of what is shorter than ``maxlen``."""
        trace = layer.trace(0, np.repeat(table[:1], maxlen, axis=0))
        zeros = np.zeros((1, layer.units), np.float32)
        return cls(layer, table, (np.concatenate([zeros, trace.hidden]), np.concatenate([zeros, trace.cell])))

    def read(self, ids: Sequence[int]) -> Activations:
        """Read ids at one go, padded in front to the network's ``maxlen``.

        Args:
            ids: At most ``maxlen``; 0 is padding.
        """
        if self.table is None:
            raise ValueError("The vectors of the ids are not known.")
        skipped = 0 if self.starts is not None else _zeros_in_front(ids)
        vectors = self.table[np.array(ids[skipped:], np.intp)]
        start = None
        if self.starts is not None:
            before = len(self.starts[0]) - 1 - len(ids)
            start = self.starts[0][before], self.starts[1][before]
        traces = [self._one_way(way, vectors, start) for way in range(self.layer.directions)]
        return Activations(self._behind(traces, skipped), (0,), skipped)

    def read_windows(self, ids: Sequence[int], states: States) -> Activations:
        """Read ids in windows.

        Args:
            ids: At most as many as the network reads.
            states: What the engine computes of the ids behind those that are skipped.
        """
        skipped = _zeros_in_front(ids)
        inner = len(ids) - skipped - 1
        steps, windows, _ = states.embedded.shape
        begins = [window * (steps - 1) for window in range(windows)]
        traces = []
        for way in range(self.layer.directions):
            parts = []
            for window, begin in enumerate(begins):
                length = 1 + min(steps - 1, inner - begin)
                part = self._one_way(way, states.embedded[:length, window])
                # The token in front of a further window is not one of the text.
                parts.append(LstmTrace(*(array[min(window, 1) :] for array in part)))
            traces.append(LstmTrace.joined(parts))
        firsts = [skipped + begin + min(begin, 1) for begin in begins]
        return Activations(self._behind(traces, skipped), firsts, skipped)

    def _one_way(self, way: int, vectors: Floats, start: tuple[Floats, Floats] | None = None) -> LstmTrace:
        if way == 0:
            return self.layer.trace(0, vectors, start)
        return self.layer.trace(1, vectors[::-1]).backwards()

    def _behind(self, traces: Sequence[LstmTrace], skipped: int) -> list[LstmTrace]:
        return [LstmTrace.joined([LstmTrace.empty(skipped, self.layer.units), trace]) for trace in traces]


def _zeros_in_front(ids: Sequence[int]) -> int:
    """Return how many ids of padding come first; the last id is read in any case."""
    return next((place for place, token in enumerate(ids) if token), len(ids) - 1)
