"""The sections of a model card on what was measured, in Markdown."""

from collections.abc import Mapping, Sequence
from typing import Final

from training.sentiment.card.tables import table
from training.sentiment.evaluation.bias import AxisShift
from training.sentiment.evaluation.calibration import BeforeAndAfter, Calibration
from training.sentiment.evaluation.development import SetFigures
from training.sentiment.evaluation.error_analysis import ErrorAnalysis, Group, WorstError
from training.sentiment.evaluation.figures import BINS
from training.sentiment.evaluation.intervals import wilson

CALIBRATION_PLOT: Final = "calibration.png"
"""Made by :func:`training.sentiment.card.plots.reliability_of_sets`."""
ACCURACY_PLOT: Final = "accuracy-by-kind.png"
"""Made by :func:`training.sentiment.card.plots.accuracy_by_kind`."""
ENOUGH: Final = 1_500
"""Of fewer texts, an expected calibration error says more of chance than of the model."""

_DEVELOPMENT: Final = """## On other texts
Texts of several kinds that were not trained on: held out by movie, product or published split; and short ones of our
own, in `training/sentiment/evaluation/`. Which recipe is best was chosen by the former, so they flatter the model a
little; the everyday sentences chose nothing. Where there are two labels, the model chooses among negative and positive.

{table}
"""

_KINDS: Final = """
The everyday sentences by kind, three labels:

{table}
"""

_COVERAGE: Final = """## How right it is where it is sure
The accuracy on the surest half of each set, on the surest 80 % and 95 %, and on all of it; in brackets the probability
of the label from which on a text is among them. Who can leave texts without an answer, or give them to a person, takes
the probability of the set that is most like their texts as threshold (Geifman and El-Yaniv, *Selective Classification
for Deep Neural Networks*, NIPS 2017).

{table}
"""

_CALIBRATION: Final = """## Calibration
A probability should be what it says: of the texts whose label gets 0.8, four in five should have it. As trained, the
model is {verdict}: the temperature of its logits with the least log loss is {temperature} (Guo et al., *On
Calibration of Modern Neural Networks*, ICML 2017, section 4.2). It is fitted on {fitted}, each of which weighs the
same, and judged by cross-fitting: *after* is, for each of {folds} parts of a set, with the temperature of the other
parts. The mean log loss {change} from {log_loss_before:.4f} to {log_loss_after:.4f}, so {conclusion}

{table}

The calibration error is the expected one, of the probability of the label that is chosen, in {bins} bins. Of fewer than
{enough:,} texts it would be chance for the most part; there, the diagram has 95 % confidence intervals instead. The
test split, with the temperature of all parts, chose nothing.

![Reliability by set]({plot})
"""

_USED: Final = "the logits are divided by it: it is part of the weights of the last layer."
_USED_BY_LENGTH: Final = (
    "the logits are divided by it: the factor is part of the weights of the last layer, and the power stands before it."
)
_NOT_USED: Final = "it is left out: the model gives its probabilities as it was trained."

SHORT, LONG = 10, 192
"""Tokens of a comment, and of the texts from which on more do not count, for which the temperature is told."""

