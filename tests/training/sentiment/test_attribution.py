from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from keras import layers

from app.sentiment.attribution import Weights
from app.sentiment.engines import STATES, dropping_masks
from app.sentiment.windows import MaximumOverWindows, Windows, has_states, with_states
from tests import toys
from training.onnx_export import export
from training.sentiment.attribution import weights

MAXLEN: Final = 14
WINDOW: Final = 5
UNITS: Final = 4
Layers = dict[str, Any]


def model_of(**changes: Any) -> keras.Sequential:
    """A model that reads texts in windows, of random weights; layers may be others."""
    stack: Layers = {
        "windows": Windows(WINDOW, 1),
        "embedding": layers.Embedding(12, 3, mask_zero=True),
        "both": layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True)),
        "maximum": MaximumOverWindows(3),
        "dense": layers.Dense(3, activation="softmax"),
        **changes,
    }
    with dropping_masks():
        model = keras.Sequential([keras.Input((MAXLEN,), dtype="int32"), *filter(None, stack.values())])
    random = np.random.default_rng(2)
    model.set_weights([random.normal(0, 0.7, weight.shape) for weight in model.get_weights()])
    return model


def lstm(**options: Any) -> layers.LSTM:
    return layers.LSTM(UNITS, **{"return_sequences": True, **options})


OTHERS: Final[dict[str, Callable[[], Layers]]] = {
    "no windows": lambda: {"windows": None, "maximum": layers.GlobalMaxPooling1D()},
    "another layer between": lambda: {"dense": layers.Dropout(0.5), "last": layers.Dense(3, activation="softmax")},
    "one direction": lambda: {"both": lstm()},
    "both directions added": lambda: {"both": layers.Bidirectional(lstm(), merge_mode="sum")},
    "SimpleRNN": lambda: {"both": layers.Bidirectional(layers.SimpleRNN(UNITS, return_sequences=True))},
    "another activation": lambda: {"both": layers.Bidirectional(lstm(activation="relu"))},
    "another activation of gates": lambda: {"both": layers.Bidirectional(lstm(recurrent_activation="tanh"))},
    "another activation backward": lambda: {
        "both": layers.Bidirectional(lstm(), backward_layer=lstm(activation="relu", go_backwards=True))
    },
    "no bias": lambda: {"both": layers.Bidirectional(lstm(use_bias=False))},
    "logits": lambda: {"dense": layers.Dense(3)},
    "a softmax of one": lambda: {"dense": layers.Dense(1, activation="softmax")},
    "several sigmoids": lambda: {"dense": layers.Dense(3, activation="sigmoid")},
}


@pytest.mark.parametrize("power", [None, 0.25])
def test_lengths_count_by_the_power_that_the_model_has(power: float | None) -> None:
    changes: Layers = {
        "maximum": MaximumOverWindows(3, power),
        "dense": layers.Dense(3, activation="softmax", use_bias=power is None),
    }
    found = weights(model_of(**changes))
    assert found is not None
    assert float(found.length_power) == (power or 0)


@pytest.mark.parametrize("name", OTHERS)
def test_another_model_gives_no_states(name: str, tmp_path: Path) -> None:
    model = model_of(**OTHERS[name]())
    assert not has_states(model)
    assert weights(model) is None
    if name != "both directions added":  # which cannot be exported
        export(model, tmp_path / "model.onnx", padded_length=MAXLEN)
        assert [output.name for output in onnx.load(tmp_path / "model.onnx").graph.output] == ["output"]


def test_the_weights_are_those_of_keras() -> None:
    model = model_of()
    found = weights(model)
    assert found is not None
    table, *recurrent, dense, _ = model.get_weights()
    for direction in (0, 1):
        for array, expected in zip(found[:3], recurrent[3 * direction : 3 * direction + 3], strict=True):
            np.testing.assert_array_equal(array[direction], expected)
    np.testing.assert_array_equal(found.dense, dense)
    np.testing.assert_array_equal(found.unknown, table[2])
    assert found.window == WINDOW


def test_a_sigmoid_of_one_output_gives_states_too() -> None:
    found = weights(model_of(dense=layers.Dense(1, activation="sigmoid")))
    assert found is not None
    assert found.dense.shape == (2 * UNITS, 1)


def test_the_folder_has_the_weights(window_models_dir: Path) -> None:
    folder = window_models_dir / "sentiment-windows"
    with dropping_masks():
        model = keras.models.load_model(folder / "model.keras", compile=False)
    expected = weights(model)
    assert expected is not None
    found = Weights.load(folder / "attribution.npz")
    for array, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(array, other)
    assert found.window == toys.WINDOW


@pytest.mark.parametrize("lengths", [[1], [4], [6], [7], [14], [14, 6, 1, 11]])
def test_the_graph_gives_what_keras_computes_on_its_way(tmp_path: Path, lengths: list[int]) -> None:
    model = model_of()
    path = tmp_path / "model.onnx"
    export(model, path, padded_length=MAXLEN)
    random = np.random.default_rng(7)
    rows = [random.integers(1, 12, length, dtype=np.int32) for length in lengths]
    tokens = np.stack([np.pad(row, (0, max(lengths) - len(row))) for row in rows])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feed = {"tokens": tokens, "lengths": np.array(lengths, np.int32)}
    output, embedded, states = session.run(["output", *STATES], feed)

    padded = np.stack([np.pad(row, (MAXLEN - len(row), 0)) for row in rows])
    with dropping_masks():
        expected = [array.numpy() for array in with_states(model)(padded)]
    np.testing.assert_allclose(output, expected[0], atol=1e-6)
    at = 0
    for text, length in enumerate(lengths):
        used = max(1, -(-(length - 1) // WINDOW))
        own = -(-(length - 1) // used)
        for window in range(used):
            steps = 1 + min(own, length - 1 - window * own)
            place = 3 * text + window
            np.testing.assert_allclose(embedded[:steps, at], expected[1][place, :steps], atol=1e-6)
            both = states[:, :, at].reshape(len(states), -1)
            np.testing.assert_allclose(both[:steps], expected[2][place, :steps], atol=1e-6)
            assert not both[steps:].any()
            at += 1
    assert (embedded.shape[1], states.shape[2]) == (at, at)


def test_to_give_states_takes_no_node_more(tmp_path: Path) -> None:
    export(model_of(), tmp_path / "model.onnx", padded_length=MAXLEN)
    graph = onnx.load(tmp_path / "model.onnx").graph
    assert [output.name for output in graph.output] == ["output", *STATES]
    (lstm_node,) = (node for node in graph.node if node.op_type == "LSTM")
    assert (lstm_node.input[0], lstm_node.output[0]) == tuple(STATES)
    assert [node.op_type for node in graph.node if STATES[0] in node.output] == ["Gather"]
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    sizes = [output.shape for output in session.get_outputs()[1:]]
    assert sizes == [["steps", "windows", 3], ["steps", 2, "windows", UNITS]]
