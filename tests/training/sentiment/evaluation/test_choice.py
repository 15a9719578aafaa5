import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.sentiment.classifier import Classification
from app.sentiment.labels import BINARY
from training.sentiment.evaluation import choice

LABELS = ("negative", "neutral", "positive")
PROBABILITIES = arrays(np.float64, (4, 3), elements=st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]))


@given(PROBABILITIES, st.sampled_from([BINARY, ("neutral", "positive"), LABELS]))
def test_it_is_what_serving_does_for_each_text(probabilities: np.ndarray, wanted: tuple[str, ...]) -> None:
    served = [Classification(LABELS, row, 1, 0, False).among(wanted) for row in probabilities.tolist()]
    found = choice.among(probabilities, LABELS, wanted)
    np.testing.assert_allclose(found, [one.probabilities for one in served])
    assert choice.best(found).tolist() == [one.best for one in served]


def test_a_label_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="not in"):
        choice.among(np.ones((1, 2)), BINARY, LABELS)
