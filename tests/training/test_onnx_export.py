from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers
from numpy.typing import NDArray

from app.sentiment.windows import MaximumOverWindows, Windows
from training.onnx_export import ExportError, export

START = 1
VOCABULARY = 9
MAXLEN = 7
FEATURES = 3

Rows = Sequence[NDArray[Any]]
Layers = Callable[[], list[Any]]

IGNORES_MASK = pytest.mark.filterwarnings("ignore:Layer .* does not support masking:UserWarning")
"""What Keras says of `GlobalMaxPooling1D` is true, and is what the export reproduces."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("graphs") / "model.onnx"


def model_of(stack: Sequence[Any], *, embedding: bool, mask: bool = False, seed: int = 0) -> Any:
    """A model with random weights, biases included, large enough to tell gates and directions apart."""
    if embedding:
        first = [keras.Input((None,), dtype="int32"), layers.Embedding(VOCABULARY, FEATURES, mask_zero=mask)]
    else:
        first = [keras.Input((None, FEATURES))]
    model = keras.Sequential([*first, *stack])
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(0, 0.7, weight.shape) for weight in model.get_weights()])
    return model


def token_rows(lengths: Sequence[int], *, zeros: bool = False, seed: int = 0) -> Rows:
    """Rows of ids; with `zeros`, the padding's id stands among them."""
    random = np.random.default_rng(seed)
    return [random.integers(0 if zeros else 1, VOCABULARY, length, dtype=np.int32) for length in lengths]


