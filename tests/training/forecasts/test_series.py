import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.forecasts.series import Series, split, windows


def counting(length: int, start: int = 0) -> Series:
    """A series in which each number tells its day; the targets are a thousand later."""
    days = np.arange(start, start + length, dtype=np.float32)
    return Series(np.stack([days, -days], axis=1), days[:, None] + 1000, start)


def test_a_window_shows_what_was_observed_and_what_comes_after() -> None:
    found = windows(counting(9), 3, (1, 4))
    assert found.inputs.shape == (3, 3, 2)
    assert found.targets.shape == (3, 2, 1)
    assert found.inputs[1, :, 0].tolist() == [1, 2, 3]
    assert found.inputs[1, :, 1].tolist() == [-1, -2, -3]
    assert found.targets[1, :, 0].tolist() == [1004, 1007]
    assert found.last[1, :, 0].tolist() == [1003, 1003]
    assert found.days.tolist() == [[3, 6], [4, 7], [5, 8]]


@given(
    st.lists(st.integers(120, 300), min_size=1, max_size=3),
    st.integers(1, 6),
    st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True).map(sorted),
)
def test_no_day_is_on_both_sides_of_a_cut(lengths: list[int], observations: int, steps: list[int]) -> None:
    splits = split([counting(length) for length in lengths], observations, steps)
    assert sum(map(len, (splits.training, splits.validation, splits.test))) > 0
    for length in lengths:
        one = split([counting(length)], observations, steps)
        days = [
            set(part.inputs[..., 0].ravel().astype(int)) | set(part.days.ravel().tolist())
            for part in (one.training, one.validation, one.test)
        ]
        assert max(days[0]) < min(days[1])
        assert max(days[1]) < min(days[2])
        assert max(days[2]) == length - 1


def test_the_parts_of_a_split_are_of_all_series() -> None:
    one, two = (split([counting(length)], 3, (1,)) for length in (50, 80))
    both = split([counting(50), counting(80)], 3, (1,))
    for name in ("training", "validation", "test"):
        parts = [getattr(splits, name) for splits in (one, two)]
        np.testing.assert_array_equal(getattr(both, name).inputs, np.concatenate([part.inputs for part in parts]))


def test_days_are_counted_from_the_first_one_simulated() -> None:
    part = counting(100).cut(0.5, 0.75)
    assert (part.start, len(part)) == (50, 25)
    found = windows(part, 2, (1,))
    assert found.days[:, 0] == pytest.approx(found.targets[:, 0, 0] - 1000)
