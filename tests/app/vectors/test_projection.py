import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from app.vectors.projection import project


@given(st.integers(0, 2**32 - 1), st.integers(4, 40), st.integers(3, 20), st.sampled_from([2, 3]))
def test_it_is_that_of_scikit_learn(seed: int, count: int, size: int, dimensions: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, size))
    pca = PCA(dimensions, svd_solver="full")
    expected = pca.fit_transform(vectors)
    coordinates, ratio = project(vectors, dimensions)
    np.testing.assert_allclose(np.abs(coordinates), np.abs(expected), atol=1e-8)
    np.testing.assert_allclose(ratio, pca.explained_variance_ratio_, atol=1e-10)


@pytest.mark.parametrize("seed", range(8))
def test_the_farthest_point_of_an_axis_is_on_its_positive_side(seed: int) -> None:
    """Of one axis in two it is there anyway."""
    coordinates, _ = project(np.random.default_rng(seed).normal(size=(20, 5)), 3)
    for axis in coordinates.T:
        assert axis[np.abs(axis).argmax()] > 0


@pytest.mark.parametrize(
    ("vectors", "spanned"),
    [
        ([[1.0, 2, 3], [3, 2, 1]], 1),
        ([[1.0, 2, 3], [1, 2, 3]], 0),
        ([[0.0, 0], [0, 0], [0, 0]], 0),
        ([[1.0], [2], [4]], 1),
    ],
)
def test_axes_that_the_points_do_not_span_are_zeros(vectors: list[list[float]], spanned: int) -> None:
    coordinates, ratio = project(np.array(vectors), 3)
    assert coordinates.shape == (len(vectors), 3)
    assert not coordinates[:, spanned:].any()
    assert coordinates[:, :spanned].any(axis=0).all()
    assert ratio.tolist() == [1.0] * spanned + [0.0] * (3 - spanned)