def observation_rows(lengths: Sequence[int], seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    return [random.normal(size=(length, FEATURES)).astype(np.float32) for length in lengths]


def run(path: Path, rows: Rows) -> NDArray[np.float32]:
    """What the graph gives for a batch of rows, behind which stands what must not be read."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    tokens = rows[0].ndim == 1
    shape = (len(rows), max(map(len, rows)), *rows[0].shape[1:])
    batch = np.full(shape, VOCABULARY - 1 if tokens else np.nan, dtype=rows[0].dtype)
    for row, values in zip(batch, rows, strict=True):
        row[: len(values)] = values
    lengths = np.array(list(map(len, rows)), dtype=np.int32)
    feed = {"tokens" if tokens else "observations": batch, "lengths": lengths}
    (output,) = session.run(["output"], feed)
    result: NDArray[np.float32] = output
    return result


def assert_close(found: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def assert_padded_parity(model: Any, rows: Rows, path: Path) -> None:
    """Unpadded rows through the graph, in a batch and one by one, are padded rows through Keras."""
    export(model, path, padded_length=MAXLEN)
    padded = np.stack([np.pad(row, (MAXLEN - len(row), 0)) for row in rows])
    expected = model(padded, training=False).numpy()
    assert_close(run(path, rows), expected)
    for row, of_row in zip(rows, expected, strict=True):
        assert_close(run(path, [row])[0], of_row)


LENGTHS = [3, MAXLEN, 1, 2, MAXLEN - 1]

UNMASKED: dict[str, Layers] = {
    "the lecture's": lambda: [layers.LSTM(4), layers.Dense(1, activation="sigmoid")],
    "the lecture's, of five labels": lambda: [layers.LSTM(4), layers.Dense(5, activation="softmax")],
    "two LSTMs": lambda: [layers.LSTM(4, return_sequences=True), layers.LSTM(2), layers.Dense(1)],
    "three of both kinds": lambda: [
        layers.SimpleRNN(4, return_sequences=True),
        layers.LSTM(3, return_sequences=True),
        layers.SimpleRNN(2),
    ],
    "LSTM without bias": lambda: [layers.LSTM(4, use_bias=False)],
    "LSTM of other functions": lambda: [layers.LSTM(4, activation="relu", recurrent_activation="tanh")],
    "SimpleRNN": lambda: [layers.SimpleRNN(4), layers.Dense(3, use_bias=False)],
    "SimpleRNN, relu": lambda: [layers.SimpleRNN(4, activation="relu"), layers.Dense(2, activation="relu")],
    "SimpleRNN, sigmoid": lambda: [layers.SimpleRNN(4, activation="sigmoid", use_bias=False)],
    "Dense between": lambda: [
        layers.Dense(5, activation="tanh"),
        layers.LSTM(4, return_sequences=True),
        layers.Dense(3, activation="relu"),
        layers.Dense(3, activation="sigmoid", use_bias=False),
        layers.Dense(3, activation="softmax"),
        layers.LSTM(2),
    ],
    "Normalization of the words and of the states": lambda: [
        layers.Normalization(mean=[0.1, -0.2, 0.3], variance=[0.5, 2.0, 0.1]),
        layers.LSTM(4, return_sequences=True),
        layers.Normalization(mean=0.2, variance=3.0, axis=None, invert=True),
        layers.SimpleRNN(3),
        layers.Normalization(mean=[1.0, 20.0, 300.0], variance=[0.0, 1.0, 1e4], invert=True),
    ],
    "dropout": lambda: [
        layers.SpatialDropout1D(0.5),
        layers.LSTM(4, return_sequences=True, dropout=0.5, recurrent_dropout=0.5),
        layers.Dropout(0.5),
        layers.LSTM(3),
        layers.Dropout(0.5),
        layers.Dense(1, activation="sigmoid"),
    ],
}

MASKED: dict[str, Layers] = {
    "LSTM": lambda: [layers.LSTM(4), layers.Dense(1, activation="sigmoid")],
    "two LSTMs": lambda: [layers.LSTM(4, return_sequences=True), layers.LSTM(2)],
    "SimpleRNN": lambda: [layers.SimpleRNN(4)],
    "Dense between": lambda: [layers.Dense(4), layers.LSTM(4, return_sequences=True), layers.Dense(3), layers.LSTM(2)],
    "Normalization": lambda: [layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0]), layers.LSTM(4)],
    "Bidirectional LSTM": lambda: [layers.Bidirectional(layers.LSTM(4)), layers.Dense(1)],
    "Bidirectional SimpleRNN": lambda: [layers.Bidirectional(layers.SimpleRNN(4, activation="sigmoid"))],
    "Bidirectional of two": lambda: [
        layers.Bidirectional(
            layers.LSTM(4), backward_layer=layers.LSTM(4, activation="relu", go_backwards=True, use_bias=False)
        )
    ],
    "two Bidirectional": lambda: [
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.Dropout(0.5),
        layers.Bidirectional(layers.LSTM(2)),
    ],
    "average of words": lambda: [layers.GlobalAveragePooling1D(), layers.Dense(1)],
    "average of words through Dense": lambda: [layers.Dense(4, activation="tanh"), layers.GlobalAveragePooling1D()],
    "average of LSTM": lambda: [layers.LSTM(4, return_sequences=True), layers.GlobalAveragePooling1D()],
    "average of Bidirectional": lambda: [
        layers.SpatialDropout1D(0.5),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ],
    "maximum of LSTM": lambda: [layers.LSTM(4, return_sequences=True), layers.GlobalMaxPooling1D()],
    "maximum of SimpleRNN, relu": lambda: [
        layers.SimpleRNN(4, return_sequences=True, activation="relu"),
        layers.GlobalMaxPooling1D(),
    ],
    "maximum of Bidirectional": lambda: [
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.Dropout(0.5),
        layers.GlobalMaxPooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ],
    "maximum of Bidirectional, of three labels": lambda: [
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3, activation="softmax"),
    ],
}

OBSERVED: dict[str, Layers] = {
    "SimpleRNN": lambda: [layers.SimpleRNN(5), layers.Dense(1)],
    "LSTM": lambda: [layers.LSTM(5), layers.Dense(2)],
    "two LSTMs": lambda: [layers.LSTM(5, return_sequences=True), layers.LSTM(4), layers.Dense(1)],
    "a value a step": lambda: [layers.SimpleRNN(5, return_sequences=True), layers.Dense(1)],
    "two SimpleRNNs, values a step": lambda: [
        layers.SimpleRNN(5, return_sequences=True),
        layers.SimpleRNN(4, return_sequences=True),
        layers.Dense(2, activation="tanh"),
    ],
    "Bidirectional, a value a step": lambda: [
        layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
        layers.Dense(1),
    ],
    "natural units, several steps": lambda: [
        layers.Normalization(mean=[10.0, 0.5, 1000.0], variance=[25.0, 0.01, 900.0]),
        layers.LSTM(5),
        layers.Dense(8),
        layers.Reshape((4, 2)),
        layers.Normalization(mean=[0.0, 15.0], variance=[4.0, 60.0], invert=True),
    ],
    "natural units, a value a step": lambda: [
        layers.Normalization(mean=[10.0, 0.5, 1000.0], variance=[25.0, 0.01, 900.0]),
        layers.SimpleRNN(5, return_sequences=True),
        layers.Dense(2, activation="relu"),
        layers.Normalization(mean=[0.0, 15.0], variance=[4.0, 60.0], invert=True),
    ],
    "rows that a Dense reads": lambda: [layers.LSTM(6), layers.Reshape((-1, 2)), layers.Dense(3, activation="tanh")],
    "average": lambda: [layers.LSTM(5, return_sequences=True), layers.GlobalAveragePooling1D()],
    "maximum": lambda: [layers.LSTM(5, return_sequences=True), layers.GlobalMaxPooling1D()],
    "maximum of Dense": lambda: [layers.Dense(5), layers.GlobalMaxPooling1D()],
}


@pytest.mark.parametrize("name", UNMASKED)
def test_padding_that_is_read_is_reproduced(name: str, path: Path) -> None:
    model = model_of(UNMASKED[name](), embedding=True)
    assert_padded_parity(model, token_rows(LENGTHS, zeros=True), path)


@IGNORES_MASK
@pytest.mark.parametrize("name", MASKED)
def test_padding_that_is_masked_is_reproduced(name: str, path: Path) -> None:
    model = model_of(MASKED[name](), embedding=True, mask=True)
    assert_padded_parity(model, token_rows(LENGTHS), path)


@IGNORES_MASK
def test_the_maximum_of_a_padded_row_is_never_below_zero(path: Path) -> None:
    """So Keras does it, in both directions; the cases above would agree by chance where states are positive."""
    model = model_of(MASKED["maximum of Bidirectional"]()[:3], embedding=True, mask=True)
    model.set_weights([-np.abs(weight) if weight.ndim == 1 else weight for weight in model.get_weights()])
    rows = token_rows(LENGTHS)
    assert_padded_parity(model, rows, path)
    maxima = run(path, rows)
    full = np.array(LENGTHS) == MAXLEN
    assert maxima[full].min() < 0
    assert maxima[~full].min() == 0
    assert np.all(np.any(maxima[~full, :4] == 0, axis=1) | np.any(maxima[~full, 4:] == 0, axis=1))


def model_of_windows(length: int, maxlen: int, *, outputs: int = 3, power: float | None = None) -> Any:
    windows = Windows(length, START)
    stack = [
        keras.Input((maxlen,), dtype="int32"),
        windows,
        layers.Embedding(VOCABULARY, FEATURES, mask_zero=True),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True)),
        MaximumOverWindows(windows.windows(maxlen), power),
        layers.Dense(outputs, activation="softmax", use_bias=power is None),
    ]
    model = keras.Sequential(stack)
    random = np.random.default_rng(0)
    model.set_weights([random.normal(0, 0.7, weight.shape) for weight in model.get_weights()])
    return model


@pytest.mark.parametrize("power", [None, 0.3, -0.5])
@pytest.mark.parametrize(("length", "maxlen"), [(1, 5), (1, 9), (2, 12), (5, 23), (32, 30)])
def test_texts_of_every_length_are_read_in_windows_as_keras_reads_them(
    length: int, maxlen: int, power: float | None, path: Path
) -> None:
    model = model_of_windows(length, maxlen, power=power)
    rows = token_rows(range(1, maxlen + 1))
    export(model, path, padded_length=maxlen)
    expected = model(np.stack([np.pad(row, (maxlen - len(row), 0)) for row in rows]), training=False).numpy()
    assert_close(run(path, rows), expected)
    for row, of_row in zip(rows, expected, strict=True):
        assert_close(run(path, [row])[0], of_row)
    of_one_window = slice(0, length + 1)
    assert_close(run(path, rows[of_one_window]), expected[of_one_window])


def test_a_window_is_read_on_its_own(path: Path) -> None:
    """The maximum over windows is that of the windows' maxima, each a text with the start id in front."""
    model = model_of_windows(4, 13)
    features = keras.Sequential(model.layers[:-1])
    features.build((None, 13))
    (row,) = token_rows([13])
    windows = [row[:5], np.array([START, *row[5:9]]), np.array([START, *row[9:]])]
    padded = [np.pad(one, (13 - len(one), 0)) for one in (row, *windows)]
    whole, *parts = features(np.stack(padded), training=False).numpy()
    np.testing.assert_allclose(whole, np.max(parts, axis=0), atol=1e-6)
    export(model, path, padded_length=13)
    assert_close(run(path, [row])[0], model(padded[0][None], training=False).numpy()[0])


def test_windows_that_nothing_recurrent_reads_are_refused(path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((9,), dtype="int32"),
            Windows(4, START),
            layers.Embedding(VOCABULARY, FEATURES, mask_zero=True),
            MaximumOverWindows(2),
        ]
    )
    with pytest.raises(ExportError, match="must follow a recurrent layer that reads windows"):
        export(model, path, padded_length=9)


