"""Any model folder on labelled texts, as the service answers them: no TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.sentiment.classifier import Classifier
from app.sentiment.labels import FEWEST, Labels
from training.corpora.imdb import DataError
from training.corpora.own import OwnTexts
from training.sentiment.evaluation.choice import among

_AT_ONCE: Final = 512


@dataclass(frozen=True)
class Labelled:
    """Texts with the labels that a model is to choose from.

    Attributes:
        texts: The texts that are not empty.
        labels: The right label of each, shape (n,).
        names: The labels to choose from.
    """

    texts: OwnTexts
    labels: NDArray[np.intp]
    names: Labels


def labelled(texts: OwnTexts, models: Sequence[Classifier]) -> Labelled:
    """Find the labels to choose from: all that the models have, or those of the texts where models have more.

    Raises:
        DataError: A model lacks a label of the texts, or there is nothing to choose from.
    """
    kept = texts.take([row for row in texts.rows if row.text])
    if not kept.rows:
        raise DataError(f"{texts.name} has no labelled row with a text.")
    for model in models:
        unknown = [label for label in kept.labels if label not in model.labels]
        if unknown:
            raise DataError(f"The model {model.name} has no label {unknown[0]!r}; it has {', '.join(model.labels)}.")
    # With one label alone in the rows, the model chooses among all of its own.
    narrow = len(kept.labels) >= FEWEST
    names = tuple(label for label in models[0].labels if label in kept.labels or not narrow)
    if any(label not in model.labels for model in models for label in names):
        raise DataError(f"All rows have the one label {kept.labels[0]!r}, and the models have others beside it.")
    return Labelled(kept, np.array([names.index(row.label) for row in kept.rows], np.intp), names)


def probabilities(model: Classifier, texts: Sequence[str], names: Labels) -> NDArray[np.float64]:
    """Return what a model gives texts, choosing among some of its labels; shape (n, names)."""
    found = [
        result.probabilities
        for start in range(0, len(texts), _AT_ONCE)
        for result in model.classify_all(texts[start : start + _AT_ONCE])[0]
    ]
    every = np.array(found, np.float64).reshape(len(texts), len(model.labels))
    return among(every, model.labels, names)
