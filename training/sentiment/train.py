"""Each recipe is trained by its own module."""

from pathlib import Path

from training.corpora.imdb import Reviews
from training.sentiment import lecture
from training.sentiment.distillation import train as distillation
from training.sentiment.distillation.recipe import DistillationRecipe
from training.sentiment.recipes import LectureRecipe
from training.sentiment.trained import Trained


def train(
    recipe: LectureRecipe | DistillationRecipe,
    reviews: Reviews,
    unlabelled: Reviews | None,
    *,
    seed: int,
    checkpoint: Path,
) -> Trained:
    """Train a recipe.

    Args:
        recipe: What to train.
        reviews: The train split, or a sample of it.
        unlabelled: The unsup split, or a sample of it, for a recipe that reads it.
        seed: Seed of everything random.
        checkpoint: Folder for the state of the training; it is gone on from if it exists.

    Raises:
        training.checkpoint.Interrupted: A signal came; the state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    if isinstance(recipe, DistillationRecipe):
        return distillation.train(recipe, reviews, unlabelled or Reviews([]), seed=seed, checkpoint=checkpoint)
    return lecture.train(recipe, reviews, seed=seed, checkpoint=checkpoint)