@pytest.mark.parametrize("name", OBSERVED)
def test_series_of_different_lengths_do_not_disturb_each_other(name: str, path: Path) -> None:
    model = model_of(OBSERVED[name](), embedding=False)
    export(model, path)
    rows = observation_rows([4, 9, 1, 6])
    found = run(path, rows)
    for row, of_row in zip(rows, found, strict=True):
        expected = model(row[None], training=False).numpy()[0]
        a_value_a_step = model.output_shape[1] is None
        assert_close(of_row[: len(row)] if a_value_a_step else of_row, expected)
        assert_close(run(path, [row])[0], expected)


def test_tokens_that_are_never_padded_start_from_zeros(path: Path) -> None:
    model = model_of([layers.Bidirectional(layers.LSTM(4)), layers.Dense(1)], embedding=True)
    export(model, path)
    rows = token_rows([3, 30, 1], zeros=True)
    expected = np.concatenate([model(row[None], training=False).numpy() for row in rows])
    assert_close(run(path, rows), expected)


def test_gates_that_saturate_are_reproduced(path: Path) -> None:
    model = model_of([layers.LSTM(4), layers.Dense(1, activation="sigmoid")], embedding=True)
    model.set_weights([100 * weight for weight in model.get_weights()])
    assert_padded_parity(model, token_rows(LENGTHS), path)


