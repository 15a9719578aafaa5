"""Temperature scaling: Guo et al., *On Calibration of Modern Neural Networks*, ICML 2017, section 4.2.

One number is fitted on several sets, each of which weighs the same, and it is judged by cross-fitting: the texts are in
folds, and the figures of each fold are those with the temperature that the other folds have. It is used only if that
lowers the loss. A sigmoid is treated as the softmax that it is: of logits 0 and z.

A second number lets the temperature depend on the length: a maximum over many steps is larger than one over a few, so a
network that takes it is surer of a review than of a comment, more than it is more often right.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from training.sentiment.evaluation.choice import best
from training.sentiment.evaluation.figures import Floats, calibration_error, reliability

HIGHEST: Final = 20.0
"""No temperature is above this, nor below its inverse: where no label is wrong, the best would be 0."""
FOLDS: Final = 5


@dataclass(frozen=True)
class Scored:
    """What a model gives for the texts of a set.

    Attributes:
        logits: Of the labels to choose from, up to a number that is the same for all labels of a text; shape
            (n, labels).
        labels: The right one of each text, as an index; shape (n,).
        folds: The fold of each text, by :func:`folds_of`; shape (n,).
        tokens: How many tokens of each text count, at least 1, where its temperature may depend on that; shape (n,).
    """

    logits: Floats
    labels: NDArray[np.intp]
    folds: NDArray[np.intp]
    tokens: NDArray[np.intp] | None = None

    def take(self, chosen: NDArray[np.bool_]) -> "Scored":
        """Return some of the texts."""
        tokens = None if self.tokens is None else self.tokens[chosen]
        return Scored(self.logits[chosen], self.labels[chosen], self.folds[chosen], tokens)

    def divided(self, power: float) -> "Scored":
        """Return the logits divided by a power of the number of tokens."""
        if self.tokens is None:
            return self
        return replace(self, logits=self.logits / lengthwise(self.tokens, power)[:, None])


@dataclass(frozen=True)
class Bin:
    """Texts whose label got about the same probability.

    Attributes:
        confidence: The mean probability of the label that was chosen.
        accuracy: The share of these labels that are right.
        texts: How many there are.
    """

    confidence: float
    accuracy: float
    texts: int


@dataclass(frozen=True)
class BeforeAndAfter:
    """The probabilities of a set without and with a temperature.

    Attributes:
        texts: How many texts the set has.
        log_loss_before: Mean negative log-likelihood of the probabilities as they come, in nats.
        log_loss_after: The same with the temperature.
        error_before: Expected calibration error of the probability of the label that is chosen, in
            :data:`training.sentiment.evaluation.figures.BINS` bins.
        error_after: The same with the temperature.
        bins_before: The reliability diagram; bins without texts are left out.
        bins_after: The same with the temperature.
    """

    texts: int
    log_loss_before: float
    log_loss_after: float
    error_before: float
    error_after: float
    bins_before: list[Bin]
    bins_after: list[Bin]

    @classmethod
    def of(cls, scored: Scored, temperatures: NDArray[np.float64] | float) -> "BeforeAndAfter":
        """Measure a set.

        Args:
            scored: The set.
            temperatures: One for all texts, or one for each; shape (n,).
        """
        before, after = (_probabilities(scored, divisors) for divisors in (1.0, temperatures))
        return cls(
            texts=len(scored.labels),
            log_loss_before=round(_mean_loss(scored, 1.0), 6),
            log_loss_after=round(_mean_loss(scored, temperatures), 6),
            error_before=_error(before, scored.labels),
            error_after=_error(after, scored.labels),
            bins_before=_bins(before, scored.labels),
            bins_after=_bins(after, scored.labels),
        )


@dataclass(frozen=True)
class Calibration:
    """What temperature scaling does to a model; with :func:`dataclasses.asdict`, plain JSON.

    Attributes:
        temperature: What logits are to be divided by; above 1 if the model is too sure of itself.
        length_power: To which power of the number of a text's tokens they are to be divided by as well: above 0 if the
            model is less sure of short texts than of long ones where it is as often right.
        used: Whether they are: whether the loss after is less than before.
        folds: In how many folds it was judged.
        fitted_on: The names of the sets that it is fitted on.
        log_loss_before: The mean of these sets' losses.
        log_loss_after: The same, cross-fitted.
        sets: Each set, cross-fitted, by name; those that it is not fitted on, too.
        test: The test split, with the temperature of all folds; it chose nothing.
    """

    temperature: float
    length_power: float
    used: bool
    folds: int
    fitted_on: list[str]
    log_loss_before: float
    log_loss_after: float
    sets: dict[str, BeforeAndAfter]
    test: BeforeAndAfter | None = None

    @property
    def applied(self) -> float:
        """The temperature that the model's logits are divided by: 1 if it is not used."""
        return self.temperature if self.used else 1.0

    @property
    def applied_power(self) -> float:
        """The power of the number of tokens that they are divided by as well: 0 if it is not used."""
        return self.length_power if self.used else 0.0

    def divisors(self, tokens: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return what the model's logits are divided by, of texts of so many tokens; shape (n,)."""
        return self.applied * lengthwise(tokens, self.applied_power)


def folds_of(texts: Sequence[str]) -> NDArray[np.intp]:
    """Return a fold for each text, which follows from the text alone; shape (n,)."""
    return np.array([crc32(text.encode("utf-8", "surrogatepass")) % FOLDS for text in texts], np.intp)


def logits_of(probabilities: Floats) -> NDArray[np.float64]:
    """Return logits of which probabilities, shape (n, labels), are the softmax: their logarithms, finite."""
    return np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))


