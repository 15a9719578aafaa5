"""From a recipe and its examples to a trained Keras model, in natural units at both ends."""

from dataclasses import dataclass
from typing import Final

import keras
import numpy as np
import tensorflow as tf

from app.forecasts.layers import Layer
from training.forecasts.recipes import Recipe
from training.forecasts.series import Array, Examples, Splits

LOSSES: Final = {"linear": "mse", "relu": "mse", "sigmoid": "binary_crossentropy"}
_KINDS: Final = {"SimpleRNN": keras.layers.SimpleRNN, "LSTM": keras.layers.LSTM}


@dataclass(frozen=True)
class Trained:
    """What a training gives: the model with the weights of its best epoch, and how it went.

    Attributes:
        recipe: What was trained.
        model: Observations in natural units, shape (n, time, features), to forecasts in natural units, shape
            (n, steps, outputs).
        losses: The loss on the validation examples after each epoch.
    """

    recipe: Recipe
    model: keras.Sequential
    losses: list[float]

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, that had the least loss."""
        return 1 + int(np.argmin(self.losses))


@dataclass(frozen=True)
class Scale:
    """What the network gives for a target: its distance from ``offset`` in ``deviation``; shape (outputs,) each."""

    offset: Array
    deviation: Array

    @classmethod
    def of(cls, recipe: Recipe, targets: Array) -> "Scale":
        """Return the scale of a recipe, so that a ``relu`` gives nothing below the least value of an output."""
        mean, deviation = targets.mean(axis=(0, 1)), targets.std(axis=(0, 1))
        if recipe.activation == "sigmoid":
            return cls(np.zeros_like(mean), np.ones_like(mean))
        return cls(np.array(recipe.least, np.float32) if recipe.activation == "relu" else mean, deviation)

    def shrink(self, targets: Array) -> Array:
        """Return what the network gives for targets of shape (…, outputs)."""
        return (targets - self.offset) / self.deviation


def build(recipe: Recipe, training: Examples) -> keras.Sequential:
    """Build the network of a recipe for sequences of any length.

    The lecture's layers stand between one that brings the observations to mean 0 and deviation 1, and one that brings
    the forecasts back to their units. Both are fixed by the training examples and have no parameters to learn.
    """
    scale = Scale.of(recipe, training.targets)
    steps = 1 if recipe.steps is None else len(recipe.steps)
    dense = keras.layers.Dense(steps * len(recipe.outputs), activation=recipe.activation)
    last = len(recipe.recurrent) - 1
    model = keras.Sequential(
        [
            keras.Input((None, len(recipe.inputs)), name="observations"),
            keras.layers.Normalization(
                mean=training.inputs.mean(axis=(0, 1)).tolist(), variance=training.inputs.var(axis=(0, 1)).tolist()
            ),
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
        dense.bias.assign(np.tile(scale.shrink(training.targets.mean(axis=(0, 1))), steps))
    return model


def train(recipe: Recipe, splits: Splits) -> Trained:
    """Train a recipe; on one machine the same recipe always gives the same model."""
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    training, validation = splits.training, splits.validation
    model = build(recipe, training)
    scale = Scale.of(recipe, training.targets)
    # Trained without its last layer, so that an output in large numbers does not outweigh one in small numbers.
    scaled = keras.Sequential([keras.Input(model.input_shape[1:]), *model.layers[:-1]])
    steps = recipe.repeats * -(-len(training) // recipe.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.epochs * steps)
    scaled.compile(loss=LOSSES[recipe.activation], optimizer=keras.optimizers.Adam(rate))
    losses: list[float] = []
    best = model.get_weights()
    for epoch in range(recipe.epochs):
        order = np.random.default_rng([recipe.seed, epoch]).permutation(len(training))
        for batch in np.array_split(np.tile(order, recipe.repeats), steps):
            scaled.train_on_batch(training.inputs[batch], scale.shrink(training.targets[batch]))
        losses.append(float(scaled.evaluate(validation.inputs, scale.shrink(validation.targets), 512, verbose=0)))
        if losses[-1] == min(losses):
            best = model.get_weights()
    model.set_weights(best)
    return Trained(recipe, model, losses)


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
