from pathlib import Path

import keras
import numpy as np
import pytest

from app.sentiment.windows import MaximumOverWindows, Windows

START = 1


@pytest.mark.parametrize(
    ("words", "windows"),
    [
        ([], [[2]]),
        ([5], [[2, 5]]),
        ([5, 6, 7, 8], [[2, 5, 6, 7, 8]]),
        # One word too many for a window: two halves.
        ([5, 6, 7, 8, 9], [[2, 5, 6, 7], [START, 8, 9]]),
        ([5, 6, 7, 8, 9, 10, 11, 12], [[2, 5, 6, 7, 8], [START, 9, 10, 11, 12]]),
        ([5, 6, 7, 8, 9, 10, 11, 12, 13], [[2, 5, 6, 7], [START, 8, 9, 10], [START, 11, 12, 13]]),
    ],
)
def test_a_text_is_cut_into_windows_of_about_one_length(words: list[int], windows: list[list[int]]) -> None:
    layer = Windows(4, START)
    row = [*[0] * (12 - len(words)), 2, *words]
    expected = np.zeros((layer.windows(13), 5), np.int32)
    for place, window in zip(expected, windows, strict=False):
        place[: len(window)] = window
    np.testing.assert_array_equal(np.asarray(layer(np.array([row], np.int32))), expected)


def test_the_maximum_is_over_all_windows_of_a_text_and_never_below_zero() -> None:
    features = np.array([[[1.0, -3]], [[0.5, -2]], [[-1, 4]], [[2, 5]]], np.float32)
    np.testing.assert_array_equal(np.asarray(MaximumOverWindows(2)(features)), [[1, 0], [2, 5]])


def test_all_is_divided_by_the_power_of_the_number_of_tokens() -> None:
    """Of the start ids, that in front of the first window alone is one of them."""
    features = np.array([[[1.0], [4]], [[8], [0]], [[3], [0]], [[0], [0]]], np.float32)
    mask = np.array([[True, True], [True, True], [True, False], [False, False]])
    found = np.asarray(MaximumOverWindows(2, 0.5)(features, mask=mask))
    np.testing.assert_allclose(found, np.array([[8 / 3**0.5, 1 / 3**0.5], [3, 1]]), rtol=1e-6)


def test_more_tokens_than_six_windows_hold_do_not_count() -> None:
    features, mask = np.ones((8, 3, 1), np.float32), np.ones((8, 3), bool)
    found = np.asarray(MaximumOverWindows(8, 1.0)(features, mask=mask))
    np.testing.assert_allclose(found, [[1 / 12, 1 / 12]])


@pytest.mark.parametrize("power", [None, 0.2])
def test_the_layers_are_saved_and_loaded(power: float | None, tmp_path: Path) -> None:
    windows = Windows(4, START)
    layers = [
        keras.Input((9,), dtype="int32"),
        windows,
        keras.layers.Embedding(20, 3, mask_zero=True),
        keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True)),
        MaximumOverWindows(windows.windows(9), power),
        keras.layers.Dense(3, activation="softmax", use_bias=power is None),
    ]
    model = keras.Sequential(layers)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    rows = np.random.default_rng(0).integers(1, 20, (5, 9), np.int32)
    np.testing.assert_array_equal(again.predict(rows, verbose=0), model.predict(rows, verbose=0))
