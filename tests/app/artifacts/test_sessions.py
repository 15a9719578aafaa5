from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.artifacts.manifest import ArtifactError
from app.artifacts.sessions import BATCH, SLACK, batches, check_graph


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


def graph(inputs: list[str], outputs: list[str]) -> Any:
    """Stand for a session of a graph that takes and gives tensors of these names."""
    nodes = [[SimpleNamespace(name=name) for name in names] for names in (inputs, outputs)]
    return SimpleNamespace(get_inputs=lambda: nodes[0], get_outputs=lambda: nodes[1])


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [(["a"], ["c"]), (["a", "b", "more"], ["c"]), (["a", "other"], ["c"]), (["a", "b"], ["d"]), (["a", "b"], [])],
)
def test_a_graph_that_takes_or_gives_something_else_is_refused(inputs: list[str], outputs: list[str]) -> None:
    with pytest.raises(ArtifactError, match=r"^model\.onnx takes .* unlike a model of ours; restore it\.$"):
        check_graph(Path("model.onnx"), graph(inputs, outputs), {"a", "b"}, {"c"})


def test_a_graph_may_give_more_than_is_read() -> None:
    check_graph(Path("model.onnx"), graph(["b", "a"], ["c", "d"]), {"a", "b"}, {"c"})
