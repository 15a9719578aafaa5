from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench import keras_models, parity
from training.corpora.imdb import Review, Reviews

TEXTS = [f"text {number}" for number in range(5)]


@pytest.mark.parametrize(("place", "by"), [(0, 0.2), (4, -0.2)])
def test_the_largest_difference_is_found_in_either_direction(
    monkeypatch: pytest.MonkeyPatch, place: int, by: float
) -> None:
    ours = np.full(5, 0.75)
    theirs = ours.copy()
    theirs[place] += by

    class Served:
        serving = SimpleNamespace(maxlen=4)

        def __init__(self, _folder: Path) -> None: ...

        def classify_all(self, texts: Sequence[str]) -> tuple[list[Any], None]:
            return [SimpleNamespace(probability=lambda _, text=text: ours[TEXTS.index(text)]) for text in texts], None

    def predict(padded: Any, **_options: Any) -> Any:
        return np.stack([1 - theirs[padded[:, -1]], theirs[padded[:, -1]]], axis=1)

    monkeypatch.setattr(parity, "FEW", 2)
    monkeypatch.setattr(parity, "Classifier", Served)
    monkeypatch.setattr(keras_models, "load", lambda _folder: SimpleNamespace(predict=predict))
    reviews = Reviews([Review(f"pos/{text}_9", "", text, 1) for text in TEXTS])
    found = parity._compared(Path("toy"), reviews, lambda texts: [[TEXTS.index(text)] for text in texts])
    difference, labels = found
    assert difference.value == pytest.approx(0.2)
    assert labels.value == 0
