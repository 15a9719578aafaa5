"""From a trained sentiment model to its model folder: files, figures, card and manifest."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from app.artifacts.manifest import Manifest, sha256, write_manifest
from app.sentiment.attribution import ATTRIBUTION_FILE, COUNTED_WINDOWS
from app.sentiment.classifier import KIND, TOKENIZER_FILE
from app.sentiment.engines import ENGINES, TOKENIZER_KEY, VOCABULARY_KEY, OnnxEngine, dropping_masks
from app.sentiment.labels import BINARY, POSITIVE
from app.sentiment.padding import truncate
from app.sentiment.windows import Windows
from training import environment
from training.corpora.imdb import Reviews
from training.folders import replacing
from training.onnx_export import export
from training.parity import require as require_parity
from training.sentiment import attribution
from training.sentiment.card import card
from training.sentiment.encoding import encode
from training.sentiment.evaluation import choice
from training.sentiment.evaluation.calibration import (
    BeforeAndAfter,
    Calibration,
    Scored,
    folds_of,
    lengthwise,
    logits_of,
)
from training.sentiment.evaluation.error_analysis import analyse
from training.sentiment.evaluation.figures import Figures, Floats, measure
from training.sentiment.trained import Trained

_TOKENS_AT_ONCE: Final = 250_000
"""Padded ids that Keras is given at once: it keeps what every layer gives for them."""


@dataclass(frozen=True)
class Parity:
    """How far ONNX and Keras are apart on the same texts.

    Attributes:
        texts: How many texts were compared.
        largest_difference: Of any probability.
        labels_that_differ: How many texts get another label.
    """

    texts: int
    largest_difference: float
    labels_that_differ: int


def write(trained: Trained, train: Reviews, test: Reviews, output: Path) -> tuple[Figures, Parity]:
    """Evaluate a model on the test reviews, once, and write its folder, whole or not at all.

    Args:
        trained: The model. Of its labels, it has to choose among negative and positive, which are those of the reviews.
        train: The reviews it was trained on, the held-out ones included.
        test: The reviews to evaluate it on.
        output: The model folder; replaced if it exists.

    Returns:
        The figures on the test reviews, and how far ONNX and Keras are apart on them.

    Raises:
        training.parity.ParityError: They are too far apart.
    """
    with replacing(output) as folder:
        write_models(trained, folder)
        outputs = predict(trained, test.texts)
        parity = compare(trained, folder, test.texts, outputs)
        require_parity(f"{KIND}-{trained.recipe.name}", parity.largest_difference)
        positive = _positive(trained, outputs)
        figures = measure(test.labels, positive)
        encodings = [trained.tokenizer.encode(text) for text in test.texts]
        errors = analyse(test, encodings, positive)
        tested = card.Tested(test.labels, positive, figures, asdict(parity), errors)
        tokens = np.minimum([len(one.ids) for one in encodings], _most_counted(trained))
        manifest = _manifest(trained, train, test, tested, _calibration(trained, test, outputs, tokens))
        card.write(folder, manifest, trained, tested)
        write_manifest(folder, manifest)
    return figures, parity


def write_models(trained: Trained, folder: Path) -> None:
    """Write what serving reads of a model of any labels, and the Keras model, into a folder.

    That is the tokenizer and the ONNX graph; of a model that reads texts in windows, also the weights by which its
    answers are attributed to words.
    """
    trained.tokenizer.save(folder / TOKENIZER_FILE)
    # Made anew it is not compiled, so it is saved without the state of the optimizer, which is twice its size.
    with dropping_masks():
        bare = keras.Sequential.from_config(trained.model.get_config())
    bare.set_weights(trained.model.get_weights())
    bare.save(folder / ENGINES["tensorflow"].file)
    metadata = {
        TOKENIZER_KEY: sha256(folder / TOKENIZER_FILE),
        VOCABULARY_KEY: str(trained.tokenizer.vocabulary_size),
    }
    export(bare, folder / ENGINES["onnx"].file, padded_length=trained.recipe.maxlen, metadata=metadata)
    if (weights := attribution.weights(bare)) is not None:
        weights.save(folder / ATTRIBUTION_FILE)


def predict(trained: Trained, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return what Keras gives for texts, shape (n, outputs)."""
    padded = encode(trained.tokenizer, trained.recipe, texts)
    at_once = max(1, _TOKENS_AT_ONCE // trained.recipe.maxlen)
    with dropping_masks():
        outputs: NDArray[np.float32] = trained.model.predict(padded, batch_size=at_once, verbose=0)
    return outputs


def _probabilities(outputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the probability of each label, shape (n, labels), of what a sigmoid or a softmax gives."""
    found = outputs.astype(np.float64)
    return np.hstack([1 - found, found]) if found.shape[1] == 1 else found


def _positive(trained: Trained, outputs: NDArray[np.float32]) -> Floats:
    """Return the probability of positive, shape (n,), where there is negative and positive to choose from."""
    if trained.labels == BINARY:
        return outputs[:, 0]
    return choice.among(outputs, trained.labels, BINARY)[:, BINARY.index(POSITIVE)]


def _calibration(
    trained: Trained, test: Reviews, outputs: NDArray[np.float32], tokens: NDArray[np.intp]
) -> Calibration | None:
    """Add the test split to the calibration of a model, whose logits may be divided by the temperature already.

    Args:
        trained: The model.
        test: The split.
        outputs: What it gives for it.
        tokens: How many count of each review where its temperature depends on that.
    """
    found = trained.calibration
    if found is None:
        return None
    logits = logits_of(choice.among(_probabilities(outputs), trained.labels, BINARY)) * found.divisors(tokens)[:, None]
    scored = Scored(logits, test.labels.astype(np.intp), folds_of(test.texts))
    return replace(found, test=BeforeAndAfter.of(scored, found.temperature * lengthwise(tokens, found.length_power)))


def _most_counted(trained: Trained) -> int:
    """Return how many tokens of a text count at most where the temperature depends on that."""
    first, maxlen = trained.model.layers[0], trained.recipe.maxlen
    return min(maxlen, COUNTED_WINDOWS * first.length) if isinstance(first, Windows) else maxlen


def compare(trained: Trained, folder: Path, texts: Sequence[str], expected: NDArray[np.float32]) -> Parity:
    """Compare the exported graph, on the unpadded texts, with what Keras gave for the padded ones.

    Args:
        trained: The model.
        folder: Where the graph is.
        texts: n texts.
        expected: All outputs of Keras, shape (n, outputs).
    """
    engine = OnnxEngine(folder / ENGINES["onnx"].file, trained.recipe.maxlen)
    recipe = trained.recipe
    sequences = [truncate(trained.tokenizer.encode(text).ids, recipe.maxlen, recipe.truncating) for text in texts]
    found, wanted = engine.predict(sequences), _probabilities(expected)
    return Parity(
        texts=len(texts),
        largest_difference=float(np.abs(found - wanted).max()),
        labels_that_differ=int(np.sum(choice.best(found) != choice.best(wanted))),
    )


def serving(trained: Trained) -> dict[str, Any]:
    """Return what the manifest tells the service: :class:`app.sentiment.classifier.SentimentServing`."""
    recipe = trained.recipe
    return {
        "vocabulary_size": trained.tokenizer.vocabulary_size,
        "maxlen": recipe.maxlen,
        "padding": recipe.padding,
        "truncating": recipe.truncating,
        "labels": list(trained.labels),
        "language": trained.language,
    }


def _manifest(
    trained: Trained, train: Reviews, test: Reviews, tested: card.Tested, calibration: Calibration | None
) -> Manifest:
    recipe = trained.recipe
    best = trained.history[trained.best_epoch - 1]
    data: dict[str, Any] = {
        "name": " and ".join(dict.fromkeys([train.corpus, test.corpus])),
        "train": {"reviews": len(train), "sha256": train.sha256, **trained.data},
        "test": {"reviews": len(test), "sha256": test.sha256},
    }
    return Manifest(
        name=f"{KIND}-{recipe.name}",
        version=trained.version,
        kind=KIND,
        recipe={**asdict(recipe), "seed": trained.seed, "best_epoch": trained.best_epoch},
        data=data,
        serving=serving(trained),
        figures={
            "validation": {"accuracy": best["val_accuracy"], "log_loss": best["val_loss"]},
            "test": tested.figures.model_dump(),
            "onnx_against_keras": tested.parity,
            "epochs": trained.history,
            "calibration": asdict(calibration) if calibration is not None else None,
            "errors": asdict(tested.errors),
            **trained.figures,
        },
        environment=environment.describe(),
    )
