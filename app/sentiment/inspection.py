"""Inspection of a model when it is loaded: does its graph give probabilities, and are its weights the graph's?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import ArtifactError
from app.sentiment.attribution import States, Weights
from app.sentiment.engines import Engine

Floats = NDArray[np.floating[Any]]

_START: Final = 1
_UNKNOWN: Final = 2
_FIRST_WORD: Final = 3
_TOLERANCE: Final = 1e-3
"""Beyond what float32 arithmetic in another order is off."""
_SATURATED: Final = 1e-3
"""A probability that is nearer to 0 or 1 has too few digits left to tell the logits by."""


def check_probabilities(path: Path, engine: Engine) -> None:
    """Run a graph on a few ids.

    Args:
        path: Its file, for the message.
        engine: What runs it.

    Raises:
        ArtifactError: It fails, or gives something else than probabilities.
    """
    try:
        found = np.array(engine.predict_one(_ids(_FIRST_WORD, engine.vocabulary_size)))
    except Exception as error:
        raise ArtifactError(f"{path} cannot be run ({error}); restore the model folder.") from error
    if not (np.isfinite(found).all() and (found >= 0).all() and abs(found.sum() - 1) < _TOLERANCE):
        raise ArtifactError(f"{path} gives numbers that are no probabilities; restore the model folder.")


def are_of_model(weights: Weights, engine: Engine) -> bool:
    """Whether weights are those of an engine's model, by what it computes on texts of one window and of two."""
    window, vocabulary = int(weights.window), engine.vocabulary_size
    whole, states = engine.predict_with_states(_ids(window + 1, vocabulary))
    short, short_states = engine.predict_with_states(_ids(2, vocabulary))
    _, two = engine.predict_with_states(_ids(window + 2, vocabulary))
    return (
        (states.embedded.shape[1], two.embedded.shape[1]) == (1, 2)
        and np.allclose(states.embedded[1, 0], weights.unknown, atol=_TOLERANCE)
        and all(np.allclose(_hidden(weights, states, way), states.states[:, way, 0], atol=_TOLERANCE) for way in (0, 1))
        and _dense_fits(weights, [(whole, states, window + 1), (short, short_states, 2)])
    )


def _ids(tokens: int, vocabulary_size: int) -> list[int]:
    """Return the start id, the unknown one, and words."""
    words = max(1, vocabulary_size - _FIRST_WORD)
    return [_START, _UNKNOWN, *(_FIRST_WORD + place % words for place in range(tokens - 2))]


def _hidden(weights: Weights, states: States, way: int) -> Floats:
    """Return what the LSTM of a direction says after each step of one window, by the weights; shape (steps, units)."""
    units = weights.recurrent.shape[1]
    vectors = states.embedded[:, 0][:: -1 if way else 1]
    hidden: Floats = np.zeros(units, np.float32)
    cell: Floats = hidden
    found = []
    for vector in vectors:
        sums = vector @ weights.kernel[way] + hidden @ weights.recurrent[way] + weights.bias[way]
        entry, forget, candidate, exit_ = sums.reshape(4, units)
        cell = _sigmoid(forget) * cell + _sigmoid(entry) * np.tanh(candidate)
        hidden = _sigmoid(exit_) * np.tanh(cell)
        found.append(hidden)
    return np.array(found[:: -1 if way else 1])


def _sigmoid(values: Floats) -> Floats:
    gates: Floats = (1 + np.tanh(values / 2)) / 2
    return gates


def _dense_fits(weights: Weights, texts: Sequence[tuple[Sequence[float], States, int]]) -> bool:
    """Whether the log-odds of two texts differ as the weights from the maxima to the logits say.

    Args:
        weights: The weights.
        texts: The probabilities, states and number of tokens of each.
    """
    probabilities = np.array([found for found, _, _ in texts])
    if (probabilities < _SATURATED).any():
        return True
    # The logit of the first label of a sigmoid is 0.
    widened = ((0, 0), (0 if weights.dense.shape[1] > 1 else 1, 0))
    dense, bias = np.pad(weights.dense, widened), np.pad(weights.output_bias, widened[1])
    of_texts = [
        (np.maximum(states.states[:, :, 0].max(axis=0), 0).reshape(-1) @ dense + bias) / weights.divisor(tokens)
        for _, states, tokens in texts
    ]
    logits = of_texts[0] - of_texts[1]
    odds = np.log(probabilities[0] / probabilities[1])
    return bool(np.allclose(logits - logits[0], odds - odds[0], atol=10 * _TOLERANCE, rtol=_TOLERANCE))
