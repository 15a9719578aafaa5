"""One text at a time in one process: ONNX Runtime against TensorFlow, the same weights."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import tensorflow as tf

from app.sentiment.classifier import Classifier
from app.sentiment.engines import ENGINES, dropping_masks
from app.sentiment.padding import pad_sequences
from bench import keras_models
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.rounds import interleave, stopwatch

LENGTHS: Final = (12, 235, 500)
ONNX, PREDICT, FUNCTION, XLA = "ONNX Runtime", "model.predict", "tf.function", "tf.function, XLA"
CALLS: Final = {ONNX: 200, PREDICT: 3, FUNCTION: 10, XLA: 40}
"""Calls a round."""
CHECKS: Final = 20
"""Random sequences of each length on which the probabilities are compared."""
TARGETS: Final = {(12, PREDICT): 300.0, (12, FUNCTION): 100.0}

METHOD: Final = (
    "The service's ONNX engine with `{model}` on the tokens alone, on one thread, against TensorFlow on the tokens "
    "padded to {maxlen}, on as many threads as it likes: `model.predict`, a compiled `tf.function` with a fixed "
    "signature, and one that XLA compiles (`jit_compile=True`). Contenders take turns; the best of {rounds} rounds "
    "counts for each."
)

Predict = Callable[[list[int]], float]


def measure(options: Options) -> Result:
    """Measure all contenders at each length, and how far their probabilities are apart."""
    classifier = Classifier(options.model)
    serving = classifier.serving
    predictors = _predictors(options, serving.maxlen)
    random = np.random.default_rng(0)
    times: dict[int, dict[str, float]] = {}
    differences: list[float] = []
    for length in LENGTHS:
        sequences = random.integers(3, serving.vocabulary_size, (CHECKS, length)).tolist()
        differences += [_spread(predictors, sequence) for sequence in sequences]
        stopwatches = {
            name: stopwatch(partial(predict, sequences[0]), CALLS[name]) for name, predict in predictors.items()
        }
        times[length] = {name: min(found) for name, found in interleave(stopwatches, options.rounds).items()}
        options.say(f"{length} tokens: " + ", ".join(f"{name} {s * 1e3:.3f} ms" for name, s in times[length].items()))
    return Result(
        METHOD.format(model=options.model.name, maxlen=serving.maxlen, rounds=options.rounds),
        [*_figures(times), Figure("largest difference of any probability", max(differences), "", below=1e-5)],
        [
            Table(
                "milliseconds a text",
                {f"{length} tokens": {name: s * 1e3 for name, s in row.items()} for length, row in times.items()},
            )
        ],
    )


def _predictors(options: Options, maxlen: int) -> dict[str, Predict]:
    """Return the contenders as functions of unpadded ids, each called once already."""
    onnx = ENGINES["onnx"].load(options.model, maxlen)
    model = keras_models.load(options.model)
    signature = [tf.TensorSpec((1, maxlen), tf.int32)]

    def call(tokens: Any) -> Any:
        return model(tokens, training=False)

    function = tf.function(call, input_signature=signature)
    xla = tf.function(call, input_signature=signature, jit_compile=True)
    predictors: dict[str, Predict] = {
        ONNX: lambda ids: onnx.predict_one(ids)[-1],
        PREDICT: lambda ids: float(model.predict(pad_sequences([ids], maxlen), verbose=0)[0, -1]),
        FUNCTION: lambda ids: float(function(pad_sequences([ids], maxlen))[0, -1]),
        XLA: lambda ids: float(xla(pad_sequences([ids], maxlen))[0, -1]),
    }
    with dropping_masks():
        for predict in predictors.values():
            predict([1])
    return predictors


def _spread(predictors: dict[str, Predict], sequence: list[int]) -> float:
    probabilities = [predict(sequence) for name, predict in predictors.items() if name != PREDICT]
    return max(probabilities) - min(probabilities)


def _figures(times: dict[int, dict[str, float]]) -> Sequence[Figure]:
    return [
        Figure(f"ONNX over {name}, {length} tokens", row[name] / row[ONNX], at_least=TARGETS.get((length, name)))
        for name in (PREDICT, FUNCTION, XLA)
        for length, row in times.items()
    ]