def calibrate(sets: Mapping[str, Scored], fitted_on: Collection[str]) -> Calibration:
    """Fit a temperature, and judge it by cross-fitting.

    Where all sets know the tokens of their texts, one that depends on the length is tried as well, and taken if it has
    the lower loss.

    Args:
        sets: What the model gives, by the names of the sets.
        fitted_on: The names of those to fit it on; each weighs the same.

    Raises:
        ValueError: There is nothing to fit it on.
    """
    found = [_judged(sets, fitted_on, lambda parts: (fit_temperature(parts), 0.0))]
    if all(one.tokens is not None for one in sets.values()):
        found.append(_judged(sets, fitted_on, fit_by_length))
    return min(found, key=lambda one: one.log_loss_after)


def _judged(
    sets: Mapping[str, Scored], fitted_on: Collection[str], fit: Callable[[Sequence[Scored]], tuple[float, float]]
) -> Calibration:
    """Fit, and judge by cross-fitting.

    Args:
        sets: See :func:`calibrate`.
        fitted_on: The same.
        fit: Gives a temperature, and the power of the number of tokens.
    """
    fitted = [sets[name] for name in fitted_on]
    # Texts of one fold alone are a sample so small that nothing can be judged; then all folds have the same.
    others = [[one.take(one.folds != fold) for one in fitted] for fold in range(FOLDS)]
    temperature, power = fit(fitted)
    of_fold = np.array(
        [fit(parts) if any(len(part.labels) for part in parts) else (temperature, power) for parts in others]
    )
    measured = {}
    for name, one in sets.items():
        temperatures, powers = of_fold[one.folds].T
        by_length = 1.0 if one.tokens is None else lengthwise(one.tokens, powers)
        measured[name] = BeforeAndAfter.of(one, temperatures * by_length)
    before, after = (
        round(float(np.mean([getattr(measured[name], side) for name in fitted_on])), 6)
        for side in ("log_loss_before", "log_loss_after")
    )
    return Calibration(temperature, power, after < before, FOLDS, [*fitted_on], before, after, measured)


def fit_by_length(sets: Sequence[Scored]) -> tuple[float, float]:
    """Return the temperature, and the power of the number of tokens, with the least mean of the sets' log losses.

    The logits are divided by their product: ``temperature * tokens ** power``. The power is from −1 to 1.

    Args:
        sets: Sets of texts whose tokens are known.

    Raises:
        ValueError: See :func:`fit_temperature`.
    """
    known = [one for one in sets if len(one.labels)]

    def fitted(power: float) -> tuple[float, list[Scored]]:
        divided = [one.divided(power) for one in known]
        return fit_temperature(divided), divided

    def loss(power: float) -> float:
        temperature, divided = fitted(power)
        return float(np.mean([_mean_loss(one, temperature) for one in divided]))

    power = minimize_scalar(loss, bounds=(-1.0, 1.0), method="bounded", options={"xatol": 1e-4}).x
    return fitted(power)[0], float(power)


def lengthwise(tokens: NDArray[np.intp], power: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return a power of numbers of tokens, to divide logits by; shape (n,)."""
    found: NDArray[np.float64] = tokens.astype(np.float64) ** power
    return found


def fit_temperature(sets: Sequence[Scored]) -> float:
    """Return the temperature with the least mean of the sets' log losses, from 1 / :data:`HIGHEST` to :data:`HIGHEST`.

    Args:
        sets: Sets of texts; empty ones do not count.

    Raises:
        ValueError: Logits and labels are of other shapes, or there are no texts.
    """
    for one in sets:
        if one.logits.ndim != 2 or one.labels.shape != one.logits.shape[:1]:
            raise ValueError(f"logits of shape {one.logits.shape} do not go with labels of shape {one.labels.shape}")
    known = [one for one in sets if len(one.labels)]
    if not known:
        raise ValueError("there are no texts to fit a temperature on")

    def loss(log_temperature: float) -> float:
        return float(np.mean([_mean_loss(one, exp(log_temperature)) for one in known]))

    # The loss is convex in the inverse of the temperature, so it has one minimum in the logarithm too.
    found = minimize_scalar(loss, bounds=(-log(HIGHEST), log(HIGHEST)), method="bounded", options={"xatol": 1e-6})
    return exp(found.x)


def scaled(logits: Floats, temperature: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the probabilities of logits divided by a temperature, shape (n, labels).

    Args:
        logits: Shape (n, labels).
        temperature: One for all texts, or one for each; shape (n,).
    """
    return np.exp(_log_probabilities(logits, temperature))


def _log_probabilities(logits: Floats, temperatures: NDArray[np.float64] | float) -> NDArray[np.float64]:
    divisors = np.asarray(temperatures, np.float64)[..., None]
    return np.asarray(log_softmax(logits.astype(np.float64) / divisors, axis=1), np.float64)


def _probabilities(scored: Scored, temperatures: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.exp(_log_probabilities(scored.logits, temperatures))


def _mean_loss(scored: Scored, temperatures: NDArray[np.float64] | float) -> float:
    found = _log_probabilities(scored.logits, temperatures)
    return -float(np.take_along_axis(found, scored.labels[:, None], axis=1).mean())


def _right(probabilities: NDArray[np.float64], labels: NDArray[np.intp]) -> NDArray[np.int8]:
    return np.asarray(best(probabilities) == labels, np.int8)


def _error(probabilities: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    return round(calibration_error(_right(probabilities, labels), probabilities.max(axis=1)), 6)


def _bins(probabilities: NDArray[np.float64], labels: NDArray[np.intp]) -> list[Bin]:
    share, mean, count = reliability(_right(probabilities, labels), probabilities.max(axis=1))
    rows = zip(mean.tolist(), share.tolist(), count.tolist(), strict=True)
    return [Bin(round(confidence, 6), round(accuracy, 6), texts) for confidence, accuracy, texts in rows]
