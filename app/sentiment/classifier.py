"""A sentiment model: text to a probability for each label."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated, Final, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.artifacts.manifest import (
    MANIFEST,
    ArtifactError,
    check_data,
    check_kind,
    content_of,
    read_folder,
    read_serving,
    require,
)
from app.artifacts.versions import ModelId, version_of
from app.sentiment.activations import Activations
from app.sentiment.attribution import ATTRIBUTION_FILE, Attribution, Weights
from app.sentiment.codes import Warnings
from app.sentiment.engines import ENGINES, Engine, EngineName
from app.sentiment.inspection import are_of_model, check_probabilities
from app.sentiment.labels import BINARY, FEWEST, MOST, LabelName, Labels
from app.sentiment.padding import truncate
from app.sentiment.side import Side
from app.sentiment.tokenizer import Encoding, Tokenizer
from app.sentiment.warnings import Language, WarningRules

KIND: Final = "sentiment"
TOKENIZER_FILE: Final = "tokenizer.json"
LONGEST: Final = 100_000
"""Tokens that any model reads."""
_ANY_TIME: Final = nullcontext()


def _no_doubles(labels: Labels) -> Labels:
    if len(set(labels)) < len(labels):
        raise ValueError("a label is named twice")
    return labels


class SentimentServing(BaseModel):
    """What serving needs to know of a sentiment model, beside its files.

    Attributes:
        vocabulary_size: Number of token ids, the special ones included.
        maxlen: Number of tokens that the model reads at most.
        padding: Where texts were padded in training.
        truncating: Where longer texts are cut.
        labels: Names of the labels, in the order of the model's outputs.
        language: That of the texts that the model was trained on; ``None`` if that is not known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    vocabulary_size: int = Field(ge=3, strict=True)
    maxlen: int = Field(ge=1, le=LONGEST, strict=True)
    padding: Literal["pre"]
    truncating: Side
    labels: Annotated[tuple[LabelName, ...], Field(min_length=FEWEST, max_length=MOST), AfterValidator(_no_doubles)] = (
        BINARY
    )
    language: Language | None = None


class Classification(NamedTuple):
    """Probabilities of the labels for a text, and how much of it the model read.

    Attributes:
        labels: The labels to choose from.
        probabilities: The probability of each label, in the same order; they add up to 1.
        words: How many words the text has.
        unknown: How many of them the model does not know.
        truncated: Whether the text is longer than the model reads.
        warnings: Why the probabilities may mean little.
    """

    labels: Labels
    probabilities: Sequence[float]
    words: int
    unknown: int
    truncated: bool
    warnings: Warnings = ()

    @property
    def best(self) -> int:
        """Index of the most probable label; the last one, if several are equally probable."""
        probabilities = self.probabilities
        if len(probabilities) == 2:  # in half of the time that the search takes
            return 1 if probabilities[1] >= probabilities[0] else 0
        return len(probabilities) - 1 - probabilities[::-1].index(max(probabilities))

    @property
    def label(self) -> str:
        """The most probable label."""
        return self.labels[self.best]

    @property
    def score(self) -> float:
        """The probability of the label, from 1 / number of labels to 1."""
        return max(self.probabilities)

    def probability(self, label: str) -> float:
        """Return the probability of one of the labels."""
        return self.probabilities[self.labels.index(label)]

    def among(self, labels: Labels) -> Self:
        """Choose from some of the labels only.

        Args:
            labels: At least two of the labels.

        Returns:
            The same with the probabilities of these labels in proportion; in equal parts, if all of them are 0.
        """
        if labels == self.labels:
            return self
        chosen = [self.probability(label) for label in labels]
        total = sum(chosen)
        share = [one / total for one in chosen] if total else [1 / len(chosen)] * len(chosen)
        return self._replace(labels=labels, probabilities=share)


class Timing(NamedTuple):
    """Seconds that the two steps took."""

    tokenize: float
    predict: float


