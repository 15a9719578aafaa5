from pathlib import Path

import pytest

from bench import rows
from bench.options import Options
from bench.paths import DATA, MODEL


@pytest.mark.slow
def test_rows_are_streamed_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "REVIEWS", 60)
    monkeypatch.setattr(rows, "ROWS", 5_000)
    monkeypatch.setattr(rows, "SHORT_SECONDS", 0.5)
    result = rows.measure(Options(MODEL, DATA, rounds=1, seconds=1, output=tmp_path))
    found = {figure.name: figure.value for figure in result.figures}
    assert found["one connection / python -m app classify"] > 0
    assert found["memory gained while a million rows pass"] < 100
    assert found["99 % of short texts alone within"] > 0
    assert found["99 % of short texts beside two streams within"] > 0
