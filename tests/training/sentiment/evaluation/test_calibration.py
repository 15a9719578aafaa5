import json
from dataclasses import asdict, replace
from math import log
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, log_softmax, softmax

from training.sentiment.evaluation import calibration
from training.sentiment.evaluation.calibration import (
    FOLDS,
    HIGHEST,
    BeforeAndAfter,
    Scored,
    calibrate,
    fit_by_length,
    fit_temperature,
    folds_of,
    logits_of,
    scaled,
)
from training.sentiment.evaluation.figures import Floats

TEMPERATURES = st.floats(0.2, 5)


def scored(logits: Floats, labels: NDArray[np.integer], seed: int = 0) -> Scored:
    """Logits of positive, shape (n,), or of all labels; in random folds."""
    found = np.stack([np.zeros_like(logits), logits], axis=1) if logits.ndim == 1 else logits
    return Scored(found, labels.astype(np.intp), np.random.default_rng(seed).integers(0, FOLDS, len(labels)))


def calibrated() -> tuple[Floats, NDArray[np.int8]]:
    """Logits of which each comes with as many positive labels in a thousand as it says."""
    logits: list[float] = []
    labels: list[int] = []
    for positive in range(10, 1000, 10):
        logits += [log(positive / (1000 - positive))] * 1000
        labels += [1] * positive + [0] * (1000 - positive)
    return np.array(logits), np.array(labels, dtype=np.int8)


LOGITS, LABELS = calibrated()


