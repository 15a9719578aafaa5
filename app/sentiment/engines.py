"""What computes the probabilities: ONNX Runtime, or Keras on TensorFlow as the reference."""

import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from app.artifacts.graphs import Graph
from app.artifacts.manifest import ArtifactError
from app.artifacts.sessions import batches, check_graph, open_graph
from app.sentiment.activations import LstmNetwork
from app.sentiment.attribution import States
from app.sentiment.padding import pad_sequences
from app.sentiment.recurrence import LstmLayer

EngineName = Literal["onnx", "tensorflow"]

TOKENIZER_KEY: Final = "tokenizer_sha256"
"""The graph's metadata that names the tokenizer it was trained with."""
VOCABULARY_KEY: Final = "vocabulary_size"
"""The graph's metadata that says how many ids it knows."""
OUTPUTS: Final = ["output"]
STATES: Final = ["embedded", "states"]
"""Further outputs of the graph of a model that reads texts in windows. They are intermediate results: to compute them
takes nothing, and to fetch them little."""


class Engine(Protocol):
    """Token ids to probabilities.

    A model with one output is a sigmoid: it gives the probability of the second of its two labels. A model with more
    is a softmax: it gives a probability for each label. Either way an engine returns one for each label.
    """

    @property
    def quick(self) -> bool:
        """Whether one text takes so little that the event loop may wait for it."""

    @property
    def vocabulary_size(self) -> int:
        """Number of ids that the model knows."""

    @property
    def outputs(self) -> int:
        """Number of outputs of the model: 1, or one for each label."""

    @property
    def tokenizer_sha256(self) -> str | None:
        """Checksum of the tokenizer that the model was trained with; ``None`` if the model does not say."""

    def predict_one(self, ids: Sequence[int]) -> tuple[float, ...]:
        """Return the probabilities for one sequence of 1 to ``maxlen`` ids, not padded: one for each label."""

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return the probabilities for n such sequences; shape (n, labels)."""

    @property
    def state_sizes(self) -> tuple[int, int] | None:
        """Dimensions of a word's vector and units of each direction, if the model reads in windows and gives states."""

    def predict_with_states(self, ids: Sequence[int]) -> tuple[tuple[float, ...], States]:
        """Do as :meth:`predict_one`, and return the states too; of a model that gives them."""

    @property
    def network(self) -> LstmNetwork | None:
        """The weights of the model's LSTM; ``None`` if it is a network of another kind."""


class OnnxEngine:
    """ONNX Runtime, on one thread a call."""

    quick = True

    def __init__(self, path: Path, _maxlen: int, content: bytes | None = None) -> None:
        session = open_graph(path, content)
        check_graph(path, session, {"tokens", "lengths"}, {*OUTPUTS})
        metadata = session.get_modelmeta().custom_metadata_map
        try:
            self.vocabulary_size = int(metadata[VOCABULARY_KEY])
        except (KeyError, ValueError) as error:
            raise ArtifactError(
                f"{path} is not a graph that can be served (it does not say how many ids it knows); "
                "train the model again."
            ) from error
        self.tokenizer_sha256: str | None = metadata.get(TOKENIZER_KEY)
        self.outputs = _outputs(path, session.get_outputs()[0].shape)
        shapes = {output.name: output.shape for output in session.get_outputs()}
        self.state_sizes: tuple[int, int] | None = None
        if {*STATES} <= {*shapes}:
            self.state_sizes = shapes[STATES[0]][-1], shapes[STATES[1]][-1]
        self.network = _network(path, content, gives_vectors=self.state_sizes is not None)
        self._run = session.run

    def predict_one(self, ids: Sequence[int]) -> tuple[float, ...]:
        """See :class:`Engine`."""
        return self._one(self._run(OUTPUTS, _feed(ids))[0])

    def predict_with_states(self, ids: Sequence[int]) -> tuple[tuple[float, ...], States]:
        """See :class:`Engine`."""
        outputs, embedded, states = self._run([*OUTPUTS, *STATES], _feed(ids))
        return self._one(outputs), States(embedded, states)

    def _one(self, outputs: NDArray[np.float32]) -> tuple[float, ...]:
        if self.outputs == 1:
            probability: float = outputs.item()
            return 1 - probability, probability
        return tuple(outputs[0].tolist())

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """See :class:`Engine`. Rows of similar length run together."""
        outputs = np.empty((len(sequences), self.outputs), dtype=np.float32)
        lengths = np.fromiter(map(len, sequences), dtype=np.int32, count=len(sequences))
        for rows in batches(lengths):
            feed = {
                "tokens": pad_sequences([sequences[row] for row in rows], padding="post"),
                "lengths": lengths[rows],
            }
            outputs[rows] = self._run(OUTPUTS, feed)[0]
        return _probabilities(outputs)


