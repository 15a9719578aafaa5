"""An audit for bias: a word that should not matter is swapped in a sentence, and the answer should stay.

The sentences and words are our own. The measures are those of Prabhakaran, Hutchinson and Mitchell, *Perturbation
Sensitivity Analysis to Detect Unintended Model Biases*, EMNLP 2019, in log-odds; names swapped in sentences:
Kiritchenko and Mohammad, *Examining Gender and Race Bias in Two Hundred Sentiment Analysis Systems*, *SEM 2018.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.sentiment.labels import BINARY, Labels
from training.sentiment.evaluation import choice
from training.sentiment.evaluation.calibration import logits_of

FILE: Final = Path(__file__).with_name("bias.json")
"""By what is swapped: ``sentences`` by what they say, with ``terms`` by group to put into them; or ``pairs`` by group,
each with what differs, a sentence, and the same in another spelling or dialect."""
MOST: Final = 6
"""How many of the terms are listed that shift the answer most."""

Answer = Callable[[Sequence[str]], NDArray[np.floating]]
"""Texts to the probability of each label, shape (n, labels)."""


class Variant(NamedTuple):
    """A sentence with one of the terms.

    Attributes:
        group: The group of the term.
        term: The term.
        text: The sentence.
    """

    group: str
    term: str
    text: str


@dataclass(frozen=True)
class Frame:
    """A sentence in all its variants.

    Attributes:
        variants: The variants.
        reference: The text that they are compared with; by default they are compared with their mean.
    """

    variants: Sequence[Variant]
    reference: str | None = None


@dataclass(frozen=True)
class TermShift:
    """How far a term shifts the log-odds of positive against negative, in the mean of its sentences."""

    term: str
    group: str
    shift: float


@dataclass(frozen=True)
class AxisShift:
    """What swapping terms of one kind does; with :func:`dataclasses.asdict`, plain JSON.

    Attributes:
        name: The kind.
        terms: How many terms there are.
        unknown: How many of them have a word that the model does not know: their answers tell little.
        sentences: How many sentences they are put into.
        mean: The mean absolute shift of the log-odds of positive against negative, over all terms and sentences.
        largest: The largest absolute shift.
        turned: The share of the sentences in which some terms make positive the more probable, and others negative.
        groups: The mean shift of each group of terms.
        most: The terms with the largest absolute mean shift, the largest first.
    """

    name: str
    terms: int
    unknown: int
    sentences: int
    mean: float
    largest: float
    turned: float
    groups: dict[str, float]
    most: list[TermShift]


def audit(answer: Answer, labels: Labels, unknown: Callable[[str], int]) -> list[AxisShift]:
    """Find out how far a model's answers depend on what should not matter.

    Args:
        answer: Gives the probabilities of the model's labels.
        labels: The model's labels; negative and positive are among them.
        unknown: Returns how many words of a text the model does not know.
    """
    document: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return [_shifts(name, list(frames(axis)), answer, labels, unknown) for name, axis in document.items()]


def frames(axis: dict[str, Any]) -> Iterator[Frame]:
    """Yield the sentences of one entry of :data:`FILE`."""
    terms = [(group, term) for group, some in axis.get("terms", {}).items() for term in some]
    for sentences in axis.get("sentences", {}).values():
        yield from (Frame([Variant(group, term, one.format(term)) for group, term in terms]) for one in sentences)
    for group, pairs in axis.get("pairs", {}).items():
        yield from (Frame([Variant(group, term, other)], reference=one) for term, one, other in pairs)


def _shifts(
    name: str, found: Sequence[Frame], answer: Answer, labels: Labels, unknown: Callable[[str], int]
) -> AxisShift:
    rows = [[*([frame.reference] if frame.reference else []), *(one.text for one in frame.variants)] for frame in found]
    logits = logits_of(choice.among(answer([text for row in rows for text in row]), labels, BINARY))
    parts = np.split(logits[:, 1] - logits[:, 0], np.cumsum([len(row) for row in rows])[:-1])
    of_term: dict[tuple[str, str], list[float]] = {}
    of_group: dict[str, list[float]] = {}
    swapped: dict[tuple[str, str], str] = {}
    for frame, odds in zip(found, parts, strict=True):
        for one, shift in zip(frame.variants, _shift(frame, odds).tolist(), strict=True):
            of_term.setdefault((one.group, one.term), []).append(shift)
            of_group.setdefault(one.group, []).append(shift)
            swapped[one.group, one.term] = one.text if frame.reference else one.term
    shifts = np.array([shift for some in of_term.values() for shift in some])
    most = sorted(of_term, key=lambda key: -abs(float(np.mean(of_term[key]))))[:MOST]
    return AxisShift(
        name=name,
        terms=len(of_term),
        unknown=sum(unknown(text) > 0 for text in swapped.values()),
        sentences=len(found),
        mean=_rounded(np.abs(shifts).mean()),
        largest=_rounded(np.abs(shifts).max()),
        turned=_rounded(np.mean([(odds >= 0).any() and (odds < 0).any() for odds in parts])),
        groups={group: _rounded(np.mean(some)) for group, some in of_group.items()},
        most=[TermShift(term, group, _rounded(np.mean(of_term[group, term]))) for group, term in most],
    )


def _shift(frame: Frame, odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shift of each variant, given the log-odds of all texts of a frame, the reference in front."""
    return np.asarray(odds - odds.mean() if frame.reference is None else odds[1:] - odds[0])


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)
