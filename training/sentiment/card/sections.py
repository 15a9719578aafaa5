"""The sections of a model card on calibration and errors, in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Final

from training.sentiment.evaluation.calibration import Calibration
from training.sentiment.evaluation.error_analysis import ErrorAnalysis, Group, WorstError

CALIBRATION_PLOT: Final = "calibration.png"
"""Made by :func:`training.sentiment.card.plots.reliability_before_and_after`."""
ACCURACY_PLOT: Final = "accuracy-by-kind.png"
"""Made by :func:`training.sentiment.card.plots.accuracy_by_kind`."""

_CALIBRATION: Final = """## Calibration
| on {reviews:,} held-out reviews | before | after |
|---|---|---|
| log loss | {log_loss_before:.4f} | {log_loss_after:.4f} |
| expected calibration error | {error_before:.4f} | {error_after:.4f} |

A probability should be what it says: of the reviews that get 0.8, four in five should be positive. As trained, the
model is {verdict}. So its logits are divided by a temperature of {temperature:.3f} (Guo et al., *On Calibration
of Modern Neural Networks*, ICML 2017, section 4.2), which is part of the weights of its last layer. It changes no
label. The temperature is the one with the least log loss on these very reviews, on which other choices were made
too; the figures of the test split, at the top, are of reviews that chose nothing.

![Reliability before and after]({plot})
"""

_ERRORS: Final = """## Where it errs
Of {reviews:,} test reviews, {errors:,} get the wrong label. Accuracy by the length of a review, by its author's
rating, and by how many of its words the model does not know, with 95 % confidence intervals (Wilson's):

![Accuracy by kind of review]({plot})

{tables}
"""

_WORST: Final = """
### The worst errors
Those with the largest probability of the wrong label. Reviews are named by their ids in the test split, and described
by someone who read them.

| review | stars | words | probability of positive | what it is |
|---|---|---|---|---|
{rows}
"""


def calibration(found: Calibration) -> str:
    """Return the section on calibration; :data:`CALIBRATION_PLOT` is to lie beside the card."""
    verdict = "too sure of itself" if found.temperature > 1 else "less sure of itself than it could be"
    return _CALIBRATION.format(**vars(found), verdict=verdict, plot=CALIBRATION_PLOT)


def errors(found: ErrorAnalysis, remarks: Mapping[str, str]) -> str:
    """Return the section on errors; :data:`ACCURACY_PLOT` is to lie beside the card.

    Args:
        found: Where the model errs, on the test reviews.
        remarks: A remark on each review that someone read, by its id. Those of other reviews are not used.
    """
    kinds = {"words": found.by_length, "stars": found.by_stars, "unknown words": found.by_unknown}
    tables = "\n\n".join(_table(kind, groups) for kind, groups in kinds.items())
    section = _ERRORS.format(reviews=found.reviews, errors=found.errors, plot=ACCURACY_PLOT, tables=tables)
    if not found.worst:
        return section
    return section + _WORST.format(rows="\n".join(_row(error, remarks) for error in found.worst))


def _table(kind: str, groups: Sequence[Group]) -> str:
    rows = [
        f"| {group.name} | {group.reviews:,} | {group.accuracy:.4f} | {low:.4f}–{high:.4f} |"
        for group in groups
        for low, high in [group.interval]
    ]
    return "\n".join([f"| {kind} | reviews | accuracy | 95 % interval |", "|---|---|---|---|", *rows])


def _row(error: WorstError, remarks: Mapping[str, str]) -> str:
    remark = remarks.get(error.review, "").replace("|", r"\|")
    return f"| `{error.review}` | {error.stars} | {error.words:,} | {error.probability:.6f} | {remark} |"