RECURRENT = st.tuples(st.sampled_from([layers.LSTM, layers.SimpleRNN]), st.integers(1, 5))
BETWEEN = st.sampled_from([None, "tanh", "relu", "sigmoid", "softmax", "linear"])
LENGTHS_OF_ROWS = st.lists(st.integers(1, MAXLEN), min_size=1, max_size=5)
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(RECURRENT, BETWEEN), min_size=1, max_size=3), LENGTHS_OF_ROWS, st.booleans(), SEEDS)
def test_any_stack_on_any_rows_agrees(
    path: Path,
    stack: list[tuple[tuple[Any, int], str | None]],
    lengths: list[int],
    mask: bool,
    seed: int,
) -> None:
    built = []
    for number, ((kind, units), activation) in enumerate(stack, start=1):
        built.append(kind(units, return_sequences=number < len(stack)))
        if activation is not None:
            built.append(layers.Dense(2, activation=activation))
    model = model_of(built, embedding=True, mask=mask, seed=seed)
    assert_padded_parity(model, token_rows(lengths, zeros=not mask, seed=seed), path)


REFUSED: list[tuple[str, bool, Layers]] = [
    ("GRU, which cannot be exported", True, lambda: [layers.GRU(4, name="here")]),
    ("GRU, which cannot be exported", True, lambda: [layers.Bidirectional(layers.GRU(4, name="here"))]),
    ("goes backwards", True, lambda: [layers.LSTM(4, go_backwards=True, name="here")]),
    ("reads the padding backwards", False, lambda: [layers.Bidirectional(layers.LSTM(4), name="here")]),
    ("merges by sum", True, lambda: [layers.Bidirectional(layers.LSTM(4), merge_mode="sum", name="here")]),
    ("merges by None", True, lambda: [layers.Bidirectional(layers.LSTM(4), merge_mode=None, name="here")]),
    (
        "of as many units",
        True,
        lambda: [layers.Bidirectional(layers.LSTM(4), backward_layer=layers.LSTM(3, go_backwards=True), name="here")],
    ),
    (
        "the same kind of layer",
        True,
        lambda: [
            layers.Bidirectional(layers.LSTM(4), backward_layer=layers.SimpleRNN(4, go_backwards=True), name="here")
        ],
    ),
    (
        "both ways",
        True,
        lambda: [layers.Bidirectional(layers.LSTM(4, go_backwards=True), backward_layer=layers.LSTM(4), name="here")],
    ),
    ("pools over the padding", False, lambda: [layers.GlobalAveragePooling1D(name="here")]),
    (
        "pools over the padding",
        False,
        lambda: [layers.LSTM(4, return_sequences=True), layers.GlobalMaxPooling1D(name="here")],
    ),
    ("keeps the dimension", True, lambda: [layers.GlobalAveragePooling1D(keepdims=True, name="here")]),
    (
        "another than time",
        True,
        lambda: [
            layers.LSTM(MAXLEN, return_sequences=True),
            layers.GlobalMaxPooling1D(data_format="channels_first", name="here"),
        ],
    ),
    ("must follow a recurrent layer", True, lambda: [layers.GlobalMaxPooling1D(name="here")]),
    (
        "must follow a recurrent layer",
        True,
        lambda: [
            layers.LSTM(4, return_sequences=True),
            layers.Dense(4),
            layers.GlobalMaxPooling1D(name="here"),
        ],
    ),
    (
        "along another axis",
        True,
        lambda: [
            layers.LSTM(4),
            layers.Reshape((2, 2)),
            layers.Normalization(axis=1, mean=[0.0, 1.0], variance=[1.0, 1.0], name="here"),
        ],
    ),
    (
        "one row into several",
        True,
        lambda: [layers.LSTM(4, return_sequences=True), layers.Reshape((4, MAXLEN), name="here")],
    ),
    ("one row into several", True, lambda: [layers.LSTM(4), layers.Reshape((4,), name="here")]),
    (
        "one row into several",
        True,
        lambda: [layers.LSTM(4), layers.Reshape((2, 2)), layers.Reshape((4, 1), name="here")],
    ),
    (
        "rows of a Reshape as time",
        True,
        lambda: [layers.LSTM(4), layers.Reshape((2, 2)), layers.SimpleRNN(2, name="here")],
    ),
    (
        "rows of a Reshape as time",
        True,
        lambda: [layers.LSTM(4), layers.Reshape((2, 2)), layers.Bidirectional(layers.LSTM(2), name="here")],
    ),
    (
        "rows of a Reshape as time",
        True,
        lambda: [layers.LSTM(4), layers.Reshape((2, 2)), layers.GlobalMaxPooling1D(name="here")],
    ),
    ("activation softmax", True, lambda: [layers.LSTM(4, activation="softmax", name="here")]),
    ("activation softmax", True, lambda: [layers.SimpleRNN(4, activation="softmax", name="here")]),
    ("activation gelu", True, lambda: [layers.LSTM(4, activation="gelu", name="here")]),
    ("activation hard_sigmoid", True, lambda: [layers.LSTM(4, recurrent_activation="hard_sigmoid", name="here")]),
    ("activation linear", True, lambda: [layers.SimpleRNN(4, activation="linear", name="here")]),
    ("activation <lambda>", True, lambda: [layers.LSTM(4), layers.Dense(2, activation=lambda x: x, name="here")]),
]


