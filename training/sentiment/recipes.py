"""The recipes of sentiment models by name, and how each is trained."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from training.corpora.imdb import Reviews
from training.sentiment import lecture as sentiment
from training.sentiment.distillation import train as best
from training.sentiment.distillation.recipe import BEST
from training.sentiment.distillation.recipe import Recipe as BestRecipe
from training.sentiment.lecture import LECTURE
from training.sentiment.trained import Trained

Recipe = sentiment.Recipe | BestRecipe

RECIPES: Final[Mapping[str, Recipe]] = {recipe.name: recipe for recipe in (LECTURE, BEST)}


def reads_unlabelled(recipe: Recipe) -> bool:
    """Tell whether a recipe learns from reviews without labels too."""
    return isinstance(recipe, BestRecipe)


def train(recipe: Recipe, reviews: Reviews, unlabelled: Reviews | None, *, seed: int, checkpoint: Path) -> Trained:
    """Train a recipe.

    Args:
        recipe: What to train.
        reviews: The train split, or a sample of it.
        unlabelled: The unsup split, or a sample of it, for a recipe that reads it.
        seed: Seed of everything random.
        checkpoint: Folder for the state of the training; it is gone on from if it exists.

    Raises:
        training.interruption.Interrupted: A signal came; the state is saved.
    """
    if isinstance(recipe, BestRecipe):
        return best.train(recipe, reviews, unlabelled or Reviews([]), seed=seed, checkpoint=checkpoint)
    return sentiment.train(recipe, reviews, seed=seed, checkpoint=checkpoint)


def checkpoint_folder(parent: Path, recipe: Recipe, reviews: Reviews, unlabelled: Reviews | None, seed: int) -> Path:
    """Name the checkpoint of a training, so that only the very same one is resumed from it."""
    read = [split.sha256 for split in (reviews, unlabelled) if split is not None]
    identity: list[Any] = [asdict(recipe), *read, seed]
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()
    return parent / f"sentiment-{recipe.name}-{digest[:12]}"
