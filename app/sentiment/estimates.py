"""Estimates of what work on texts takes, in seconds of one core: rough ones, which only tell short work from long."""

from collections.abc import Sequence
from typing import Final

from app.sentiment.classifier import Classifier

SECONDS_A_CHARACTER: Final = 1e-7
"""Of tokenizing: four times what ordinary text takes, as unknown words take longer."""
SECONDS_AN_ENCODING: Final = 1e-5
"""Of tokenizing, whatever the length of the text, and of writing its ids and words."""
SECONDS_A_TOKEN: Final = 4e-6
"""Of predicting."""
SECONDS_A_TEXT: Final = 5e-5
"""Of predicting, and of writing the answer, whatever its length."""
SECONDS_A_SLOW_TEXT: Final = 0.3
"""Of predicting with an engine that is not quick."""
SECONDS_A_STEP: Final = 3e-5
"""Of computing the states and gates of a direction after an id, outside of the graph."""
SECONDS_A_NUMBER: Final = 6e-7
"""Of writing one of them."""
TRACED: Final = 5
"""Numbers that are written of a unit that is asked for, beside its state: its cell and its gates."""
SECONDS_AN_ID: Final = 5e-8
"""Of looking at an id that a request gives, whether it is read or not."""
SECONDS_A_SPLIT: Final = 4e-6
"""Of looking at a place where a sentence may end."""
SECONDS_A_SENTENCE: Final = 8e-5
"""Of classifying one of an explained text, and of writing what was found of it and of its word."""
SECONDS_AN_ESTIMATE: Final = 3e-6
"""Of estimating what it takes to explain a text."""
SECONDS_A_CHARACTER_OF_ESTIMATE: Final = 3e-9
"""The same, for each of its characters."""
CHARACTERS_A_WORD: Final = 4
"""At least, in ordinary text."""
SLICE: Final = 256
"""Texts that a worker thread takes at once, so that several threads share a large batch."""
SLICE_SECONDS: Final = 0.1
"""Estimated time for which a worker thread takes texts, so that other requests get their turn in between."""


def tokenizing(characters: int) -> float:
    """Estimate the seconds that it takes to tokenize so many characters."""
    return characters * SECONDS_A_CHARACTER


def predicting(model: Classifier, tokens: int) -> float:
    """Estimate the seconds that a model takes to read a text of so many tokens."""
    return tokens * SECONDS_A_TOKEN + (SECONDS_A_TEXT if model.engine.quick else SECONDS_A_SLOW_TEXT)


def explaining(model: Classifier, text: str) -> float:
    """Estimate the seconds that it takes to classify and to explain a text."""
    # Marks are words by themselves, and end sentences.
    marks = sum(map(text.count, ".!?…\n"))
    # So are emoji, of four bytes each, and characters of languages without spaces.
    wide = (len(text.encode("utf-8", "replace")) - len(text)) // 3
    words = 1 + len(text) // CHARACTERS_A_WORD + marks + wide
    read = min(words, model.serving.maxlen)
    in_windows = model.attribution is not None and model.attribution.covers(read)
    predictions = 2 if in_windows else 1 + read
    splitting = 2 * tokenizing(len(text)) + marks * SECONDS_A_SPLIT
    sentences = marks * SECONDS_A_SENTENCE
    return splitting + sentences + predictions * predicting(model, read) + predicting(model, words)


def estimating(texts: Sequence[str]) -> float:
    """Estimate the seconds that :func:`explaining` takes for texts."""
    return len(texts) * SECONDS_AN_ESTIMATE + sum(map(len, texts)) * SECONDS_A_CHARACTER_OF_ESTIMATE


def activating(model: Classifier, ids: int, units: int) -> float:
    """Estimate the seconds that it takes to look into a model of one LSTM layer.

    Args:
        model: The model.
        ids: How many it reads.
        units: How many are asked for.
    """
    network = model.engine.network
    directions, all_units = (network.layer.directions, network.layer.units) if network else (0, 0)
    numbers = ids * directions * (all_units + TRACED * units)
    # The ids up to each one are read too.
    return predicting(model, ids * (ids + 3) // 2) + ids * directions * SECONDS_A_STEP + numbers * SECONDS_A_NUMBER


def cut_into_slices(seconds: Sequence[float]) -> list[slice]:
    """Cut texts into slices of at most :data:`SLICE` texts and about :data:`SLICE_SECONDS`.

    Args:
        seconds: What each text takes, as an estimate.
    """
    found = []
    start, total = 0, 0.0
    for index, one in enumerate(seconds):
        if index > start and (index - start == SLICE or total + one > SLICE_SECONDS):
            found.append(slice(start, index))
            start, total = index, 0.0
        total += one
    return [*found, slice(start, len(seconds))]


def reading(model: Classifier, characters: int) -> float:
    """Estimate the seconds that it takes to classify a text of so many characters."""
    tokens = min(1 + characters // CHARACTERS_A_WORD, model.serving.maxlen)
    return tokenizing(characters) + predicting(model, tokens)
