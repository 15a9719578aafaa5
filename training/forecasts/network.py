"""From a recipe and its examples to a trained Keras model, in natural units at both ends."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.forecasts.layers import Layer
from training.checkpoint import Checkpoint
from training.fitting import Dataset, History, Order, fit
from training.forecasts import data
from training.forecasts.recipes import ForecastRecipe
from training.forecasts.series import Array, Examples, Splits, Stretches

LOSSES: Final = {"linear": "mse", "relu": "mse", "sigmoid": "binary_crossentropy"}
_KINDS: Final = {"SimpleRNN": keras.layers.SimpleRNN, "LSTM": keras.layers.LSTM}


@dataclass(frozen=True)
class TrainedForecast:
    """What a training gives: the model with the weights of its best epoch, and how it went.

    Attributes:
        recipe: What was trained.
        model: Observations in natural units, shape (n, time, features), to forecasts in natural units, shape
            (n, steps, outputs).
        history: The loss of each epoch on training and validation examples, of scaled targets.
        steps: Training steps of an epoch.
    """

    recipe: ForecastRecipe
    model: keras.Sequential
    history: History
    steps: int

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, that had the least loss on the validation examples."""
        return self.history.best_epoch


@dataclass(frozen=True)
class Scale:
    """What the network gives for a target: its distance from ``offset`` in ``deviation``; shape (outputs,) each."""

    offset: Array
    deviation: Array

    @classmethod
    def of(cls, recipe: ForecastRecipe, targets: Array) -> "Scale":
        """Return the scale of a recipe, so that a ``relu`` gives nothing below the least value of an output."""
        mean, variance = moments(targets)
        deviation = np.sqrt(variance).astype(np.float32)
        if recipe.activation == "sigmoid":
            return cls(np.zeros_like(deviation), np.ones_like(deviation))
        return cls(np.asarray(recipe.least if recipe.activation == "relu" else mean, np.float32), deviation)

    def shrink(self, targets: Array) -> Array:
        """Return what the network gives for targets of shape (…, outputs)."""
        return (targets - self.offset) / self.deviation


def moments(values: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean and the variance of each feature, shape (features,), of values of shape (n, time, features)."""
    # Along these axes NumPy adds one by one: in 32 bits a long sum of large numbers is far off.
    return values.mean(axis=(0, 1), dtype=np.float64), values.var(axis=(0, 1), dtype=np.float64)


def build(recipe: ForecastRecipe, training: Examples) -> keras.Sequential:
    """Build the network of a recipe for sequences of any length.

    The lecture's layers stand between one that brings the observations to mean 0 and deviation 1, and one that brings
    the forecasts back to their units. Both are fixed by the training examples and have no parameters to learn.
    """
    scale = Scale.of(recipe, training.targets)
    mean, variance = moments(training.inputs)
    steps = 1 if recipe.steps is None else len(recipe.steps)
    dense = keras.layers.Dense(steps * len(recipe.outputs), activation=recipe.activation)
    last = len(recipe.recurrent) - 1
    model = keras.Sequential(
        [
            keras.Input((None, len(recipe.inputs)), name="observations"),
            keras.layers.Normalization(mean=mean.tolist(), variance=variance.tolist()),
            *[
                _KINDS[layer.kind](layer.units, return_sequences=number < last or recipe.steps is None)
                for number, layer in enumerate(recipe.recurrent)
            ],
            dense,
            *([] if recipe.steps is None else [keras.layers.Reshape((steps, len(recipe.outputs)))]),
            keras.layers.Normalization(
                mean=scale.offset.tolist(), variance=np.square(scale.deviation).tolist(), invert=True
            ),
        ]
    )
    if recipe.activation == "relu":
        # From zero, a unit of relu that is pushed down once has no gradient to come back with.
        dense.bias.assign(np.tile(scale.shrink(moments(training.targets)[0].astype(np.float32)), steps))
    return model


def train(recipe: ForecastRecipe, splits: Splits, *, checkpoint: Path) -> TrainedForecast:
    """Train a recipe; on one machine the same recipe always gives the same model.

    Args:
        recipe: What to train.
        splits: Its examples.
        checkpoint: Folder for the state of the training; it is gone on from if it exists.

    Raises:
        training.checkpoint.Interrupted: A signal came; the state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    model = build(recipe, splits.training)
    scale = Scale.of(recipe, splits.training.targets)
    trained = _at_each(recipe, model) if recipe.further else _scaled(model)
    training, validation = (_dataset(recipe, examples, scale) for examples in (splits.training, splits.validation))
    steps = recipe.repeats * -(-len(training) // recipe.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.epochs * steps)
    trained.compile(loss=LOSSES[recipe.activation], optimizer=keras.optimizers.Adam(rate))
    history = fit(
        trained,
        training,
        validation,
        order=_repeated(recipe, len(training), steps),
        epochs=recipe.epochs,
        checkpoint=Checkpoint(checkpoint, data.identity_of(recipe, splits)),
    )
    if recipe.further:
        _copy(trained, model)
    return TrainedForecast(recipe, model, history, steps)


def _scaled(model: keras.Sequential) -> keras.Sequential:
    """Return it without its last layer, so that an output in large numbers does not outweigh one in small numbers."""
    return keras.Sequential([keras.Input(model.input_shape[1:]), *model.layers[:-1]])


def _at_each(recipe: ForecastRecipe, model: keras.Sequential) -> keras.Sequential:
    """Return the same network, which forecasts not after the last observation alone, but after each of the last ones.

    Its output is of shape (n, further + 1, steps · outputs), scaled.
    """
    first, *recurrent = model.layers[: 1 + len(recipe.recurrent)]
    dense = model.layers[1 + len(recipe.recurrent)]
    layers = [type(layer).from_config({**layer.get_config(), "return_sequences": True}) for layer in recurrent]
    twin = keras.Sequential(
        [
            keras.Input((recipe.observations + recipe.further, len(recipe.inputs))),
            first,
            *layers,
            keras.layers.Cropping1D((recipe.observations - 1, 0)),
            keras.layers.Dense.from_config(dense.get_config()),
        ]
    )
    _copy(model, twin)
    return twin


def _copy(source: keras.Sequential, target: keras.Sequential) -> None:
    """Give one network the weights that another has learnt."""
    for theirs, ours in zip(source.trainable_variables, target.trainable_variables, strict=True):
        ours.assign(theirs)


def _dataset(recipe: ForecastRecipe, examples: Examples, scale: Scale) -> Dataset:
    if not recipe.further:
        return Dataset(examples.inputs, scale.shrink(examples.targets))
    stretches = Stretches.of(examples, recipe.further)
    targets = scale.shrink(stretches.targets)
    return Dataset(stretches.inputs, targets.reshape(*targets.shape[:2], -1))


def _repeated(recipe: ForecastRecipe, size: int, steps: int) -> Order:
    """Return the order in which an epoch goes through the examples several times, in batches of almost one size."""

    def batches(epoch: int) -> list[NDArray[np.intp]]:
        order = np.random.default_rng([recipe.seed, epoch]).permutation(size)
        return np.array_split(np.tile(order, recipe.repeats), steps)

    return batches


def layers_of(model: keras.Sequential) -> list[Layer]:
    """Describe the layers of a model that have parameters."""
    return [
        Layer(
            kind=type(layer).__name__,
            features=layer.input.shape[-1],
            units=layer.units,
            every_step=getattr(layer, "return_sequences", False),
        )
        for layer in model.layers
        if layer.count_params()
    ]
