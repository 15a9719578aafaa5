"""From the network that the recipe ``best`` gives to a model: its temperature, and its figures but those on test."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.sentiment.data import TrainingData
from training.sentiment.distillation import inference
from training.sentiment.distillation.corpus import encoded
from training.sentiment.evaluation import bias, development
from training.sentiment.evaluation.calibration import Calibration, Scored, calibrate, folds_of, logits_of, scaled
from training.sentiment.evaluation.development import EVERYDAY, SetFigures
from training.sentiment.general import corpora
from training.sentiment.general.recipe import (
    EDITED,
    EMOTIONS,
    LABELS,
    PRODUCTS,
    TREEBANK,
    WRITTEN,
    GeneralRecipe,
)
from training.sentiment.general.train import General
from training.sentiment.recipes import SPLIT_SEED
from training.sentiment.trained import Trained

VERSION: Final = "2.1.0"


def trained(recipe: GeneralRecipe, general: General, data: TrainingData, *, seed: int) -> Trained:
    """Calibrate the network, and measure it on the development sets and for bias.

    Args:
        recipe: How it came about.
        general: The network and its development sets.
        data: What it was made from.
        seed: With this seed.
    """
    sets = general.development
    logits = {one.name: _logits(recipe, general, one.texts) for one in sets}
    calibration = _calibrate(general, logits)
    divisor = calibration.applied
    probabilities = {name: scaled(found, divisor) for name, found in logits.items()}
    measured = [SetFigures.of(one, one.chosen(probabilities[one.name], LABELS)) for one in sets]
    kinds = [development.by_kind(one, probabilities[one.name]) for one in sets if one.name == EVERYDAY]
    audit = bias.audit(
        lambda texts: scaled(_logits(recipe, general, texts), divisor),
        LABELS,
        lambda text: general.tokenizer.encode(text).unknown,
    )
    return Trained(
        recipe=recipe,
        seed=seed,
        tokenizer=general.tokenizer,
        model=general.network.serving_model(recipe.maxlen, divisor),
        history=general.history,
        best_epoch=len(general.history),
        data=_data(recipe, data),
        figures={
            "network": {
                "vocabulary_size": general.tokenizer.vocabulary_size,
                "dimensions": general.network.embedding.output_dim,
            },
            "teachers": general.teachers,
            "development": [asdict(one) for one in measured],
            "everyday": [asdict(group) for groups in kinds for group in groups],
            "bias": [asdict(axis) for axis in audit],
        },
        labels=LABELS,
        calibration=calibration,
        version=VERSION,
    )


def _logits(recipe: GeneralRecipe, general: General, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the logits of all labels, before any temperature; shape (n, 3)."""
    ids = [encoded(general.tokenizer, text) for text in texts]
    return logits_of(inference.probabilities(general.network, ids, recipe.maxlen))


def _calibrate(general: General, logits: dict[str, NDArray[np.float64]]) -> Calibration:
    held_out = [one for one in general.development if not one.written]
    scored = {
        one.name: Scored(
            logits[one.name][:, [LABELS.index(label) for label in one.among]], one.labels, folds_of(one.texts)
        )
        for one in held_out
    }
    # The part of a set would count twice.
    return calibrate(scored, [one.name for one in held_out if one.part_of is None])


def _data(recipe: GeneralRecipe, data: TrainingData) -> dict[str, Any]:
    """Say how many texts were learnt from and how many were held out, by corpus."""
    further, unlabelled = data.further, data.unlabelled
    kept, held_out = data.reviews.split_by_movie(recipe.films.validation, SPLIT_SEED)
    found: dict[str, Any] = {"training": len(kept), "validation": len(held_out)}
    if unlabelled is not None:
        found["unlabelled"] = {"reviews": len(unlabelled), "sha256": unlabelled.sha256}
    if further is None:
        return found
    # Reviews whose edited copies are measured with are not learnt from.
    left_out = {pair.imdb_id for pair in further.pairs if pair.split == "dev"}
    found["training"] = sum(row.id not in left_out for row in kept.rows)
    side, other = corpora.split(further, frozenset(held_out.movies), recipe.held_out_products)
    sizes = {
        TREEBANK: (len(side.phrases), len(other.phrases)),
        EDITED: (len(side.pairs), len(other.pairs)),
        PRODUCTS: (len(side.products), len(other.products)),
        EMOTIONS: (len(side.comments), len(other.comments)),
        WRITTEN: (len(further.written), 0),
    }
    found["corpora"] = {
        name: {"training": 0 if name in recipe.without else training, "validation": validation, "sha256": checksum}
        for (name, (training, validation)), checksum in zip(sizes.items(), further.sha256.values(), strict=True)
    }
    return found
