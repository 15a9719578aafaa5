"""Each recipe is trained by its own module."""

from training.checkpoint import Checkpoint
from training.corpora.imdb import Reviews
from training.sentiment import calibrated, lecture
from training.sentiment.data import TrainingData
from training.sentiment.general import train as general
from training.sentiment.general.corpora import FurtherCorpora
from training.sentiment.general.recipe import GeneralRecipe
from training.sentiment.recipes import LectureRecipe
from training.sentiment.trained import Trained


def train(recipe: LectureRecipe | GeneralRecipe, data: TrainingData, *, seed: int, checkpoint: Checkpoint) -> Trained:
    """Train a recipe.

    Args:
        recipe: What to train.
        data: All that it reads, by :func:`training.sentiment.data.load`, or a sample of it.
        seed: Seed of everything random.
        checkpoint: Where the state of the training is kept; it is gone on from if it exists.

    Raises:
        training.checkpoint.Interrupted: A signal came; the state is saved.
        training.checkpoint.CheckpointError: The checkpoint cannot be used.
    """
    if not isinstance(recipe, GeneralRecipe):
        return lecture.train(recipe, data.reviews, seed=seed, checkpoint=checkpoint.folder)
    unlabelled = data.unlabelled or Reviews([])
    further = data.further or FurtherCorpora([], [], [], [], [])
    made = general.make(recipe, data.reviews, unlabelled, further, seed=seed, checkpoint=checkpoint)
    return calibrated.trained(recipe, made, data, seed=seed)