@IGNORES_MASK
@pytest.mark.parametrize(("reason", "mask", "stack"), REFUSED, ids=[f"{i}-{case[0]}" for i, case in enumerate(REFUSED)])
def test_what_cannot_be_exported_exactly_is_refused(
    reason: str,
    mask: bool,
    stack: Layers,
    tmp_path: Path,
) -> None:
    model = model_of(stack(), embedding=True, mask=mask)
    with pytest.raises(ExportError, match=reason) as caught:
        export(model, tmp_path / "model.onnx", padded_length=MAXLEN)
    assert str(caught.value).startswith("Layer ")
    assert "here" in str(caught.value)
    assert str(caught.value).endswith(".")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_remembers_is_refused(path: Path) -> None:
    model = keras.Sequential([keras.Input((None, 3), batch_size=2), layers.LSTM(4, stateful=True, name="here")])
    with pytest.raises(ExportError, match="here is stateful"):
        export(model, path)


def test_padding_without_tokens_is_refused(path: Path) -> None:
    model = model_of([layers.LSTM(4)], embedding=False)
    with pytest.raises(ExportError, match="begins with an Embedding"):
        export(model, path, padded_length=MAXLEN)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_an_input_that_is_no_series_is_refused(path: Path, shape: tuple[int, ...]) -> None:
    model = keras.Sequential([keras.Input(shape), layers.Dense(2)])
    with pytest.raises(ExportError, match="neither token ids nor observations"):
        export(model, path)