class Classifier:
    """The model of one folder. Safe to use from several threads.

    Attributes:
        id: Its name and its version.
        folder: Where it was read from.
        attribution: What tells the contributions of words to a text of several windows; ``None`` if the model does not
            read texts in windows.
    """

    def __init__(self, folder: Path, engine: EngineName = "onnx") -> None:
        """Read and verify a model folder.

        Args:
            folder: The model folder.
            engine: What computes the probabilities.

        Raises:
            ArtifactError: The folder is damaged, incomplete, or its parts are not of one model.
        """
        file = ENGINES[engine].file
        self.folder = folder
        self.manifest, contents = read_folder(folder, {TOKENIZER_FILE, file, ATTRIBUTION_FILE})
        check_kind(folder, self.manifest, KIND)
        check_data(folder, self.manifest)
        self.id = ModelId(self.manifest.name, version_of(folder, self.manifest))
        self.engine_name: EngineName = engine
        require(folder, self.manifest, [TOKENIZER_FILE, file])
        content = partial(content_of, folder, self.manifest, contents)
        self.serving = read_serving(folder, self.manifest, SentimentServing)
        self.tokenizer = Tokenizer.load(folder / TOKENIZER_FILE, content(TOKENIZER_FILE))
        self.warning_rules = WarningRules(self.tokenizer, self.serving.language)
        self.engine: Engine = ENGINES[engine].load(folder, self.serving.maxlen, content(file))
        self._check_agreement(folder)
        if self.engine.quick:
            check_probabilities(folder / ENGINES[engine].file, self.engine)
        self.attribution: Attribution | None = None
        if self.engine.state_sizes is not None:
            self.attribution = self._load_attribution(folder, content(ATTRIBUTION_FILE))

    def _check_agreement(self, folder: Path) -> None:
        tokenizer, expected = folder / TOKENIZER_FILE, self.engine.tokenizer_sha256
        if expected is not None and self.manifest.files[TOKENIZER_FILE] != expected:
            raise ArtifactError(f"{tokenizer} is the tokenizer of another model; restore the model folder.")
        sizes = {self.tokenizer.vocabulary_size, self.engine.vocabulary_size, self.serving.vocabulary_size}
        if len(sizes) != 1:
            raise ArtifactError(
                f"{tokenizer} has {self.tokenizer.vocabulary_size} ids, its model {self.engine.vocabulary_size}, "
                f"its manifest {self.serving.vocabulary_size}; restore the model folder."
            )
        outputs = 1 if self.sigmoid else len(self.labels)
        if self.engine.outputs != outputs:
            raise ArtifactError(
                f"{folder / MANIFEST} names the labels {', '.join(self.labels)}, for which a model has {outputs} "
                f"output{'' if outputs == 1 else 's'}, not {self.engine.outputs}; restore the model folder."
            )

    def _load_attribution(self, folder: Path, content: bytes) -> Attribution:
        path = folder / ATTRIBUTION_FILE
        weights = Weights.load(path, content)
        attribution = Attribution(weights)
        sizes = attribution.dimensions, attribution.units
        same = (sizes, attribution.outputs) == (self.engine.state_sizes, self.engine.outputs)
        if not same or (self.engine.quick and not are_of_model(weights, self.engine)):
            raise ArtifactError(f"{path} has the weights of another model; restore the model folder.")
        return attribution

    @property
    def name(self) -> str:
        """The name by which requests pick the model."""
        return self.id.name

    @property
    def version(self) -> str:
        """The version by which they ask for it."""
        return self.id.version

    @property
    def labels(self) -> Labels:
        """The labels that the model tells apart, in the order of its probabilities."""
        return self.serving.labels

    @property
    def sigmoid(self) -> bool:
        """Whether the labels are :data:`BINARY`: the model has a single output, else it is a softmax of its labels."""
        return self.labels == BINARY

    def classify(self, text: str) -> tuple[Classification, Timing]:
        """Classify one text, and say how long that took."""
        start = perf_counter()
        encoding = self.tokenizer.encode(text)
        tokenized = perf_counter()
        probabilities = self.engine.predict_one(self.truncate(encoding.ids))
        timing = Timing(tokenized - start, perf_counter() - tokenized)
        return self.classification(text, encoding, probabilities), timing

    def classify_all(
        self, texts: Sequence[str], turn: AbstractContextManager[object] = _ANY_TIME
    ) -> tuple[list[Classification], Timing]:
        """Classify texts, in order, and say how long that took.

        Args:
            texts: The texts.
            turn: Held while Python runs, rather than the model.
        """
        with turn:
            start = perf_counter()
            encodings = [self.tokenizer.encode(text) for text in texts]
            tokenized = perf_counter()
        probabilities = self.engine.predict([self.truncate(encoding.ids) for encoding in encodings]).tolist()
        timing = Timing(tokenized - start, perf_counter() - tokenized)
        with turn:
            return list(map(self.classification, texts, encodings, probabilities)), timing

    def predict(self, sequences: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Return a probability of each label for each sequence.

        Args:
            sequences: n sequences of ids from 0 to ``vocabulary_size`` − 1, padded in front or not, none empty.
                They are truncated to the model's ``maxlen``.

        Returns:
            Shape (n, labels). The same as Keras gives for the sequences padded to ``maxlen``.
        """
        return self.engine.predict([self.truncate(_strip_padding(sequence)) for sequence in sequences])

    def activations(self, ids: Sequence[int]) -> Activations:
        """Return what the network computes inside as it reads ids.

        Args:
            ids: As of :meth:`predict`; at most ``maxlen``, not empty.

        Raises:
            ValueError: The network is not of one LSTM layer.
        """
        network = self.engine.network
        if network is None:
            raise ValueError(f"{self.name} is not of one LSTM layer.")
        if self.engine.state_sizes is None:
            return network.read(ids)
        return network.read_windows(ids, self.engine.predict_with_states(_strip_padding(ids))[1])

    def truncate(self, ids: Sequence[int]) -> Sequence[int]:
        """Truncate ids to the model's ``maxlen``."""
        return truncate(ids, self.serving.maxlen, self.serving.truncating)

    def classification(self, text: str, encoding: Encoding, probabilities: Sequence[float]) -> Classification:
        """Combine the probabilities of a text with its token counts and warnings."""
        serving = self.serving
        truncated = len(encoding.ids) > serving.maxlen
        warnings = self.warning_rules.warnings(text, encoding, truncated=truncated)
        return Classification(serving.labels, probabilities, encoding.words, encoding.unknown, truncated, warnings)


_ZEROS: Final = 1_000


def _strip_padding(sequence: Sequence[int]) -> Sequence[int]:
    """Cut the padding in front of a sequence, but for the last id."""
    start, last = 0, len(sequence) - 1
    while start < last and not any(sequence[start : start + _ZEROS]):  # a thousand at a time: there may be many
        start += _ZEROS
    while start < last and sequence[start] == 0:
        start += 1
    return sequence[min(start, last) :]
