import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.sentiment.own import head

RANDOM = np.random.default_rng(0)
READ = RANDOM.random((80, 5)).astype(np.float32)
LABELS = (READ[:, 0] + READ[:, 1] > READ[:, 2] + 0.5).astype(np.intp)
TARGETS = np.eye(2, dtype=np.float32)[LABELS]
KERNEL = RANDOM.normal(size=(5, 2)).astype(np.float32)
BIAS = np.zeros(2, np.float32)
KNOWN = np.array([True, True])


def test_far_from_where_it_begins_it_is_logistic_regression() -> None:
    kernel, _ = head.fit(READ, TARGETS, np.zeros_like(KERNEL), BIAS, KNOWN, 10.0)
    # Two columns with a variance of 10 each are a difference with one of 20.
    wanted = LogisticRegression(C=20.0, tol=1e-8, max_iter=1000).fit(READ, LABELS)
    np.testing.assert_allclose(kernel[:, 1] - kernel[:, 0], wanted.coef_[0], atol=0.5)


def test_the_less_the_variance_the_nearer_it_stays() -> None:
    moved = [np.abs(head.fit(READ, TARGETS, KERNEL, BIAS, KNOWN, one)[0] - KERNEL).max() for one in (0.01, 0.1, 1.0)]
    assert moved == sorted(moved)
    assert moved[0] > 0


def test_without_variance_only_the_biases_move() -> None:
    kernel, bias = head.fit(READ, TARGETS, KERNEL, BIAS, KNOWN, 0.0)
    np.testing.assert_array_equal(kernel, KERNEL)
    assert np.abs(bias).max() > 0.1


@pytest.mark.parametrize("variance", [0.03, 1.0])
def test_new_labels_are_learnt_from_nothing(variance: float) -> None:
    start = KERNEL * np.array([1, 0], np.float32)
    kernel, _ = head.fit(READ, TARGETS, start, BIAS, np.array([True, False]), variance)
    assert np.abs(kernel[:, 1]).max() > 0.2
