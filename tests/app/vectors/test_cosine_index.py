import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.vectors.cosine_index import GRAPH, CosineIndex
from training.vectors import scan_graph


def expected(matrix: NDArray[np.float64], direction: NDArray[np.float64], count: int) -> list[tuple[int, float]]:
    norms = np.linalg.norm(matrix, axis=1)
    cosines = np.where(norms > 0, matrix @ direction / np.where(norms > 0, norms, 1), 0)
    order = np.lexsort((np.arange(len(matrix)), -cosines))[:count]
    return [(int(row), float(cosines[row])) for row in order]


def search(
    matrix: NDArray[np.floating], direction: NDArray[np.float64], count: int, limit: int | None = None
) -> list[tuple[int, float]]:
    rows, cosines = CosineIndex(matrix).search(direction, count, limit)
    return list(zip(rows.tolist(), cosines.tolist(), strict=True))


@settings(max_examples=200)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 3000),
    st.integers(1, 130),
    st.integers(1, 60),
    st.sampled_from([np.float16, np.float32, np.float64]),
    st.sampled_from([0.0, 1.0, 20.0]),
)
def test_it_finds_what_a_product_with_all_rows_finds(
    seed: int, rows: int, dimensions: int, count: int, kind: type[np.floating], crowding: float
) -> None:
    """Crowded vectors, all in nearly one direction, are the hard ones: their cosines are close together."""
    random = np.random.default_rng(seed)
    matrix = (random.normal(size=(rows, dimensions)) + crowding).astype(kind)
    matrix[random.random(rows) < 0.01] = 0
    direction = random.normal(size=dimensions) + crowding
    direction /= np.linalg.norm(direction)
    found = search(matrix, direction, count)
    wanted = expected(matrix.astype(np.float64), direction, count)
    assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in wanted], abs=1e-9)
    if matrix.dtype != np.float16:  # whose few values make ties that rounding decides
        assert [row for row, _ in found] == [row for row, _ in wanted]


def test_a_limit_leaves_later_rows_out() -> None:
    matrix = np.random.default_rng(0).normal(size=(5000, 8))
    direction = np.eye(8)[0]
    for limit in (1, 17, 4000, 5000, 10**9):
        wanted = expected(matrix[:limit], direction, 12)
        assert [row for row, _ in search(matrix, direction, 12, limit)] == [row for row, _ in wanted]


def test_of_rows_that_are_alike_the_first_comes_first() -> None:
    matrix = np.tile(np.array([[1.0, 2.0], [2.0, 1.0]], dtype=np.float32), (500, 1))
    rows, _ = CosineIndex(matrix).search(np.array([1.0, 0.0]), 4)
    assert rows.tolist() == [1, 3, 5, 7]


def test_zeros_are_like_nothing() -> None:
    rows, cosines = CosineIndex(np.zeros((3, 2), dtype=np.float32)).search(np.array([1.0, 0.0]), 5)
    assert rows.tolist() == [0, 1, 2]
    assert cosines.tolist() == [0, 0, 0]


def test_the_extremes_of_all_values_do_not_overflow() -> None:
    """All products at once at their largest: what saturates on processors without VNNI, were it not for 7 bits."""
    matrix = np.vstack([np.ones(64), -np.ones(64), np.tile([1.0, -1.0], 32)]).astype(np.float32)
    rows, cosines = CosineIndex(matrix).search(np.ones(64) / 8, 3)
    assert rows.tolist() == [0, 2, 1]
    assert cosines.tolist() == pytest.approx([1, 0, -1])
    assert CosineIndex(matrix)._scores(np.ones(64) / 8)[0][:3].tolist() == [64 * 127 * 63, -64 * 127 * 63, 0]


def test_the_graph_is_what_its_module_builds() -> None:
    assert scan_graph.build().SerializeToString() == GRAPH.read_bytes()
