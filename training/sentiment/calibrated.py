"""From the network that the recipe ``best`` gives to a model: its temperature, and its figures but those on test."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.sentiment.attribution import COUNTED_WINDOWS
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

VERSION: Final = "2.3.0"


def trained(recipe: GeneralRecipe, general: General, data: TrainingData, *, seed: int) -> Trained:
    """Calibrate the network, and measure it on the development sets and for bias.

    Args:
        recipe: How it came about.
        general: The network and its development sets.
        data: What it was made from.
        seed: With this seed.
    """
    sets = general.development
    answers = {one.name: _answers(recipe, general, one.texts) for one in sets}
    calibration = _calibrate(general, answers)
    probabilities = {name: found.scaled(calibration) for name, found in answers.items()}
    measured = [SetFigures.of(one, one.chosen(probabilities[one.name], LABELS)) for one in sets]
    kinds = [development.by_kind(one, probabilities[one.name]) for one in sets if one.name == EVERYDAY]
    audit = bias.audit(
        lambda texts: _answers(recipe, general, texts).scaled(calibration),
        LABELS,
        lambda text: general.tokenizer.encode(text).unknown,
    )
    return Trained(
        recipe=recipe,
        seed=seed,
        tokenizer=general.tokenizer,
        model=general.network.serving_model(recipe.maxlen, calibration.applied, calibration.applied_power),
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


@dataclass(frozen=True)
class _Answers:
    """What the network gives for texts.

    Attributes:
        logits: Of all labels, before any temperature; shape (n, 3).
        tokens: How many count of each text where its temperature depends on that, shape (n,).
    """

    logits: NDArray[np.float64]
    tokens: NDArray[np.intp]

    def scaled(self, calibration: Calibration) -> NDArray[np.float64]:
        """Return the probabilities, with what the calibration uses; shape (n, 3)."""
        return scaled(self.logits, calibration.divisors(self.tokens))


def _answers(recipe: GeneralRecipe, general: General, texts: Sequence[str]) -> _Answers:
    ids = [encoded(general.tokenizer, text) for text in texts]
    most = min(recipe.maxlen, COUNTED_WINDOWS * (general.network.window or recipe.maxlen))
    # The start id is in front of each.
    tokens = np.array([min(len(one) + 1, most) for one in ids], np.intp)
    return _Answers(logits_of(inference.probabilities(general.network, ids, recipe.maxlen)), tokens)


def _calibrate(general: General, answers: dict[str, _Answers]) -> Calibration:
    held_out = [one for one in general.development if not one.written]
    scored = {
        one.name: Scored(
            answers[one.name].logits[:, [LABELS.index(label) for label in one.among]],
            one.labels,
            folds_of(one.texts),
            None if general.network.window is None else answers[one.name].tokens,
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
