import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.artifacts.sessions import BATCH, SLACK, batches


@given(st.lists(st.integers(1, 500), max_size=100))
def test_every_row_is_in_one_batch_with_rows_of_its_length(lengths: list[int]) -> None:
    array = np.array(lengths, dtype=np.int32)
    runs = [array[rows] for rows in batches(array)]
    assert sorted(np.concatenate([np.zeros(0, np.intp), *batches(array)]).tolist()) == list(range(len(lengths)))
    for run in runs:
        assert 1 <= len(run) <= BATCH
        assert run.max() <= run.min() * SLACK + 8


def test_rows_of_one_length_share_as_few_batches_as_they_can() -> None:
    assert [len(rows) for rows in batches(np.full(2 * BATCH + 1, 7, dtype=np.int32))] == [BATCH, BATCH, 1]
