import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training import dataset
from training import cli
from training.commands import arguments
from training.sentiment import recipes
from training.sentiment.distillation.recipe import (
    BEST,
    Noise,
    ParagraphVectorsRecipe,
    StudentRecipe,
    WordVectorsRecipe,
)
from training.sentiment.recipes import LECTURE, LectureRecipe

TINY = replace(
    LECTURE,
    name="tiny",
    vocabulary_size=30,
    maxlen=12,
    embedding_dim=4,
    units=4,
    batch_size=8,
    epochs=2,
    learning_rate=0.3,
    validation=0.2,
)
TINY_BEST = replace(
    BEST,
    name="tiny-best",
    vocabulary_size=40,
    maxlen=12,
    validation=0.2,
    folds=2,
    word_vectors=WordVectorsRecipe(vector_size=4, epochs=1),
    paragraph_vectors=ParagraphVectorsRecipe(vector_size=4, min_count=1, epochs=1),
    assistants=((StudentRecipe(units=2, epochs=1, noise=Noise(), seed=1, batch_size=512),),),
    student=StudentRecipe(units=3, epochs=2, noise=Noise(), seed=2, batch_size=512),
)


class Workplace:
    """A root folder of its own for the commands: its data, its cache, and only the recipes `tiny` and `tiny-best`."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.data = dataset.write_parquet(root / "data")
        self.model = root / "models" / "sentiment-tiny"
        self.sample = root / "build" / "sentiment-tiny"
        self.checkpoints = root / "cache" / "sentiment-service" / "checkpoints"
        patch.setenv("XDG_CACHE_HOME", str(root / "cache"))
        patch.setattr(arguments, "ROOT", root)
        patch.setattr(recipes, "RECIPES", {recipe.name: recipe for recipe in (TINY, TINY_BEST)})

    def train(self, *arguments: str) -> int:
        """Run `python -m training sentiment` in here, in this process."""
        return cli.main(["sentiment", "--recipe", "tiny", "--data", str(self.data), *arguments])


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A shell has what it starts in the background ignore SIGINT, and Python leaves it at that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def recipe() -> LectureRecipe:
    return TINY


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    return Workplace(tmp_path, monkeypatch)


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder that one run of the command wrote; not to be changed."""
    with pytest.MonkeyPatch.context() as patch:
        workplace = Workplace(tmp_path_factory.mktemp("trained"), patch)
        assert workplace.train() == 0
    return workplace.model
