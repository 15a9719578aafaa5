import numpy as np

from training.sentiment.evaluation.coverage import SHARES, Coverage, coverage


def test_the_surest_half_is_classified_best() -> None:
    positive = np.array([0.95, 0.9, 0.3, 0.45, 0.6, 0.2, 0.99, 0.55, 0.5, 0.51])
    labels = np.array([1, 1, 0, 1, 1, 0, 1, 0, 0, 1])
    found = coverage(np.stack([1 - positive, positive], axis=1), labels)
    assert [one.share for one in found] == list(SHARES)
    assert found[0] == Coverage(0.5, 0.7, 1.0)
    assert found[1] == Coverage(0.8, 0.55, 0.75)
    assert found[2].accuracy == 0.7


def test_a_single_text_is_all_of_them() -> None:
    assert coverage(np.array([[0.2, 0.5, 0.3]]), np.array([1])) == [Coverage(share, 0.5, 1.0) for share in SHARES]