_BIAS: Final = """## Bias
In sentences of our own (`training/sentiment/evaluation/bias.json`), neutral, kind and unkind ones, words are swapped
that should not matter, and the log-odds of positive against negative are compared with their mean over all words that
the sentence was tried with; a sentence in a dialect or another spelling is compared with the one in standard American
English (Prabhakaran, Hutchinson and Mitchell, *Perturbation Sensitivity Analysis to Detect Unintended Model Biases*,
EMNLP 2019). *Turned* are the sentences in which one word makes the answer positive and another makes it negative.

{table}

The terms that shift the answer most, in the mean of their sentences, and the groups at both ends:

{most}

A shift of 1 turns a probability of 0.50 into 0.73. Names and words that the model does not know all get the same
answer, which is not the same as a fair one. Do not use the model to decide about people.
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


def development(found: Sequence[SetFigures], kinds: Sequence[Group]) -> str:
    """Return the section on the development sets.

    Args:
        found: The figures of each.
        kinds: The accuracy on each kind of the everyday sentences.
    """
    head = ["set", "texts", "labels", "accuracy", "95 % interval", "macro-F1"]
    rows = [
        [
            f"{one.name}{' (our own)' if one.written else ''}",
            f"{one.texts:,}",
            str(len(one.labels)),
            f"{one.accuracy:.4f}",
            _interval(one.accuracy, one.texts),
            f"{one.macro_f1:.4f}",
        ]
        for one in found
    ]
    section = _DEVELOPMENT.format(table=table(head, rows))
    if not kinds:
        return section
    of_kind = [[one.name, f"{one.reviews:,}", f"{one.accuracy:.2f}"] for one in kinds]
    return section + _KINDS.format(table=table(["kind", "texts", "accuracy"], of_kind))


def coverage(found: Sequence[SetFigures]) -> str:
    """Return the section on the accuracy where the model is sure."""
    head = ["set", *(f"surest {one.share:.0%}".replace("%", " %") for one in found[0].coverage), "all"]
    rows = [
        [
            one.name,
            *(f"{part.accuracy:.3f} (from {part.threshold:.2f})" for part in one.coverage),
            f"{one.accuracy:.3f}",
        ]
        for one in found
    ]
    return _COVERAGE.format(table=table(head, rows))


def calibration(found: Calibration) -> str:
    """Return the section on calibration; :data:`CALIBRATION_PLOT` is to lie beside the card."""
    head = ["", "texts", "log loss before", "after", "calibration error before", "after"]
    rows = [_before_and_after(name, one) for name, one in found.sets.items()]
    if found.test is not None:
        rows.append(_before_and_after("IMDb's test split", found.test))
    return _CALIBRATION.format(
        verdict=_verdict(found),
        temperature=_temperature(found),
        fitted=" and ".join([", ".join(found.fitted_on[:-1]), *found.fitted_on[-1:]]).removeprefix(" and "),
        folds=found.folds,
        change="falls" if found.used else "does not fall, but goes",
        log_loss_before=found.log_loss_before,
        log_loss_after=found.log_loss_after,
        conclusion=(_USED_BY_LENGTH if found.length_power else _USED) if found.used else _NOT_USED,
        table=table(head, rows),
        bins=BINS,
        enough=ENOUGH,
        plot=CALIBRATION_PLOT,
    )


def _verdict(found: Calibration) -> str:
    """Say which way the model is wrong, of short texts and of long ones."""
    words = {True: "too sure of itself", False: "less sure of itself than it could be"}
    short, long = (words[found.temperature * tokens**found.length_power > 1] for tokens in (SHORT, LONG))
    return short if short == long else f"{short} on texts of {SHORT} tokens, and {long} on those of {LONG} or more"


def _temperature(found: Calibration) -> str:
    if not found.length_power:
        return f"{found.temperature:.3f}"
    short, long = (f"{found.temperature * tokens**found.length_power:.2f}" for tokens in (SHORT, LONG))
    return (
        f"{found.temperature:.3f} × n^{found.length_power:.3f} for a text of n tokens, {short} at {SHORT} and "
        f"{long} at {LONG} or more"
    )


def bias(found: Sequence[AxisShift]) -> str:
    """Return the section on the audit for bias."""
    head = ["what is swapped", "terms", "unknown", "sentences", "mean shift", "largest shift", "turned"]
    rows = [
        [
            one.name,
            str(one.terms),
            str(one.unknown),
            str(one.sentences),
            f"{one.mean:.2f}",
            f"{one.largest:.2f}",
            f"{one.turned:.0%}".replace("%", " %"),
        ]
        for one in found
    ]
    most = [[one.name, ", ".join(f"{term.term} {term.shift:+.2f}" for term in one.most), _ends(one)] for one in found]
    return _BIAS.format(table=table(head, rows), most=table(["what is swapped", "most shifted terms", "groups"], most))


def errors(found: ErrorAnalysis, remarks: Mapping[str, str]) -> str:
    """Return the section on errors; :data:`ACCURACY_PLOT` is to lie beside the card.

    Args:
        found: Where the model errs, on the test reviews.
        remarks: A remark on each review that someone read, by its id. Those of other reviews are not used.
    """
    kinds = {"words": found.by_length, "stars": found.by_stars, "unknown words": found.by_unknown}
    tables = "\n\n".join(_groups(kind, groups) for kind, groups in kinds.items())
    section = _ERRORS.format(reviews=found.reviews, errors=found.errors, plot=ACCURACY_PLOT, tables=tables)
    if not found.worst:
        return section
    return section + _WORST.format(rows="\n".join(_row(error, remarks) for error in found.worst))


def _interval(accuracy: float, texts: int) -> str:
    low, high = wilson(round(accuracy * texts), texts)
    return f"{low:.3f}–{high:.3f}"


def _before_and_after(name: str, one: BeforeAndAfter) -> list[str]:
    errors = [f"{error:.4f}" if one.texts >= ENOUGH else "see below" for error in (one.error_before, one.error_after)]
    return [name, f"{one.texts:,}", f"{one.log_loss_before:.4f}", f"{one.log_loss_after:.4f}", *errors]


def _ends(one: AxisShift) -> str:
    """Name the groups with the least and the greatest shift; all, if there are few."""
    groups = sorted(one.groups.items(), key=lambda pair: pair[1])
    shown = groups if len(groups) <= 4 else [*groups[:2], *groups[-2:]]
    return ", ".join(f"{name} {shift:+.2f}" for name, shift in shown)


def _groups(kind: str, groups: Sequence[Group]) -> str:
    rows = [
        f"| {group.name} | {group.reviews:,} | {group.accuracy:.4f} | {low:.4f}–{high:.4f} |"
        for group in groups
        for low, high in [group.interval]
    ]
    return "\n".join([f"| {kind} | reviews | accuracy | 95 % interval |", "|---|---|---|---|", *rows])


def _row(error: WorstError, remarks: Mapping[str, str]) -> str:
    remark = remarks.get(error.review, "").replace("|", r"\|")
    return f"| `{error.review}` | {error.stars} | {error.words:,} | {error.probability:.6f} | {remark} |"
