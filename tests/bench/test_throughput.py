from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import throughput
from bench.options import Options


def in_turn(*values: float) -> Callable[..., float]:
    left: Iterator[float] = iter(values)
    return lambda *_: next(left)


def test_the_best_round_of_each_contender_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"text": ["a good film", "a bad one"] * 5}), tmp_path / "test.parquet")
    monkeypatch.setattr(throughput, "_classify", in_turn(0.5, 0.25, 1))  # seconds for ten reviews
    monkeypatch.setattr(throughput, "_predictor", lambda *_: in_turn(2, 4, 1))  # reviews a second
    found = throughput.measure(Options(Path("sentiment-best"), tmp_path, rounds=3, seconds=1))
    (table,) = found.tables
    assert table.rows == {"IMDb test reviews": {"python -m app classify": 40, "model.predict": 4}}
    assert [figure.value for figure in found.figures] == [40, 10]
