"""A sentiment model: text to the probability that it is positive."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from app.artifacts.manifest import ArtifactError, read_manifest, read_serving, require, sha256
from app.sentiment.engines import ENGINES, Engine, EngineName
from app.sentiment.padding import Side, truncate
from app.sentiment.tokenizer import Encoding, Tokenizer

KIND: Final = "sentiment"
TOKENIZER_FILE: Final = "tokenizer.json"

Label = Literal["positive", "negative"]


class Serving(BaseModel):
    """What serving needs to know of a sentiment model, beside its files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vocabulary_size: int = Field(ge=3)
    maxlen: int = Field(ge=1)
    padding: Literal["pre"]
    truncating: Side


class Classification(NamedTuple):
    """What a model says of a text.

    Attributes:
        probability: That the text is positive, from 0 to 1.
        words: How many words the text has.
        unknown: How many of them the model does not know.
        truncated: Whether the text is longer than the model reads.
    """

    probability: float
    words: int
    unknown: int
    truncated: bool

    @property
    def label(self) -> Label:
        """The more probable of the two."""
        return "positive" if self.probability >= 0.5 else "negative"

    @property
    def score(self) -> float:
        """The probability of the label, from 0.5 to 1."""
        return max(self.probability, 1 - self.probability)


class Timing(NamedTuple):
    """Seconds that the two steps took."""

    tokenize: float
    predict: float


class Classifier:
    """The model of one folder. Safe to use from several threads."""

    def __init__(self, folder: Path, engine: EngineName = "onnx") -> None:
        """Read and verify a model folder.

        Args:
            folder: The model folder.
            engine: What computes the probabilities.

        Raises:
            ArtifactError: The folder is damaged, incomplete, or its parts are not of one model.
        """
        self.manifest = read_manifest(folder)
        self.name = self.manifest.name
        self.engine_name: EngineName = engine
        require(folder, self.manifest, [TOKENIZER_FILE, ENGINES[engine].file])
        self.serving = read_serving(folder, self.manifest, Serving)
        self.tokenizer = Tokenizer.load(folder / TOKENIZER_FILE)
        self.engine: Engine = ENGINES[engine].load(folder, self.serving.maxlen)
        self._check_agreement(folder)

    def _check_agreement(self, folder: Path) -> None:
        tokenizer, expected = folder / TOKENIZER_FILE, self.engine.tokenizer_sha256
        if expected is not None and sha256(tokenizer) != expected:
            raise ArtifactError(f"{tokenizer} is the tokenizer of another model; restore the model folder.")
        sizes = {self.tokenizer.vocabulary_size, self.engine.vocabulary_size, self.serving.vocabulary_size}
        if len(sizes) != 1:
            raise ArtifactError(
                f"{tokenizer} has {self.tokenizer.vocabulary_size} ids, its model {self.engine.vocabulary_size}, "
                f"its manifest {self.serving.vocabulary_size}; restore the model folder."
            )

    def classify(self, text: str) -> tuple[Classification, Timing]:
        """Classify one text, and say how long that took."""
        start = perf_counter()
        encoding = self.tokenizer.encode(text)
        tokenized = perf_counter()
        probability = self.engine.predict_one(self.truncate(encoding.ids))
        return self.classification(encoding, probability), Timing(tokenized - start, perf_counter() - tokenized)

    def classify_all(self, texts: Sequence[str]) -> tuple[list[Classification], Timing]:
        """Classify texts, in order, and say how long that took."""
        start = perf_counter()
        encodings = [self.tokenizer.encode(text) for text in texts]
        tokenized = perf_counter()
        probabilities = self.engine.predict([self.truncate(encoding.ids) for encoding in encodings]).tolist()
        timing = Timing(tokenized - start, perf_counter() - tokenized)
        return list(map(self.classification, encodings, probabilities)), timing

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Return the probability that each sequence is positive.

        Args:
            sequences: n sequences of ids from 0 to ``vocabulary_size`` − 1, padded in front or not, none empty.
                They are truncated to the model's ``maxlen``.

        Returns:
            Shape (n,). The same as Keras gives for the sequences padded to ``maxlen``.
        """
        return self.engine.predict([self.truncate(_strip_padding(sequence)) for sequence in sequences])

    def truncate(self, ids: Sequence[int]) -> Sequence[int]:
        """Cut ids to what the model reads."""
        return truncate(ids, self.serving.maxlen, self.serving.truncating)

    def classification(self, encoding: Encoding, probability: float) -> Classification:
        """Put together what is known of a text."""
        truncated = len(encoding.ids) > self.serving.maxlen
        return Classification(probability, encoding.words, encoding.unknown, truncated)


def _strip_padding(sequence: Sequence[int]) -> Sequence[int]:
    """Cut the padding in front of a sequence, but for the last id."""
    for start, token in enumerate(sequence):
        if token != 0:
            return sequence[start:]
    return sequence[-1:]