class TensorFlowEngine:
    """Keras' ``model.predict`` on padded sequences: slow, and what the others are measured against."""

    quick = False
    tokenizer_sha256: str | None = None

    def __init__(self, path: Path, maxlen: int, content: bytes | None = None) -> None:
        try:
            import keras

            from app.sentiment import windows
        except ImportError as error:
            raise ArtifactError(
                "ENGINE=tensorflow needs TensorFlow, which is not installed; install the extra `training`."
            ) from error
        # Keras reads models from files alone.
        with dropping_masks(), tempfile.NamedTemporaryFile(suffix=path.suffix) as verified:
            verified.write(path.read_bytes() if content is None else content)
            verified.flush()
            self._model = keras.models.load_model(verified.name, compile=False)
        self._maxlen = maxlen
        embedding = next(layer for layer in self._model.layers if isinstance(layer, keras.layers.Embedding))
        self.vocabulary_size = int(embedding.input_dim)
        self.outputs = _outputs(path, self._model.output_shape)
        self.state_sizes: tuple[int, int] | None = None
        if windows.has_states(self._model):
            self.state_sizes = int(embedding.output_dim), int(self._model.layers[2].forward_layer.units)
            self._window = int(self._model.layers[0].length)
            self._with_states = windows.with_states(self._model)
        self.network = self._lstm_network(embedding)

    def _lstm_network(self, embedding: Any) -> LstmNetwork | None:
        import keras

        kinds = keras.layers.RNN | keras.layers.Bidirectional
        recurrent = [layer for layer in self._model.layers if isinstance(layer, kinds)]
        inner = [getattr(layer, "forward_layer", layer) for layer in recurrent]
        if len(inner) != 1 or not isinstance(inner[0], keras.layers.LSTM):
            return None
        layer = LstmLayer.of_keras(recurrent[0].get_weights())
        (table,) = embedding.get_weights()
        if embedding.mask_zero:
            return LstmNetwork(layer, table, None)
        return LstmNetwork.padded(layer, table, self._maxlen)

    def predict_one(self, ids: Sequence[int]) -> tuple[float, ...]:
        """See :class:`Engine`."""
        return tuple(self.predict([ids])[0].tolist())

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """See :class:`Engine`."""
        if not sequences:  # Keras breaks on no rows.
            return _probabilities(np.empty((0, self.outputs), dtype=np.float32))
        padded = pad_sequences(sequences, self._maxlen)
        with dropping_masks():
            outputs: NDArray[np.float32] = self._model.predict(padded, batch_size=256, verbose=0)
        return _probabilities(outputs)

    def predict_with_states(self, ids: Sequence[int]) -> tuple[tuple[float, ...], States]:
        """See :class:`Engine`."""
        outputs, embedded, states = self._with_states.predict(pad_sequences([ids], self._maxlen), verbose=0)
        inner = len(ids) - 1
        windows = max(1, -(-inner // self._window))
        steps = 1 - (-inner // windows)
        vectors, both = (array[:windows, :steps].swapaxes(0, 1) for array in (embedded, states))
        states = both.reshape(steps, windows, 2, -1).swapaxes(1, 2)
        return tuple(_probabilities(outputs)[0].tolist()), States(vectors, states)


def _network(path: Path, content: bytes | None, *, gives_vectors: bool) -> LstmNetwork | None:
    """Return the weights of a graph's LSTM, if it has one, and they are as our exporter writes them."""
    try:
        return LstmNetwork.of_graph(Graph.read(path, content), gives_vectors=gives_vectors)
    except (ValueError, LookupError):
        return None  # the graph can be served all the same


def _feed(ids: Sequence[int]) -> dict[str, NDArray[np.int32]]:
    return {"tokens": np.array([ids], dtype=np.int32), "lengths": np.array([len(ids)], dtype=np.int32)}


def _outputs(path: Path, shape: Sequence[int | str | None]) -> int:
    """Return the last dimension of what a model gives, which must have the shape (n, outputs)."""
    match shape:
        case [_, int(outputs)]:
            return outputs
    raise ArtifactError(f"{path} does not give one row of probabilities a text; train the model again.")


def _probabilities(outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return a probability for each label, of what a model gives. In double precision, 1 − p is exact."""
    probabilities = outputs.astype(np.float64)
    return np.hstack([1 - probabilities, probabilities]) if probabilities.shape[1] == 1 else probabilities


@contextmanager
def dropping_masks() -> Iterator[None]:
    """Keep Keras from warning of a layer that takes no mask: max-pooling is meant to see the zeros of the padding."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Layer .* does not support masking", UserWarning)
        yield


@dataclass(frozen=True)
class _Kind:
    """An engine: the file of a model folder that it reads, and how it is made of it."""

    file: str
    make: Callable[[Path, int, bytes | None], Engine]

    def load(self, folder: Path, maxlen: int, content: bytes | None = None) -> Engine:
        return self.make(folder / self.file, maxlen, content)


ENGINES: Final[dict[EngineName, _Kind]] = {
    "onnx": _Kind("model.onnx", OnnxEngine),
    "tensorflow": _Kind("model.keras", TensorFlowEngine),
}
