"""Why a forecast may mean less than it says."""

from collections.abc import Sequence
from typing import Final

from app.forecasts.forecaster import Forecaster, Observations

SHORT_SEQUENCE: Final = "short_sequence"
NO_INTERVALS: Final = "no_intervals"


def warnings(forecaster: Forecaster, sequences: Sequence[Observations], *, intervals: bool) -> list[str]:
    """Return what there is to warn of, each as a code, a colon and a sentence.

    Args:
        forecaster: The model that was asked.
        sequences: What it was asked.
        intervals: Whether its intervals were asked for.
    """
    found = []
    enough = forecaster.serving.observations
    short = [index for index, sequence in enumerate(sequences) if len(sequence) < enough]
    if short:
        found.append(f"{SHORT_SEQUENCE}: {_of_short(short, sequences, enough)}")
    if intervals and forecaster.serving.intervals is None:
        reason = "it forecasts the probability of a class" if forecaster.serving.is_class else "none were calibrated"
        found.append(f"{NO_INTERVALS}: There are no intervals of {forecaster.name}, as {reason}.")
    return found


def _of_short(short: Sequence[int], sequences: Sequence[Observations], enough: int) -> str:
    first = len(sequences[short[0]])
    trained = f"the {enough:,} that the model was trained on"
    if len(short) == 1:
        return f"Sequence {short[0]} has {first:,} observation{'s' * (first != 1)}, fewer than {trained}."
    return f"{len(short):,} sequences have fewer observations than {trained}; the first is sequence {short[0]}."
