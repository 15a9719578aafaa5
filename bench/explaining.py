"""Explanations: how well they tell which words an answer rests on, and what they cost."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from app.sentiment.attribution import ATTRIBUTION_FILE, Weights
from app.sentiment.classifier import Classifier
from app.sentiment.explanation import explain
from app.sentiment.labels import NEGATIVE, POSITIVE
from app.sentiment.tokenizer import RESERVED, UNKNOWN
from app.sentiment.windows import has_states
from bench import keras_models
from bench.errors import BenchError
from bench.figures import Figure, Result, Table
from bench.options import Options
from bench.paths import CORPORA
from bench.rounds import interleave, stopwatch
from bench.texts import Writer
from training.corpora import imdb, sst
from training.corpora.imdb import DataError

STEPS: Final = 20
"""In so many steps all words go."""
SHOWN: Final = (1, 2, 4, 10)
"""Steps whose falls are shown."""
LEAST_WORDS: Final = 8
"""Of a sentence."""
INTERPOLATED: Final = 16
"""Points between an unknown word and the word, of integrated gradients."""
LENGTHS: Final = (41, 101, 236, 501, 1001)
"""Tokens of the texts whose attribution is timed."""
CALLS: Final = 20
TINY: Final = 2.0**-100
"""Lower bound of a probability under the logarithm."""
REVIEWS, SENTENCES = "reviews", "sentences"
SERVED, LEFT_OUT, CELLS, POOLED = "explain", "leave-one-out", "cell by cell", "pooled maximum"
RANDOM = "random order"
GRADIENT, FROM_UNKNOWN, INTEGRATED = "gradient × input", "gradient × (input − unknown)", "integrated gradients"
PREDICT, WITH_STATES, ATTRIBUTE = "predict_one", "predict_with_states", "attribution"

METHOD: Final = (
    "{count} {reviews} and {count} {sentences}, with `{model}`: words are deleted in the order of their contributions "
    "to the text's side, positive or negative, in {steps} equal steps until none is left; the mean fall of log-odds "
    "over the steps is the area over the deletion curve (Samek et al., *Evaluating the Visualization of What a Deep "
    "Neural Network Has Learned*, TNNLS 2017). `explain` is what the service answers: leave-one-out where the model "
    "reads a text at once, else cell by cell. *Pooled maximum* gives each feature's share of the log-odds to the word "
    "at its maximum; gradients are exact, by TensorFlow, the integrated ones from an unknown word in {interpolated} "
    "points. Times are of random words, on one thread; contenders take turns, and the best of {rounds} rounds counts."
)

Ids = Sequence[int]
Floats = NDArray[np.float64]
Method = Callable[[Ids], Floats]
"""From the ids of a text, the start id in front, to the contributions of its words."""
LogOdds = Callable[[Sequence[Ids]], Floats]


def measure(options: Options) -> Result:
    """Measure the areas over the deletion curves, and the times."""
    classifier = Classifier(options.model)
    if not {NEGATIVE, POSITIVE} <= {*classifier.labels}:
        raise BenchError(f"{classifier.name} does not tell {POSITIVE} from {NEGATIVE}.")
    names, texts = _texts(options, classifier)
    methods = _methods(options, classifier)
    curves = {
        kind: _curves(partial(_log_odds, classifier), [_read(classifier, text) for text in texts[kind]], methods)
        for kind in texts
    }
    areas = {kind: {name: _area(curve) for name, curve in of_kind.items()} for kind, of_kind in curves.items()}
    for kind, of_kind in areas.items():
        options.say(f"{kind}: " + ", ".join(f"{name} {area:.3f}" for name, area in of_kind.items()))
    times = {} if classifier.attribution is None else _times(options, classifier)
    tables = [Table("area over the deletion curve, of log-odds", areas)]
    tables += [
        Table(f"fall of the log-odds of {kind}", {f"{100 * at // STEPS} % deleted": _at(at, of_kind) for at in SHOWN})
        for kind, of_kind in curves.items()
    ]
    if times:
        tables.append(Table("milliseconds a text", times))
    method = METHOD.format(
        count=options.texts,
        **names,
        model=options.model.name,
        steps=STEPS,
        interpolated=INTERPOLATED,
        rounds=options.rounds,
    )
    return Result(method, [*_area_figures(areas), *_time_figures(times)], tables)


def deletion_curve(log_odds: LogOdds, ids: Ids, contributions: Floats) -> Floats:
    """Return how far the log-odds of a text have fallen after each step.

    Args:
        log_odds: What gives them for texts.
        ids: The text, the start id in front.
        contributions: Of its words, shape (words,).

    Returns:
        Shape (STEPS + 1,), from 0 on. Of a text with negative log-odds, how far they have risen.
    """
    side = 1 if log_odds([ids])[0] >= 0 else -1
    order = np.argsort(-side * contributions, kind="stable")
    left = [
        [token for place, token in enumerate(ids, start=-1) if place not in gone]
        for gone in ({*order[: round(len(order) * step / STEPS)].tolist()} for step in range(STEPS + 1))
    ]
    found = side * log_odds(left)
    falls: Floats = found[0] - found
    return falls


def _texts(options: Options, classifier: Classifier) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return what the texts are, and the texts: reviews and sentences."""
    random = np.random.default_rng(0)
    try:
        kinds = {
            REVIEWS: imdb.load("train", options.data).texts,
            SENTENCES: [
                phrase.text
                for phrase in sst.load(CORPORA)
                if phrase.whole and phrase.split == "train" and len(phrase.text.split()) >= LEAST_WORDS
            ],
        }
        names = {REVIEWS: "training reviews of IMDb", SENTENCES: "training sentences of the Treebank"}
    except DataError:
        writer = Writer(classifier.tokenizer.words)
        lengths = random.integers(LEAST_WORDS, 30, options.texts).tolist()
        kinds = {REVIEWS: list(writer.reviews(options.texts)), SENTENCES: [writer.text(length) for length in lengths]}
        names = {REVIEWS: "made-up reviews", SENTENCES: "made-up sentences"}
    chosen = {kind: [texts[index] for index in random.permutation(len(texts))] for kind, texts in kinds.items()}
    return names, {kind: texts[: options.texts] for kind, texts in chosen.items()}


