"""What computes the probabilities: ONNX Runtime, or Keras on TensorFlow as the reference."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import ArtifactError
from app.artifacts.sessions import batches, open_graph
from app.sentiment.padding import pad_sequences

EngineName = Literal["onnx", "tensorflow"]

TOKENIZER_KEY: Final = "tokenizer_sha256"
"""The graph's metadata that names the tokenizer it was trained with."""
VOCABULARY_KEY: Final = "vocabulary_size"
"""The graph's metadata that says how many ids it knows."""
OUTPUTS: Final = ["output"]


class Engine(Protocol):
    """Token ids to probabilities."""

    @property
    def quick(self) -> bool:
        """Whether one text takes so little that the event loop may wait for it."""

    @property
    def vocabulary_size(self) -> int:
        """Number of ids that the model knows."""

    @property
    def tokenizer_sha256(self) -> str | None:
        """Checksum of the tokenizer that the model was trained with; ``None`` if the model does not say."""

    def predict_one(self, ids: Sequence[int]) -> float:
        """Return the probability of one sequence of 1 to ``maxlen`` ids, not padded."""

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the probabilities of n such sequences; shape (n,)."""


class OnnxEngine:
    """ONNX Runtime, on one thread a call."""

    quick = True

    def __init__(self, path: Path, _maxlen: int) -> None:
        session = open_graph(path)
        metadata = session.get_modelmeta().custom_metadata_map
        try:
            self.vocabulary_size = int(metadata[VOCABULARY_KEY])
        except (KeyError, ValueError) as error:
            raise ArtifactError(
                f"{path} is not a graph that can be served (it does not say how many ids it knows); "
                "train the model again."
            ) from error
        self.tokenizer_sha256: str | None = metadata.get(TOKENIZER_KEY)
        self._run = session.run

    def predict_one(self, ids: Sequence[int]) -> float:
        """See :class:`Engine`."""
        feed = {"tokens": np.array([ids], dtype=np.int32), "lengths": np.array([len(ids)], dtype=np.int32)}
        probability: float = self._run(OUTPUTS, feed)[0].item()
        return probability

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """See :class:`Engine`. Rows of similar length run together."""
        probabilities = np.empty(len(sequences), dtype=np.float32)
        lengths = np.fromiter(map(len, sequences), dtype=np.int32, count=len(sequences))
        for rows in batches(lengths):
            feed = {
                "tokens": pad_sequences([sequences[row] for row in rows], padding="post"),
                "lengths": lengths[rows],
            }
            probabilities[rows] = self._run(OUTPUTS, feed)[0][:, 0]
        return probabilities


class TensorFlowEngine:
    """Keras' ``model.predict`` on padded sequences: slow, and what the others are measured against."""

    quick = False
    tokenizer_sha256: str | None = None

    def __init__(self, path: Path, maxlen: int) -> None:
        try:
            import keras
        except ImportError as error:
            raise ArtifactError(
                "ENGINE=tensorflow needs TensorFlow, which is not installed; install the extra `training`."
            ) from error
        with dropping_masks():
            self._model = keras.models.load_model(path, compile=False)
        self._maxlen = maxlen
        self.vocabulary_size = int(self._model.layers[0].input_dim)

    def predict_one(self, ids: Sequence[int]) -> float:
        """See :class:`Engine`."""
        return float(self.predict([ids])[0])

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """See :class:`Engine`."""
        if not sequences:  # Keras breaks on no rows.
            return np.empty(0, dtype=np.float32)
        padded = pad_sequences(sequences, self._maxlen)
        with dropping_masks():
            result: NDArray[np.float32] = self._model.predict(padded, batch_size=256, verbose=0)[:, 0]
        return result


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
    make: Callable[[Path, int], Engine]

    def load(self, folder: Path, maxlen: int) -> Engine:
        return self.make(folder / self.file, maxlen)


ENGINES: Final[dict[EngineName, _Kind]] = {
    "onnx": _Kind("model.onnx", OnnxEngine),
    "tensorflow": _Kind("model.keras", TensorFlowEngine),
}
