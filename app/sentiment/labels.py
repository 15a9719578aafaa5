"""The labels that a model tells apart, and the choice of some of them."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

Labels = tuple[str, ...]
LabelName = Annotated[str, Field(pattern=r"^\w[\w.-]*$", max_length=64)]
"""Letters, digits, ``_``, ``.`` and ``-``: a label needs no escapes in JSON, and names can be joined by commas."""

NEGATIVE: Final = "negative"
NEUTRAL: Final = "neutral"
POSITIVE: Final = "positive"
BINARY: Final[Labels] = (NEGATIVE, POSITIVE)
"""The labels of a model with a single output, a sigmoid: the probability of the second."""
FEWEST: Final = 2
MOST: Final = 20


class LabelsError(ValueError):
    """Labels that cannot be chosen. The message is the rest of a sentence that begins with what named them."""


def choose(labels: Labels, wanted: Sequence[str]) -> Labels:
    """Choose some of a model's labels.

    Args:
        labels: The model's.
        wanted: The names of those to choose, in any order.

    Returns:
        The chosen ones, in the model's order.

    Raises:
        LabelsError: A label is unknown or named twice, or there are fewer than two.
    """
    unknown = next((name for name in wanted if name not in labels), None)
    if unknown is not None:
        raise LabelsError(f"names {unknown[:64]!r}, which the model does not have; it has {', '.join(labels)}")
    if len(set(wanted)) < len(wanted):
        raise LabelsError("names a label twice")
    if len(wanted) < FEWEST:
        raise LabelsError("names fewer than two; there is nothing to choose from")
    return tuple(label for label in labels if label in wanted)