def _read(classifier: Classifier, text: str) -> list[int]:
    """Return what the model reads of a text, with the start id in front even where it is cut off."""
    start, *words = classifier.tokenizer.encode(text).ids
    return [start, *words[-(classifier.serving.maxlen - 1) :]]


def _log_odds(classifier: Classifier, texts: Sequence[Ids]) -> Floats:
    probabilities = classifier.predict(texts)
    of_positive, of_negative = (
        np.log(np.maximum(probabilities[:, classifier.labels.index(label)], TINY)) for label in (POSITIVE, NEGATIVE)
    )
    odds: Floats = of_positive - of_negative
    return odds


def _curves(log_odds: LogOdds, texts: Sequence[Ids], methods: Mapping[str, Method]) -> dict[str, Floats]:
    """Return the mean deletion curve by each method."""
    return {
        name: np.mean([deletion_curve(log_odds, ids, method(ids)) for ids in texts], axis=0)
        for name, method in methods.items()
    }


def _area(curve: Floats) -> float:
    return float(curve[1:].mean())


def _at(step: int, curves: Mapping[str, Floats]) -> dict[str, float]:
    return {name: float(curve[step]) for name, curve in curves.items()}


def _methods(options: Options, classifier: Classifier) -> dict[str, Method]:
    random = np.random.default_rng(1)
    log_odds = partial(_log_odds, classifier)
    attribution = classifier.attribution

    def leave_one_out(ids: Ids) -> Floats:
        found = log_odds([ids, *([*ids[:place], *ids[place + 1 :]] for place in range(1, len(ids)))])
        falls: Floats = found[0] - found[1:]
        return falls

    methods: dict[str, Method] = {LEFT_OUT: leave_one_out, RANDOM: lambda ids: random.normal(size=len(ids) - 1)}
    if attribution is None:
        return methods
    gradient = np.zeros(len(classifier.labels))
    gradient[classifier.labels.index(POSITIVE)], gradient[classifier.labels.index(NEGATIVE)] = 1, -1
    network = _Network(options, gradient)

    def cell_by_cell(ids: Ids) -> Floats:
        states = classifier.engine.predict_with_states(ids)[1]
        return attribution.contributions(states, len(ids), gradient)[1:].astype(np.float64)

    def pooled_maximum(ids: Ids) -> Floats:
        states = classifier.engine.predict_with_states(ids)[1].states
        steps, _, windows, _ = states.shape
        features = states.transpose(2, 0, 1, 3).reshape(windows * steps, -1)
        shares = np.zeros(len(features))
        np.add.at(shares, features.argmax(axis=0), np.maximum(features.max(axis=0), 0) * network.slopes)
        return _words(shares.reshape(windows, steps), ids)

    def served(ids: Ids) -> Floats:
        return cell_by_cell(ids) if attribution.covers(len(ids)) else leave_one_out(ids)

    return {
        SERVED: served,
        **methods,
        CELLS: cell_by_cell,
        POOLED: pooled_maximum,
        GRADIENT: lambda ids: network.gradient_times_input(ids, from_unknown=False),
        FROM_UNKNOWN: network.gradient_times_input,
        INTEGRATED: partial(network.gradient_times_input, points=INTERPOLATED),
    }


