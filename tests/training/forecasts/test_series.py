import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.forecasts.series import Series, Stretches, split, windows


def counting(length: int) -> Series:
    """A series in which each number tells its day; the targets are a thousand later."""
    days = np.arange(length, dtype=np.float32)
    return Series(np.stack([days, -days], axis=1), days[:, None] + 1000)


def test_a_window_shows_what_was_observed_and_what_comes_after() -> None:
    found = windows([counting(9)], 3, (1, 4))
    assert found.inputs.shape == (3, 3, 2)
    assert found.targets.shape == (3, 2, 1)
    assert found.inputs[1, :, 0].tolist() == [1, 2, 3]
    assert found.inputs[1, :, 1].tolist() == [-1, -2, -3]
    assert found.targets[1, :, 0].tolist() == [1004, 1007]
    assert found.last[1, :, 0].tolist() == [1003, 1003]
    assert found.days.tolist() == [[3, 6], [4, 7], [5, 8]]


def test_no_window_is_of_two_series() -> None:
    found = windows([counting(9), counting(7)], 3, (1, 4))
    assert found.series.tolist() == [0, 0, 0, 1]
    assert found.inputs[3, :, 0].tolist() == [0, 1, 2]
    assert found.days[3].tolist() == [3, 6]


@given(
    st.integers(30, 300),
    st.integers(1, 6),
    st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True).map(sorted),
)
def test_no_day_is_forecast_on_both_sides_of_a_cut(length: int, observations: int, steps: list[int]) -> None:
    splits = split(counting(length), observations, steps)
    parts = [splits.training, splits.validation, splits.test]
    days = [set(part.days.ravel().tolist()) for part in parts]
    assert all(days)
    reach = steps[-1] - steps[0]
    assert max(days[0]) < min(days[1]) <= round(0.6 * length)
    assert max(days[1]) < min(days[2]) <= round(0.8 * length)
    assert max(days[2]) == length - 1
    whole = len(windows([counting(length)], observations, steps))
    assert sum(map(len, parts)) == whole - 2 * reach


def test_a_stretch_is_of_windows_that_follow_each_other() -> None:
    examples = windows([counting(12), counting(9)], 3, (1, 4))
    found = Stretches.of(examples, 2)
    assert found.inputs.shape == (5, 5, 2)
    assert found.targets.shape == (5, 3, 2, 1)
    assert found.inputs[1, :, 0].tolist() == [1, 2, 3, 4, 5]
    assert found.targets[1, :, :, 0].tolist() == [[1004, 1007], [1005, 1008], [1006, 1009]]
    # No stretch goes on from one series into the other.
    assert found.inputs[:, 0, 0].tolist() == [0, 1, 2, 3, 0]
    assert (np.diff(found.inputs[..., 0], axis=1) == 1).all()
