import numpy as np
import pytest

from app.vectors.space import About, VectorSpace
from app.vectors.vocabulary import Vocabulary
from bench import vectors

WORDS = [first + second for first in "abcd" for second in "klmn"]


class Apart:
    """Gives the answers of a space, their similarities so far apart from its own."""

    def __init__(self, space: VectorSpace, distance: float) -> None:
        self._space = space
        self._distance = distance

    def most_similar(self, positive: list[str], negative: list[str], topn: int) -> list[tuple[str, float]]:
        found = self._space.most_similar(positive, negative, topn=topn)
        return [(word, similarity + self._distance) for word, similarity in found]


@pytest.mark.parametrize("distance", [0.25, -0.25])
def test_similarities_are_as_far_apart_whichever_is_larger(distance: float) -> None:
    matrix = np.random.default_rng(0).normal(size=(len(WORDS), 5)).astype(np.float32)
    space = VectorSpace(About("toy", "made up", "none"), Vocabulary.of(WORDS), matrix)
    differing, largest = vectors._compare(space, Apart(space, distance), [WORDS[:4], WORDS[4:8]])
    assert differing == 0
    assert largest == pytest.approx(0.25)