def three(seed: int, size: int = 30_000) -> Scored:
    """Logits of three labels that are as true as they say."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (size, 3))
    labels = (softmax(logits, axis=1).cumsum(axis=1) < random.random((size, 1))).sum(axis=1)
    return scored(logits, labels, seed)


def loss(one: Scored, temperature: float = 1.0) -> float:
    found = log_softmax(one.logits / temperature, axis=1)
    return -float(found[np.arange(len(one.labels)), one.labels].mean())


@pytest.mark.parametrize("factor", [0.1, 0.5, 1, 1.7, 3, 10])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_known_factor_is_the_temperature(factor: float, dtype: type[np.floating]) -> None:
    one = scored((LOGITS * factor).astype(dtype), LABELS)
    assert fit_temperature([one]) == pytest.approx(factor, rel=1e-4)


def test_a_known_factor_is_the_temperature_of_three_labels_too() -> None:
    found = three(1)
    assert fit_temperature([Scored(found.logits * 1.6, found.labels, found.folds)]) == pytest.approx(1.6, rel=0.03)


@given(st.integers(0, 2**32), TEMPERATURES)
def test_no_other_temperature_has_a_smaller_mean_of_the_sets_losses(seed: int, other: float) -> None:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, 30)
    sets = [scored(random.normal(2 * labels - 1, 3), labels), three(seed, 10)]
    best = fit_temperature(sets)
    at_best, at_other = (np.mean([loss(one, temperature) for one in sets]) for temperature in (best, other))
    assert at_best <= at_other + 1e-9


def test_each_set_weighs_the_same_however_large_it_is() -> None:
    large, small = scored(LOGITS * 3, LABELS), scored(LOGITS[::50] * 0.5, LABELS[::50])
    twice = fit_temperature([large, small, small])
    assert fit_temperature([large, small]) > twice
    copies = Scored(*(np.concatenate([part] * 7) for part in (small.logits, small.labels, small.folds)))
    assert fit_temperature([large, copies]) == pytest.approx(fit_temperature([large, small]), rel=1e-4)


@pytest.mark.parametrize(("right", "limit"), [(True, 1 / HIGHEST), (False, HIGHEST)])
def test_where_all_or_none_is_right_the_temperature_is_at_its_limit(right: bool, limit: float) -> None:
    labels = np.array([0, 1, 1, 0])
    logits = np.array([-1.0, 0.5, 2.0, -0.1]) * (1 if right else -1)
    assert fit_temperature([scored(logits, labels)]) == pytest.approx(limit, rel=1e-3)


def test_logits_of_any_size_have_a_temperature() -> None:
    logits = np.array([-1e4, 1e4, -1e4, -1e4], dtype=np.float32)
    assert fit_temperature([scored(logits, np.array([0, 1, 1, 0]))]) == pytest.approx(HIGHEST, rel=1e-3)


@pytest.mark.parametrize("logits", [np.zeros(4), np.zeros((3, 2)), np.float64(0).reshape(())])
def test_logits_of_another_shape_are_refused(logits: Floats) -> None:
    with pytest.raises(ValueError, match="do not go with labels"):
        fit_temperature([Scored(logits, np.array([0, 1, 1, 0]), np.zeros(4, np.intp))])


def test_no_texts_are_refused() -> None:
    with pytest.raises(ValueError, match="there are no texts"):
        fit_temperature([scored(np.zeros(0), np.zeros(0, np.intp))])


@given(TEMPERATURES)
def test_a_temperature_changes_no_label(temperature: float) -> None:
    logits = np.array([-3, -1e-3, 0, 1e-3, 2], dtype=np.float32)
    probabilities = scaled(np.stack([np.zeros(5), logits], axis=1), temperature)
    assert (probabilities[:, 1] >= 0.5).tolist() == [False, False, True, True, True]
    np.testing.assert_allclose(probabilities[:, 1], expit(logits.astype(np.float64) / temperature))


def test_the_logits_of_probabilities_give_them_again() -> None:
    probabilities = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], np.float32)
    logits = logits_of(probabilities)
    assert np.isfinite(logits).all()
    np.testing.assert_allclose(scaled(logits, 1.0), probabilities, atol=1e-7)


def test_the_fold_of_a_text_follows_from_it_alone() -> None:
    texts = [f"text {number}" for number in range(1_000)]
    found = folds_of(texts)
    assert folds_of(texts[::-1]).tolist() == found[::-1].tolist()
    assert np.bincount(found, minlength=FOLDS).min() > 150
    assert folds_of(["\ud800"]).shape == (1,)


def test_a_set_is_measured_before_and_after() -> None:
    found = BeforeAndAfter.of(scored(LOGITS * 2, LABELS), 2.0)
    assert found.texts == len(LABELS)
    assert found.log_loss_before == pytest.approx(loss(scored(LOGITS * 2, LABELS)), abs=1e-6)
    assert found.log_loss_after == pytest.approx(loss(scored(LOGITS, LABELS)), abs=1e-6)
    assert found.error_before > 0.05
    assert found.error_after < 1e-3
    assert sum(one.texts for one in found.bins_before) == sum(one.texts for one in found.bins_after) == len(LABELS)
    assert all(one.accuracy == pytest.approx(one.confidence, abs=2e-3) for one in found.bins_after)
    assert min(one.confidence for one in found.bins_after) >= 0.5


def test_the_error_is_that_of_the_chosen_label() -> None:
    sure = np.full((4, 3), [0.1, 0.1, 0.8])
    found = BeforeAndAfter.of(Scored(np.log(sure), np.array([2, 2, 2, 0]), np.zeros(4, np.intp)), 1.0)
    assert found.error_before == pytest.approx(0.8 - 0.75)
    assert [(one.confidence, one.accuracy, one.texts) for one in found.bins_before] == [(0.8, 0.75, 4)]


def test_a_model_that_is_too_sure_gets_the_temperature() -> None:
    sets = {"one": scored(LOGITS * 2, LABELS), "three": Scored(three(1).logits * 2, three(1).labels, three(1).folds)}
    found = calibrate(sets, list(sets))
    assert found.used
    assert found.applied == found.temperature == pytest.approx(2, rel=0.02)
    assert found.log_loss_before == pytest.approx(
        np.mean([one.log_loss_before for one in found.sets.values()]), abs=1e-6
    )
    assert found.log_loss_after < found.log_loss_before
    assert (found.folds, found.fitted_on, found.test) == (FOLDS, ["one", "three"], None)


def test_it_is_judged_on_texts_that_did_not_fit_it(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[set[int]] = []
    real = fit_temperature

    def fit(sets: list[Scored]) -> float:
        fitted.append({int(fold) for one in sets for fold in one.folds})
        return 1.0 + len(fitted) if len(fitted) > 1 else real(sets)

    monkeypatch.setattr(calibration, "fit_temperature", fit)
    one = scored(LOGITS[::10], LABELS[::10])
    found = calibrate({"one": one}, ["one"])
    assert fitted == [set(range(FOLDS)), *(set(range(FOLDS)) - {fold} for fold in range(FOLDS))]
    of_text = np.array([3.0 + fold for fold in one.folds])
    assert found.sets["one"] == BeforeAndAfter.of(one, of_text)


def test_a_temperature_that_does_not_pay_is_not_used() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 2, 25)
    one = scored(random.normal(0.1 * (2 * labels - 1), 0.3), labels, seed=4)
    found = calibrate({"one": one}, ["one"])
    assert found.log_loss_after >= found.log_loss_before
    assert not found.used
    assert found.applied == 1
    assert found.temperature != 1


def test_a_set_that_it_is_not_fitted_on_is_measured_too() -> None:
    other = scored(LOGITS[::7], LABELS[::7])
    with_it = calibrate({"one": scored(LOGITS * 2, LABELS), "other": other}, ["one"])
    assert with_it.temperature == pytest.approx(2, rel=1e-3)
    assert with_it.sets["other"].log_loss_after > with_it.sets["other"].log_loss_before


RIGHT: Final = scored(np.tile(LOGITS[::20], 2), np.tile(LABELS[::20], 2))
TOKENS: Final = np.repeat([5, 180], len(RIGHT.labels) // 2)


def by_length(factor: float, power: float) -> Scored:
    """Texts whose logits are right once they are divided by a factor and a power of the number of tokens."""
    return replace(RIGHT, logits=RIGHT.logits * factor * TOKENS[:, None] ** power)


@pytest.mark.parametrize(("factor", "power"), [(0.5, 0.2), (2.0, -0.3)])
def test_a_temperature_by_length_is_found(factor: float, power: float) -> None:
    one = replace(by_length(factor, power), tokens=TOKENS)
    assert fit_by_length([one]) == pytest.approx((factor, power), rel=0.01)
    found = calibrate({"one": one}, ["one"])
    assert (found.temperature, found.length_power) == fit_by_length([one])
    assert found.log_loss_after == pytest.approx(loss(RIGHT), abs=5e-4)
    np.testing.assert_allclose(found.divisors(TOKENS), found.temperature * TOKENS**found.length_power)
    without = calibrate({"one": by_length(factor, power)}, ["one"])
    assert without.length_power == 0
    assert without.log_loss_after > found.log_loss_after + 0.001


def test_a_temperature_by_length_that_does_not_pay_is_not_used() -> None:
    one = replace(RIGHT, logits=RIGHT.logits * 2, tokens=TOKENS)
    found = calibrate({"one": one}, ["one"])
    assert (found.used, found.length_power) == (True, 0)
    np.testing.assert_allclose(found.divisors(TOKENS), found.temperature)


def test_texts_of_one_length_have_one_temperature() -> None:
    one = replace(RIGHT, logits=RIGHT.logits * 2, tokens=np.full(len(TOKENS), 7))
    assert calibrate({"one": one}, ["one"]).divisors(np.array([7])) == pytest.approx(2, rel=0.02)


def test_texts_of_one_fold_have_the_temperature_of_all() -> None:
    one = Scored(np.array([[0.0, 1.0], [0.0, 2.0]]), np.array([1, 0]), np.zeros(2, np.intp))
    found = calibrate({"one": one}, ["one"])
    assert found.sets["one"] == BeforeAndAfter.of(one, found.temperature)


def test_a_calibration_is_plain_json() -> None:
    found = asdict(calibrate({"one": scored(LOGITS.astype(np.float32), LABELS)}, ["one"]))
    assert json.loads(json.dumps(found)) == found
