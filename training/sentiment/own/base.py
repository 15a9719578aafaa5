"""The model that an adaptation begins with: its weights, its tokenizer, and more words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import Manifest, check_kind, read_manifest, read_serving, require
from app.sentiment.classifier import KIND, TOKENIZER_FILE, SentimentServing
from app.sentiment.labels import NEGATIVE, NEUTRAL, POSITIVE, Labels
from app.sentiment.tokenizer import RESERVED, UNKNOWN, Tokenizer
from training.errors import TrainingError

Weights = list[NDArray[np.float32]]
"""Of the embedding; of the LSTM in each direction the kernel, the recurrent kernel and the bias; of the last layer."""
_SAME: dict[str, str] = {"pos": POSITIVE, "neg": NEGATIVE, "neu": NEUTRAL}
"""Other names of labels."""


class BaseError(TrainingError):
    """The model cannot be adapted."""


@dataclass(frozen=True)
class Base:
    """A network that has learnt something.

    Attributes:
        weights: Of all layers; those of the last one give logits of :attr:`labels`, shape (features, labels).
        tokenizer: What turns texts into its ids.
        labels: What it tells apart.
        window: Words of a window at most.
        serving: What its manifest tells the service.
        manifest: The manifest of its folder; ``None`` of one that is from nothing.
    """

    weights: Weights
    tokenizer: Tokenizer
    labels: Labels
    window: int
    serving: SentimentServing
    manifest: Manifest | None = None

    def with_words(self, texts: Sequence[str], most: int, rare: int) -> "Base":
        """Add words behind those that are known, most frequent first.

        A new word begins with the vector of the unknown word, so that the network answers as it did before.

        Args:
            texts: Where the words are from.
            most: How many to add at most.
            rare: A word of fewer texts is not added.
        """
        rule = self.tokenizer.rule
        counts = Counter(word for text in texts for word in dict.fromkeys(rule.split(text)))
        known = self.tokenizer.word_index
        new = [
            word
            for word, count in counts.most_common()
            if count >= rare
            and word not in known
            and rule.split(word) == [word]
            # Some are known by another spelling.
            and not any(other in known for other in rule.respelt(word))
        ][:most]
        tokenizer = Tokenizer([*self.tokenizer.words, *new], self.tokenizer.reserved, rule)
        vectors, *others = self.weights
        more = np.repeat(vectors[[RESERVED.index(UNKNOWN)]], len(new), axis=0)
        return Base(
            [np.concatenate([vectors, more]), *others], tokenizer, self.labels, self.window, self.serving, self.manifest
        )

    def for_labels(self, labels: Labels) -> tuple[Weights, NDArray[np.bool_]]:
        """Return the weights with a last layer for other labels; those of labels that are new are zeros.

        Returns:
            The weights, and which of the labels are known, shape (labels,).
        """
        *others, kernel, bias = self.weights
        places = {_plainly(label): place for place, label in enumerate(self.labels)}
        found = [places.get(_plainly(label)) for label in labels]
        known = np.array([place is not None for place in found])
        chosen = [0 if place is None else place for place in found]
        return [*others, kernel[:, chosen] * known, bias[chosen] * known], known.astype(np.bool_)


def read_tokenizer(folder: Path) -> tuple[Manifest, Tokenizer, SentimentServing]:
    """Read of a model folder what needs no TensorFlow.

    Raises:
        app.artifacts.manifest.ArtifactError: The folder is damaged.
    """
    manifest = read_manifest(folder)
    check_kind(folder, manifest, KIND)
    require(folder, manifest, [TOKENIZER_FILE])
    return manifest, Tokenizer.load(folder / TOKENIZER_FILE), read_serving(folder, manifest, SentimentServing)


def _plainly(label: str) -> str:
    folded = label.casefold()
    return _SAME.get(folded, folded)
