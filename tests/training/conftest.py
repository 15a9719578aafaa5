import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import made_once
from tests.training import dataset
from tests.training.sentiment.general import tiny
from tests.training.sentiment.general.tiny import TINY_BEST
from training import cli
from training.commands import arguments
from training.sentiment import recipes
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


class Workplace:
    """A root folder of its own for the commands: its data, its cache, and only the recipes `tiny` and `tiny-best`."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.data = dataset.write_parquet(root / "data")
        self.corpora = tiny.write(root / "corpora")
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

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            workplace = Workplace(tmp_path_factory.mktemp("trained"), patch)
            assert workplace.train() == 0
        shutil.copytree(workplace.model, folder / workplace.model.name)

    return made_once(tmp_path_factory, "trained-models", make) / "sentiment-tiny"
