"""The lecture's numbers, and its own fit of them, which collapses."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.forecasts import cities


def test_the_shapes_and_targets_are_the_lectures() -> None:
    pollution, flu = cities.air_pollution().training, cities.flu_cases().training
    assert (pollution.inputs.shape, pollution.targets.shape) == ((3, 4, 3), (3, 1, 1))
    assert (flu.inputs.shape, flu.targets.shape) == ((3, 4, 3), (3, 4, 1))
    assert pollution.inputs[0].tolist() == [[10, 25, 60], [13, 10, 80], [9, 5, 90], [7, 0, 100]]
    assert pollution.targets.ravel().tolist() == [110, 125, 75]
    assert flu.targets[..., 0].tolist() == [[70, 90, 95, 110], [50, 80, 110, 125], [65, 75, 70, 30]]


def test_the_third_column_of_the_flu_is_the_day_before() -> None:
    flu = cities.flu_cases().training
    np.testing.assert_array_equal(flu.inputs[:, 1:, 2], flu.targets[:, :-1, 0])
    np.testing.assert_array_equal(flu.last, flu.inputs[..., 2:])


def test_the_pollution_persists_from_the_last_day() -> None:
    assert cities.air_pollution().training.last.tolist() == [[[100]], [[110]], [[70]]]


@pytest.mark.parametrize(("seed", "printed"), [(33, [117.5, 117.5, 75.0]), (0, [103.3333, 103.3333, 103.3333])])
def test_the_lectures_own_fit_collapses(seed: int, printed: list[float]) -> None:
    """Its states are saturated, so no gradient reaches the recurrent layer, and cities share a state."""
    keras.utils.set_random_seed(seed)
    examples = cities.air_pollution().training
    recurrent = keras.layers.SimpleRNN(2, activation="tanh")
    dense = keras.layers.Dense(1, activation="linear")
    model = keras.Sequential([keras.Input((4, 3)), recurrent, dense])
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.5))
    for _ in range(1000):
        model.train_on_batch(examples.inputs, examples.targets[:, 0])
    with tf.GradientTape() as tape:
        states = recurrent(examples.inputs)
        predicted = dense(states)
        loss = tf.reduce_mean((predicted - examples.targets[:, 0]) ** 2)
    assert predicted.numpy().ravel().tolist() == pytest.approx(printed, abs=0.01)
    assert np.abs(states.numpy()).tolist() == [[1, 1]] * 3
    assert states.numpy()[0].tolist() == states.numpy()[1].tolist()
    for gradient in tape.gradient(loss, recurrent.trainable_variables):
        assert not np.any(gradient.numpy())
