import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.forecasts.layers import Layer


@pytest.mark.parametrize(
    ("layer", "parameters", "formula"),
    [
        (Layer(kind="SimpleRNN", features=3, units=2), 12, "n_h(n_h + n_x + 1) = 2 × (2 + 3 + 1)"),
        (Layer(kind="LSTM", features=3, units=2), 48, "4 × n_h(n_h + n_x + 1) = 4 × 2 × (2 + 3 + 1)"),
        (Layer(kind="Dense", features=2, units=1), 3, "n_h(n_x + 1) = 1 × (2 + 1)"),
    ],
)
def test_the_lectures_layers(layer: Layer, parameters: int, formula: str) -> None:
    assert layer.parameters == parameters
    assert layer.formula == formula


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(["SimpleRNN", "LSTM", "Dense"]), st.integers(1, 9), st.integers(1, 9))
def test_parameters_are_those_that_keras_counts(kind: str, features: int, units: int) -> None:
    layer = Layer.model_validate({"kind": kind, "features": features, "units": units})
    made = getattr(keras.layers, kind)(units)
    made.build((None, 4, features) if kind != "Dense" else (None, features))
    assert layer.parameters == made.count_params()
    assert layer.label == f"{kind}({units})"