def test_the_graph_says_what_it_is(path: Path) -> None:
    model = model_of([layers.LSTM(4), layers.Dense(2)], embedding=True)
    export(model, path, padded_length=MAXLEN, metadata={"tokenizer_sha256": "abc", "vocabulary_size": "9"})
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"tokenizer_sha256": "abc", "vocabulary_size": "9"}
    inputs = {node.name: (node.type, node.shape) for node in session.get_inputs()}
    assert inputs == {"tokens": ("tensor(int32)", ["n", "time"]), "lengths": ("tensor(int32)", ["n"])}
    assert [(node.name, node.shape) for node in session.get_outputs()] == [("output", ["n", 2])]


def test_the_start_states_are_one_row_for_each_length(path: Path) -> None:
    model = model_of([layers.LSTM(4)], embedding=True)
    export(model, path, padded_length=MAXLEN)
    tables = [
        tuple(constant.dims) for constant in onnx.load(path).graph.initializer if constant.dims[:1] == [MAXLEN + 1]
    ]
    assert tables == [(MAXLEN + 1, 4)] * 2


def test_exporting_twice_gives_the_same_bytes(path: Path) -> None:
    model = model_of([layers.LSTM(4), layers.Dense(1)], embedding=True)
    export(model, path, padded_length=MAXLEN)
    first = path.read_bytes()
    export(model, path, padded_length=MAXLEN)
    assert path.read_bytes() == first