def _words(of_steps: Floats, ids: Ids) -> Floats:
    """Return what is of words, of something of shape (windows, steps)."""
    return of_steps[:, 1:].reshape(-1)[: len(ids) - 1].astype(np.float64)


class _Network:
    """The Keras model, and the gradient of its log-odds with respect to the vectors of the words.

    Attributes:
        slopes: Of the log-odds with respect to the features, shape (features,), before they are divided
        divisor: by this, of a text of so many tokens.
    """

    def __init__(self, options: Options, gradient: Floats) -> None:
        model = keras_models.load(options.model)
        if not has_states(model):
            raise BenchError(f"{options.model} has a graph of another network than its Keras model.")
        self._windows, self._embedding, self._both, *_ = model.layers
        weights = Weights.load(options.model / ATTRIBUTION_FILE)
        kernel, self.divisor = weights.dense, weights.divisor
        self.slopes = (kernel if kernel.shape[1] > 1 else np.pad(kernel, ((0, 0), (1, 0)))) @ gradient
        self._function = tf.function(self._slopes_of_vectors, reduce_retracing=True)

    def gradient_times_input(self, ids: Ids, *, from_unknown: bool = True, points: int = 1) -> Floats:
        """Return the product of gradient and input, word by word.

        Args:
            ids: The text.
            from_unknown: The input is how far a word's vector is from that of an unknown word; else it is the vector.
            points: 1 for the gradient where the text is; more for its mean over so many points on the way from the
                text of unknown words.
        """
        cut = np.asarray(self._windows(np.array([ids], np.int32)))
        cut = cut[:, : (cut != 0).sum(axis=1).max()]
        table = self._embedding.get_weights()[0]
        vectors = table[cut]
        inputs = vectors - table[RESERVED.index(UNKNOWN)] * float(from_unknown)
        inputs[:, 0] = 0  # start ids stay as they are
        at = [1.0] if points == 1 else [(point + 0.5) / points for point in range(points)]
        mask = tf.constant(np.tile(cut != 0, (len(at), 1)))
        along = np.concatenate([vectors - (1 - share) * inputs for share in at])
        slopes = self._function(tf.constant(along), mask, tf.constant(len(at))).numpy()
        mean = slopes.reshape(len(at), *vectors.shape).mean(axis=0)
        return _words((mean * inputs).sum(axis=2), ids) / self.divisor(len(ids))

    def _slopes_of_vectors(self, vectors: tf.Tensor, mask: tf.Tensor, texts: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            states = self._both(vectors, mask=mask)
            features = tf.nn.relu(tf.reduce_max(tf.reshape(states, (texts, -1, states.shape[-1])), axis=1))
            odds = tf.reduce_sum(features * tf.constant(self.slopes, tf.float32))
        return tape.gradient(odds, vectors)


def _times(options: Options, classifier: Classifier) -> dict[str, dict[str, float]]:
    """Return the milliseconds of a prediction and of its attribution, and of classifying and explaining a text."""
    attribution, engine = classifier.attribution, classifier.engine
    if attribution is None:
        return {}
    writer = Writer(classifier.tokenizer.words)
    gradient = np.zeros(len(classifier.labels))
    gradient[0], gradient[-1] = -1, 1
    times: dict[str, dict[str, float]] = {}
    for length in LENGTHS:
        text = writer.text(length - 1)
        ids = classifier.tokenizer.encode(text).ids
        states = engine.predict_with_states(ids)[1]
        contenders: dict[str, Callable[[], object]] = {
            PREDICT: partial(engine.predict_one, ids),
            WITH_STATES: partial(engine.predict_with_states, ids),
            ATTRIBUTE: partial(attribution.contributions, states, len(ids), gradient),
            "classify": partial(classifier.classify, text),
            "explain": partial(explain, classifier, text),
        }
        stopwatches = {name: stopwatch(function, CALLS) for name, function in contenders.items()}
        found = {name: 1e3 * min(seconds) for name, seconds in interleave(stopwatches, options.rounds).items()}
        times[f"{length - 1} words"] = found
        options.say(f"{length - 1} words: " + ", ".join(f"{name} {ms:.3f} ms" for name, ms in found.items()))
    return times


def _area_figures(areas: Mapping[str, Mapping[str, float]]) -> list[Figure]:
    return [
        Figure(f"{SERVED} over {other}, area over the curve of {kind}", of_kind[SERVED] / of_kind[other])
        for kind, of_kind in areas.items()
        for other in of_kind
        if SERVED in of_kind and other != SERVED
    ]


def _time_figures(times: Mapping[str, Mapping[str, float]]) -> list[Figure]:
    return [
        Figure(f"{ATTRIBUTE} over a prediction, {case}", row[ATTRIBUTE] / row[PREDICT]) for case, row in times.items()
    ]
